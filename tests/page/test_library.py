"""Laws of the list of runs: looked up by name alone; what is deleted comes back, what runs is not deleted."""

import os
import socket

import pytest
from page.shelves import begun, finished, go_on

from surefoot.errors import InvalidValue
from surefoot.page.bin import NAME, Bin
from surefoot.page.library import Library, tried
from surefoot.records.shelf import runs
from surefoot.records.titles import LONGEST, retitle, title_of


def test_a_run_is_found_by_its_name_and_by_nothing_else(tmp_path):
    shelf = tmp_path / "runs"
    path, outside = finished(shelf), finished(tmp_path)
    library = Library(shelf)
    assert library.find(path.name).facts.path == path
    for name in ("", ".", "..", f"../{outside.name}", str(path), f"./{path.name}", path.name + "/", path.name[:12]):
        assert library.find(name) is None


def test_a_run_that_goes_on_is_read_again(tmp_path):
    with begun(tmp_path) as folder:
        library = Library(tmp_path)
        go_on(folder, 0, 10)
        assert library.runs()[0].facts.steps == 10
        go_on(folder, 10, 30)
        assert (library.runs()[0].facts.steps, library.runs()[0].facts.state) == (30, "running")


def test_a_run_that_was_killed_is_no_longer_running(tmp_path):
    folder = begun(tmp_path)
    library = Library(tmp_path)
    assert library.runs()[0].facts.state == "running"
    folder.close()
    assert library.runs()[0].facts.state == "killed"


def test_a_title_stands_beside_the_record_and_is_taken_back(tmp_path):
    path = finished(tmp_path)
    assert retitle(path, "  My   best run ") == ""
    assert title_of(path) == Library(tmp_path).runs()[0].title == "My best run"
    assert retitle(path, "") == "My best run"
    assert Library(tmp_path).runs()[0].title == "digits"
    assert [each.name for each in path.iterdir() if each.name.startswith("title")] == []


@pytest.mark.parametrize("title", ["x" * (LONGEST + 1), "a\x1b[31m"])
def test_a_title_that_cannot_be_shown_is_refused(tmp_path, title):
    with pytest.raises(InvalidValue, match="printable"):
        retitle(finished(tmp_path), title)


def test_what_is_deleted_is_gone_from_the_list_and_comes_back_whole(tmp_path):
    path = finished(tmp_path)
    held = sorted(each.name for each in path.iterdir())
    bin_ = Bin(tmp_path)
    bin_.take(path)
    assert (runs(tmp_path), Library(tmp_path).runs()) == ([], [])
    assert bin_.give_back(path.name) == path
    assert sorted(each.name for each in path.iterdir() if each.name != "lock") == held
    assert Library(tmp_path).find(path.name).facts.state == "finished"
    with pytest.raises(InvalidValue, match="no deleted run"):
        bin_.give_back(path.name)


def test_a_run_that_goes_on_is_not_deleted(tmp_path):
    with begun(tmp_path) as folder:
        with pytest.raises(InvalidValue, match="running"):
            Bin(tmp_path).take(folder.path)
        assert folder.path.exists()


def test_the_bin_is_emptied_at_the_end_and_one_of_a_killed_session_is_found_again(tmp_path):
    one, other = finished(tmp_path, "one"), finished(tmp_path, "other")
    left = tmp_path / f"{NAME}-{socket.gethostname()}-{2**22 + 1}"  # above the highest pid of Linux
    left.mkdir()
    one.rename(left / one.name)
    bin_ = Bin(tmp_path)
    bin_.take(other)
    bin_.empty()
    assert bin_.give_back(one.name).exists()
    with pytest.raises(InvalidValue):
        bin_.give_back(other.name)
    assert not (tmp_path / f"{NAME}-{socket.gethostname()}-{os.getpid()}").exists()


def test_what_a_search_has_tried_is_read_and_a_torn_line_passed_over(tmp_path):
    line = '{"candidate": {"rule": "muon", "decay": 0.1, "step_size": 0.01, "length": 5, "line": 0, "notch": 0}, "penalty": %s, "taken": 5}\n'
    (tmp_path / "search.jsonl").write_text('{"steps": 400}\n' + line % "2.5" + line % '"inf"' + line[:40])
    assert [each["penalty"] for each in tried(tmp_path)] == [2.5, None]


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_a_run_that_goes_on_is_known_as_the_shelf_knows_it(tmp_path, form):
    with begun(tmp_path, form=form) as folder:
        library = Library(tmp_path)
        for first, end in ((0, 0), (0, 10), (10, 25)):
            if end:
                go_on(folder, first, end)
            assert str(library.find(folder.path.name).facts) == str(runs(tmp_path)[0])
