"""Laws of what a record keeps beside its points: at any moment it says what the points themselves say."""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from records.glances import ACTIONS, assert_the_glance_agrees, last_steps, trace

from surefoot.records import coarse, cover
from surefoot.records.database import Database
from surefoot.records.folder import RunFolder
from surefoot.records.journal import Journal
from surefoot.records.reading import read
from surefoot.records.store import Batch
from surefoot.trace import SCHEMA, Series, Trace

STORES = {"sqlite": Database, "jsonl": Journal}


@pytest.mark.parametrize("form", STORES)
@given(ACTIONS)
def test_whatever_is_told_rewound_and_resumed_the_glance_agrees_with_the_points(form, actions):
    with tempfile.TemporaryDirectory() as place, patch.object(cover, "POINTS", 20):
        folder, told = Path(place), []
        (folder / "meta.json").write_text(json.dumps({"schema": SCHEMA, "name": "x", "begun": "2026-01-01"}))
        store = STORES[form](folder)
        for time, action in enumerate(actions, 1):
            if isinstance(action, list):
                last = last_steps(told)
                pieces = [trace(piece, last) for piece in action]
                store.write(Batch(float(time), pieces))
                told += pieces
            elif isinstance(action, float):
                del told[int(action * len(told)) :]
                store.rewind(len(told), 0)
            else:
                store.close()
                store = STORES[form](folder)
            assert store.told == len(told)
            assert_the_glance_agrees(folder)
        store.close()


def long_run(runs, form, steps=70_000):
    """A run that is long enough for every level and for a cover."""
    rng = np.random.default_rng(0)
    with RunFolder.made(runs, "long", {}, form) as folder:
        for first in range(0, steps, 1000):
            folder.tell(Trace({"penalty": Series(range(first, first + 1000), rng.standard_normal(1000))}))
        folder.close({"ended": "finished"})
    return folder.path


def test_a_long_journal_has_covers_that_agree(tmp_path):
    path = long_run(tmp_path, "jsonl")
    assert_the_glance_agrees(path)
    begun = [line[:9] for line in (path / "journal.jsonl").read_bytes().splitlines()]
    assert begun.count(b'{"covers"') == 1


def test_the_rows_of_a_long_run_are_few(tmp_path):
    path = long_run(tmp_path, "sqlite")
    assert_the_glance_agrees(path)
    with closing(sqlite3.connect(path / "run.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM coarse").fetchone()[0] == 274 + 18 + 2


def test_a_run_that_was_begun_before_there_were_coarse_rows_has_them_when_it_goes_on(tmp_path):
    path = long_run(tmp_path, "sqlite", 3000)
    with closing(sqlite3.connect(path / "run.sqlite")) as database:
        database.execute("DROP TABLE coarse")
        assert not coarse.is_there(database)
    with RunFolder.opened(path) as again:
        again.tell(Trace({"penalty": Series([3000], [0.5])}))
    assert_the_glance_agrees(path)


@pytest.mark.parametrize("form", STORES)
def test_values_whose_sum_no_float_holds_end_no_record(tmp_path, form):
    with patch.object(cover, "POINTS", 20), RunFolder.made(tmp_path, "x", {}, form) as folder:
        for first in range(0, 100, 10):
            folder.tell(Trace({"penalty": Series(range(first, first + 10), [1.5e308, -1e308] * 5)}))
            folder.tell(Trace({"penalty": Series(range(first + 10, first + 10), [])}))
        folder.flush()
        assert folder.fault is None
        assert len(read(folder.path)["penalty"]) == 100


def test_many_small_pieces_are_covered_as_a_few_large_ones_are(tmp_path):
    with patch.object(cover, "POINTS", 500):
        store = Journal(tmp_path)
        for step in range(0, 2600, 2):
            values = [float(step), np.nan]
            store.write(Batch(1.0, [Trace({"penalty": Series([step, step + 1], values)})]))
    (tmp_path / "meta.json").write_text(json.dumps({"schema": SCHEMA, "name": "x", "begun": "2026-01-01"}))
    assert_the_glance_agrees(tmp_path)
    assert (tmp_path / "journal.jsonl").read_bytes().count(b'{"covers":') == 5


def test_a_batch_that_fails_leaves_points_and_rows_as_they_were(tmp_path):
    path = long_run(tmp_path, "sqlite", 3000)
    store = Database(path)
    bad = Trace({"penalty": Series([3000], [0.5])}, ("no event",))
    with pytest.raises(AttributeError):
        store.write(Batch(1.0, [bad]))
    store.close()
    assert_the_glance_agrees(path)
    assert store.told == 3


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"covers": 3, "at": 0, "last": 0.0, "columns": {}, "events": []},
        {"covers": [0, 1], "at": 0, "last": 0.0, "columns": [], "events": []},
        {"covers": [0, 1], "at": 0, "last": 0.0, "columns": {"a": [0, 1, "*", "", "", "", "", ""]}, "events": []},
        {"covers": [0, 1], "at": 0, "last": 0.0, "columns": {"a": [0, 1]}, "events": []},
        {"covers": [0, 1], "at": 0, "last": 0.0, "columns": {"a": [0, 0, "AAAAAAAAAAA=", "", "", "", "", ""]}, "events": []},
        {"covers": [0, 1], "at": 0, "last": 0.0, "columns": {}, "events": [[1]]},
    ],
)  # fmt: skip
def test_a_line_that_holds_no_cover_is_none(line):
    assert cover.read_cover(line) is None
