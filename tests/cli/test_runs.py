"""Laws of `surefoot runs`: the list, one run, several side by side, deleting, exporting; and its quick start."""

import csv
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

import surefoot
from surefoot.cli import FINISHED, INTERRUPTED, WRONG, main
from surefoot.records.folder import RunFolder
from surefoot.records.shelf import runs
from surefoot.trace import LAYER_UNITS, Event, Series, Trace


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch):
    """Stand in an empty folder, which has the runs' folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUREFOOT_RUNS", "kept")
    return tmp_path / "kept"


def made(shelf, name, seed=0, ended="finished", penalty=0.5, form="sqlite"):
    """Make a run that has ended."""
    meta = {"settings": {"seed": seed, "rule": "muon"}, "versions": {"surefoot": "0"}}
    with RunFolder.made(shelf, name, meta, form) as folder:
        folder.begin_layers(["weight"], list(LAYER_UNITS))
        folder.layers(0, [[1.0, 2.0, 0.5, 0.0, 0.25]])
        events = (Event(2, "best", "the best so far"), Event(2, ended, "all 2 steps\nwere taken"))
        series = {"penalty": Series([0, 1], [2.5, 1.5]), "validation_penalty": Series([2], [penalty])}
        folder.tell(Trace(series, events))
        best = {"validation_penalty": penalty, "accuracy": 0.75}
        if ended:
            folder.close({"ended": ended, "step": 2, "best_step": 2, "best": best, "seconds": 1.25, "reason": "well"})
    return folder.path


def command(capsys, *arguments):
    """Run `surefoot runs` here; return its exit code and its two outputs."""
    code = main(["runs", *arguments])
    return code, *capsys.readouterr()


def test_the_list_has_a_line_for_each_run(shelf, capsys):
    made(shelf, "One"), made(shelf, "two", ended="failed"), made(shelf, "three", ended="")
    code, out, err = command(capsys)
    head, *lines = out.splitlines()
    assert (code, err) == (FINISHED, "")
    assert head.split() == ["name", "begun", "state", "steps", "best", "validation", "folder"]
    assert [line.split()[0] for line in lines] == ["One", "two", "three"]
    assert [line.split()[3:6] for line in lines] == [[s, "2", "0.5"] for s in ("finished", "failed", "killed")]
    assert [line.split()[-1] for line in lines] == [each.path.name for each in runs(shelf)]


def test_a_run_is_called_by_its_title_once_it_has_one(shelf, capsys):
    first, _ = made(shelf, "x"), made(shelf, "x")
    assert command(capsys, "rename", first.name, "the  first") == (FINISHED, f"{first.name}: the first\n", "")
    _, out, _ = command(capsys)
    assert [line.endswith("  the first") for line in out.splitlines()[1:]] == [True, False]
    assert json.loads(command(capsys, "show", "the first", "--json")[1])["path"].endswith(first.name)
    assert command(capsys, "show", first.name)[1].split()[:3] == ["title", "the", "first"]
    told = json.loads(command(capsys, "rename", "the first", "", "--json")[1])
    assert told == {"path": f"kept/{first.name}", "title": "", "before": "the first"}
    code, out, err = command(capsys, "rename", first.name, "x" * 121)
    assert (code, out) == (WRONG, "")
    assert "give 120 at most" in err


def test_a_folder_without_runs_says_so(capsys):
    assert command(capsys) == (FINISHED, "no runs in kept\n", "")
    assert json.loads(command(capsys, "--json")[1]) == {"runs": []}


def test_the_folder_can_be_named_before_and_after_the_command(shelf, capsys):
    made(shelf.parent / "other", "one")
    for arguments in (("--runs", "other", "show", "one"), ("show", "one", "--runs", "other")):
        assert command(capsys, *arguments)[0] == FINISHED
    assert command(capsys, "show", "one")[0] == WRONG


def test_one_run_is_shown_with_what_it_was_run_with_and_what_happened(shelf, capsys):
    path = made(shelf, "one", seed=7)
    code, out, err = command(capsys, "show", "one")
    assert (code, err) == (FINISHED, "")
    for words in ("finished", "well", "1.2 s", "best accuracy", "0.75", str(path.name), "rule", "muon", "seed", "7"):
        assert words in out
    assert out.splitlines()[-1].split() == ["2", "finished", "all", "2", "steps", "were", "taken"]


def test_a_run_is_meant_by_its_path_its_folder_a_beginning_or_its_name(shelf, capsys):
    first, last = made(shelf, "one"), made(shelf, "one")
    for word, path in ((str(first), first), (first.name, first), ("one", last)):
        assert Path(json.loads(command(capsys, "show", word, "--json")[1])["path"]).name == path.name
    code, _, err = command(capsys, "show", first.name[:4])
    assert (code, err.count("\n")) == (WRONG, 1)
    assert "is the beginning of 2 runs; write more of" in err


def test_runs_are_compared_where_their_settings_differ(shelf, capsys):
    paths = [made(shelf, "one", seed=1, penalty=0.5), made(shelf, "two", seed=2, penalty=0.25)]
    code, out, err = command(capsys, "compare", "one", "two")
    assert (code, err) == (FINISHED, "")
    assert out.splitlines()[0].split() == [path.name for path in paths]
    assert "muon" not in out
    assert any(line.split() == ["seed", "1", "2"] for line in out.splitlines())
    assert any(line.split() == ["validation", "penalty", "0.5", "0.25"] for line in out.splitlines())
    found = json.loads(command(capsys, "compare", "one", "two", "--json")[1])
    assert found["settings"] == {"seed": [1, 2]}
    assert found["outcomes"]["accuracy"] == [0.75, 0.75]


def test_runs_with_the_same_settings_are_said_to_be(shelf, capsys):
    made(shelf, "one"), made(shelf, "two")
    assert "none differs" in command(capsys, "compare", "one", "two")[1]


def test_a_run_is_deleted_when_one_says_so(shelf, capsys, monkeypatch):
    path = made(shelf, "one")
    code, out, err = command(capsys, "delete", "one")
    assert (code, out) == (WRONG, "")
    assert "give --yes" in err
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert command(capsys, "delete", "one")[0] == INTERRUPTED
    assert path.exists()
    assert command(capsys, "delete", "one", "--yes")[:2] == (FINISHED, f"deleted {Path('kept') / path.name}\n")
    assert not path.exists()


def test_a_run_that_is_running_is_not_deleted(shelf, capsys):
    done = made(shelf, "done")
    with RunFolder.made(shelf, "busy", {}) as folder:
        code, _, err = command(capsys, "delete", "done", "busy", "--yes")
        assert code == WRONG
        assert "is running; stop it first" in err
        assert done.exists()
        assert folder.path.exists()


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_a_run_is_exported(shelf, capsys, form):
    made(shelf, "one", form=form)
    files = {"csv": ["series.csv", "events.csv", "layers.csv"], "jsonl": ["run.jsonl"], "tensorboard": ["events.out"]}
    for kind, names in files.items():
        code, out, err = command(capsys, "export", "one", "--to", kind, "-o", kind)
        assert (code, err) == (FINISHED, "")
        assert [Path(line).name[: len(name)] for line, name in zip(out.splitlines(), names, strict=True)] == names
    with Path("csv/series.csv").open() as file:
        assert [*csv.DictReader(file)][-1] == {"step": "2", "penalty": "", "validation_penalty": "0.5"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nosuch"), "has no run 'nosuch'; it has runs of one"),
        (("show", ""), "has no run ''"),
        (("show",), "RUN"),
        (("compare", "one"), "name two at least"),
        (("compare", "one", "nosuch"), "has no run 'nosuch'"),
        (("delete", "one", "nosuch", "--yes"), "has no run 'nosuch'"),
        (("export", "one", "--to", "xlsx", "-o", "a"), "--to is 'xlsx'; it is one of csv, jsonl, tensorboard"),
        (("export", "one", "--to", "csv", "-o", "kept"), "'kept' is not empty"),
        (("export", "one", "--to", "csv", "-o", "file"), "'file' cannot be written"),
        (("nosuch",), "nosuch"),
    ],
)
def test_a_mistake_is_one_sentence(shelf, capsys, arguments, words):
    made(shelf, "one")
    Path("file").write_text("")
    code, out, err = command(capsys, *arguments)
    assert words in err
    assert (code, out, err.count("\n")) == (WRONG, "", 1)
    assert err.startswith("surefoot: ")
    assert len(runs(shelf)) == 1


def test_it_starts_without_torch_and_its_help_without_numpy(shelf):
    made(shelf, "one")
    code = (
        "import sys; from surefoot.cli import main\n"
        "code = main(['runs', '--help']) or main(['runs', 'delete', '--help'])\n"
        "heavy = {'torch', 'numba', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "code = code or main(['runs']) or main(['runs', 'show', 'one']) or main(['runs', 'compare', 'one', 'one'])\n"
        "heavy |= {'torch', 'numba', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=found)
    assert ran.returncode == 0, ran.stderr
    assert "Exit codes: 0 done" in ran.stdout
