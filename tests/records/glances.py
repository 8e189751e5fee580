"""What a record says of its points at a glance, held against the points themselves."""

import json
import sqlite3
from contextlib import closing

import numpy as np
from hypothesis import strategies as st

from surefoot.records import coarse, cover
from surefoot.records.buckets import of_points
from surefoot.records.journal import pieces_in
from surefoot.records.reading import read
from surefoot.trace import Event, Series, Trace, joined

GAPS = st.sampled_from([0, 0, 1, 1, 1, 1, 3, 100, 300, 5000, 70_000])
"""Steps between a point and the next: several at one step, and some in another bucket of every level."""

VALUES = st.floats(-1e9, 1e9) | st.sampled_from([np.nan, np.inf, -np.inf])
COLUMN = st.lists(st.tuples(GAPS, VALUES), max_size=12)
PIECE = st.dictionaries(st.sampled_from(["penalty", "accuracy"]), COLUMN, min_size=1)
ACTIONS = st.lists(
    st.lists(PIECE, min_size=1, max_size=4) | st.floats(0.0, 1.0) | st.just("opened again"), min_size=1, max_size=8
)
"""Batches of pieces, rewinds to a share of what was told, and restarts."""


def trace(piece, last):
    """A piece of which each column goes on where it was."""
    series = {}
    for name, column in piece.items():
        steps = last.get(name, 0) + np.cumsum([gap for gap, _ in column], dtype=np.int64)
        series[name] = Series(steps, [value for _, value in column])
        last[name] = int(steps[-1]) if len(steps) else last.get(name, 0)
    return Trace(series, (Event(max(last.values()), "seen", "seen"),))


def last_steps(pieces):
    """The last step of each column."""
    found = joined(pieces)
    return {name: int(each.steps[-1]) for name, each in found.series.items() if len(each)}


def assert_same(found, series, level):
    """Buckets hold what the points make: exactly, but for the mean, which is within 1e-12 of the largest value."""
    made = of_points(series.steps, series.values, level)
    assert found.level == level
    for name in ("ids", "counts", "bad"):
        assert getattr(found, name).tolist() == getattr(made, name).tolist()
    for name in ("least", "greatest"):
        np.testing.assert_array_equal(getattr(found, name), getattr(made, name))
    size = np.fmax(np.abs(made.least), np.abs(made.greatest))
    off = np.abs(found.mean - made.mean)[made.counts > 0]
    assert np.all(off <= 1e-12 * size[made.counts > 0])
    assert np.all(np.isnan(found.mean[made.counts == 0]))


def assert_the_glance_agrees(folder):
    """What the record of a run keeps beside its points says what they say."""
    (_database if (folder / "run.sqlite").exists() else _lines)(folder)


def _database(folder):
    whole = read(folder)
    with closing(sqlite3.connect(folder / "run.sqlite")) as found:
        assert [*found.execute("SELECT DISTINCT level FROM coarse WHERE level NOT IN (8, 12, 16)")] == []
        for number, name in found.execute("SELECT id, key FROM series").fetchall():
            for level in coarse.LEVELS:
                assert_same(coarse.kept(found, number, level, -(1 << 60), 1 << 60), whole[name], level)


def _lines(folder):
    """Each cover holds the pieces before it, of which there are as many as it says; returns how many there are."""
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    place = covers = 0
    for line in lines:
        try:
            found = cover.read_cover(json.loads(line))
        except ValueError:
            found = None
        if found is not None:
            text = b"".join(lines)[:place]
            (folder / "before").mkdir(exist_ok=True)
            (folder / "before" / "journal.jsonl").write_bytes(text)
            told = [piece for _, piece in pieces_in(folder / "before")[0]]
            (folder / "before" / "journal.jsonl").write_bytes(text[found.at :])
            read_again = [piece for _, piece in pieces_in(folder / "before")[0]]
            assert (len(told), len(read_again)) == (found.end, found.end - found.first)
            whole = joined(told[found.first :])
            assert found.events == whole.events
            assert {*found.series} == {*whole.series}
            for name, column in found.series.items():
                steps = whole[name].steps.tolist()
                assert (column.first, column.last) == ((steps[0], steps[-1]) if steps else (0, -1))
                assert_same(column.buckets, whole[name], cover.LEVEL)
            covers += 1
        place += len(line)
    return covers
