"""Laws of the shelf, on which all runs stand."""

from math import isnan, nan

import pytest

from surefoot.errors import InvalidValue
from surefoot.records.folder import RunFolder
from surefoot.records.shelf import delete, facts, latest, runs
from surefoot.trace import Event, Series, Trace

CHECKED = Trace(
    {"penalty": Series(range(20), [0.5] * 20), "validation_penalty": Series([10, 20], [0.25, 0.75])},
    (Event(10, "best", "the best so far"),),
)


@pytest.fixture(params=["sqlite", "jsonl"])
def form(request):
    return request.param


@pytest.mark.parametrize("ended", ["finished", "stopped", "diverged", "interrupted", "failed"])
def test_a_run_that_ended_says_how(tmp_path, form, ended):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.close({"ended": ended, "step": 7, "best": {"validation_penalty": 0.5, "accuracy": 0.9}})
    (found,) = runs(tmp_path)
    assert (found.path, found.name, found.state, found.steps, found.best) == (folder.path, "x", ended, 7, 0.5)


def test_a_run_that_did_not_say_how_it_ended_is_running_or_was_killed(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.tell(CHECKED)
        folder.flush()
        assert facts(folder.path).state == "running"
    found = facts(folder.path)
    assert (found.state, found.steps, found.best) == ("killed", 20, 0.25)


def test_a_run_without_validation_has_no_best(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.tell(Trace({"penalty": Series([0], [nan])}))
        folder.close({"ended": "finished", "step": 1, "best": {}})
    found = facts(folder.path)
    assert isnan(found.best)
    assert found.to_json()["best"] is None


def test_a_run_that_was_killed_before_it_had_a_log_stands_there_and_can_be_gone_on_with(tmp_path):
    with RunFolder.made(tmp_path, "x", {}, "sqlite") as folder:
        pass
    (folder.path / "run.sqlite").unlink()
    (found,) = runs(tmp_path)
    assert (found.state, found.steps) == ("killed", 0)
    with RunFolder.opened(folder.path) as again:
        again.tell(CHECKED)
    assert facts(folder.path).steps == 20


def test_runs_stand_in_the_order_in_which_they_began(tmp_path):
    for name in ("one", "two", "one", "three"):
        RunFolder.made(tmp_path, name, {}).close({"ended": "finished"})
    assert [each.name for each in runs(tmp_path)] == ["one", "two", "one", "three"]
    assert latest(tmp_path).name == "three"
    assert latest(tmp_path, "one") == runs(tmp_path)[2]
    assert latest(tmp_path, "four") is None


def test_what_is_no_run_is_passed_over(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "empty").mkdir()
    for name, text in {"torn": "{", "list": "[]", "other": '{"name": "x"}'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "meta.json").write_text(text)
    assert runs(tmp_path) == []
    assert runs(tmp_path / "nothing") == []


def test_a_run_is_deleted_unless_it_runs(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        with pytest.raises(InvalidValue, match="is running; stop it first"):
            delete(folder.path)
        folder.tell(CHECKED)
    delete(folder.path)
    assert runs(tmp_path) == []
    assert not folder.path.exists()


def test_what_is_no_run_is_not_deleted(tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(InvalidValue, match="holds no run"):
        delete(tmp_path)
    assert (tmp_path / "mine").exists()
