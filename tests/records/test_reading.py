"""Laws of reading: whoever wrote it, in whatever state it is, nothing is written."""

import json
import shutil
import sqlite3
from contextlib import closing
from math import nan

import numpy as np
import pytest

from surefoot.errors import InvalidValue
from surefoot.records import reading
from surefoot.records.folder import RunFolder
from surefoot.records.reading import read, read_layers, read_progress
from surefoot.records.shelf import facts
from surefoot.trace import Event, Series, Trace

FIRST = """
CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE point (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series, step INTEGER NOT NULL, value REAL, t REAL NOT NULL);
CREATE INDEX point_by_step ON point (series, step);
CREATE TABLE event (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, t REAL NOT NULL);
INSERT INTO series VALUES (1, 'penalty'), (2, 'validation_penalty');
INSERT INTO point VALUES (1, 1, 0, 2.5, 0.0), (2, 1, 1, NULL, 0.0), (3, 2, 2, 0.75, 0.0);
INSERT INTO event VALUES (1, 2, 'best', 'the best so far', 0.0);
"""
"""What version 1 wrote, as it wrote it."""


@pytest.fixture
def first(tmp_path):
    """A run's folder as version 1 left it."""
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database:
        database.executescript(FIRST)
    meta = {"schema": 1, "name": "old", "begun": "2026-11-20T10:00:00+00:00", "ended": None}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    return tmp_path


def test_a_record_of_version_1_is_read(first):
    trace = read(first)
    np.testing.assert_array_equal(trace["penalty"].values, [2.5, nan])
    assert trace.events == (Event(2, "best", "the best so far"),)
    assert read_layers(first) is None
    found = facts(first)
    assert (found.state, found.steps, found.best) == ("killed", 2, 0.75)


def test_a_record_of_version_1_is_not_gone_on_with(first):
    with pytest.raises(InvalidValue, match="written by an older surefoot"):
        RunFolder.opened(first)


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_reading_changes_no_file(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.begin_layers(["w"], ["a"])
        folder.tell(Trace({"penalty": Series([0], [1.0])}))
        folder.layers(0, [[1.0]])
        folder.close({"ended": "finished"})

    def files():
        return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.path.iterdir()}

    before = files()
    assert (len(read(folder.path)["penalty"]), read_progress(folder.path)[0]) == (1, 1)
    assert read_layers(folder.path).names == ("w",)
    assert files() == before


def test_a_killed_record_that_sqlite_cannot_open_in_its_place_is_read_from_a_copy(tmp_path, monkeypatch):
    """As on a disk that may not be written, where SQLite cannot make the file that it shares with other readers."""
    with RunFolder.made(tmp_path, "x", {}, "sqlite") as folder:
        folder.tell(Trace({"penalty": Series([0], [1.0])}))
        folder.flush()
        killed = tmp_path / "killed"
        shutil.copytree(folder.path, killed)
    (killed / "run.sqlite-shm").unlink()
    real = reading._opened
    monkeypatch.setattr(reading, "_opened", lambda file: None if file.parent == killed else real(file))
    assert len(read(killed)["penalty"]) == 1
    assert not (killed / "run.sqlite-shm").exists()


@pytest.mark.parametrize("content", [b"", b"no database at all, but as long as a header of one would have to be" * 30])
def test_a_log_that_is_none_is_one_sentence(tmp_path, content):
    with RunFolder.made(tmp_path, "x", {}, "sqlite") as folder:
        pass
    (folder.path / "run.sqlite").write_bytes(content)
    with pytest.raises(InvalidValue, match="holds no log that can be read"):
        read(folder.path)
    (folder.path / "run.sqlite").unlink()
    with pytest.raises(InvalidValue, match="holds no log that can be read"):
        read(folder.path)


def test_a_line_that_a_kill_has_torn_is_passed_over_and_nothing_after_it_is_lost(tmp_path):
    with RunFolder.made(tmp_path, "x", {}, "jsonl") as folder:
        folder.tell(Trace({"penalty": Series([0], [1.0])}))
    with (folder.path / "journal.jsonl").open("a") as file:
        file.write('{"t":1.0,"pieces":[{"series":{"penalty":[[1],[0')
    assert read(folder.path)["penalty"].steps.tolist() == [0]
    with RunFolder.opened(folder.path) as again:
        again.tell(Trace({"penalty": Series([2], [1.0])}))
    assert read(folder.path)["penalty"].steps.tolist() == [0, 2]
