"""A run's log in SQLite, read while another process may write it; the database makes the buckets."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np

from surefoot.page.buckets import MOST, Buckets, level_for, none, of_points
from surefoot.page.log import Log, Mark, News, Points, Snapshot
from surefoot.records import coarse
from surefoot.records.database import NAME
from surefoot.trace import Event

_LATEST = "SELECT step, piece, value FROM point WHERE series = ? ORDER BY step DESC, piece DESC, place DESC"


@final
class DatabaseLog(Log):
    """A run's log in `run.sqlite`.

    A million points as rows take a second to fetch, and their least and greatest by buckets, found where they are, a
    fifth of one; the coarse buckets that the record keeps beside them take some milliseconds.

    Args:
        folder: the run's.

    Errors: sqlite3.Error, from each call, if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._uri = f"{(folder / NAME).resolve().as_uri()}?mode=ro"

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Open it for one look, in which nothing changes: a reader that stays keeps the writer from tidying up."""
        with closing(sqlite3.connect(self._uri, uri=True, isolation_level=None)) as found:
            found.execute("BEGIN")
            yield found

    def snapshot(self, most: int = MOST) -> Snapshot:
        """Return all of it, each column in at most so many buckets."""
        with self._reading() as found:
            series = {key: _whole(found, number, most) for number, key in _series(found)}
            return Snapshot(series, _events(found), _mark(found))

    def events(self) -> tuple[Event, ...]:
        """Return all that has happened, without looking at the curves."""
        with self._reading() as found:
            return _events(found)

    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        with self._reading() as found:
            return tuple(key for _, key in _series(found))

    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a part of a column: the steps from first to last, in buckets of a level."""
        with self._reading() as found:
            numbers = {key: number for number, key in _series(found)}
            return _part(found, numbers[name], level, first, last) if name in numbers else none(level)

    def points(self, name: str) -> Points:
        """Return a whole column."""
        with self._reading() as found:
            numbers = {key: number for number, key in _series(found)}
            order = "SELECT step, value FROM point WHERE series = ? ORDER BY step, piece, place"
            return _columns(found.execute(order, (numbers.get(name, -1),)).fetchall())

    def last(self, name: str) -> int | None:
        """Return the last step of a column, or None if it has no point."""
        asked = "SELECT max(step) FROM point WHERE series = (SELECT id FROM series WHERE key = ?)"
        with self._reading() as found:
            step: int | None = found.execute(asked, (name,)).fetchone()[0]
            return step

    def since(self, mark: Mark) -> News | None:
        """Return what is new since a mark, or None if the log has been rewound behind it."""
        with self._reading() as found:
            row = found.execute("SELECT t FROM piece WHERE id = ?", (mark.pieces,)).fetchone()
            if mark.pieces and (row is None or row[0] != mark.time):
                return None
            now = _mark(found)
            if now.pieces == mark.pieces:
                return News({}, (), mark)
            series = {key: _new(found, number, mark.pieces) for number, key in _series(found)}
            there = {key: points for key, points in series.items() if len(points[0])}
            return News(there, _events(found, mark.pieces), now)


def _series(found: sqlite3.Connection) -> list[tuple[int, str]]:
    return found.execute("SELECT id, key FROM series ORDER BY id").fetchall()


def _events(found: sqlite3.Connection, after: int = 0) -> tuple[Event, ...]:
    rows = found.execute("SELECT step, kind, text FROM event WHERE piece > ? ORDER BY id", (after,))
    return tuple(Event(*row) for row in rows)


def _mark(found: sqlite3.Connection) -> Mark:
    return Mark(*(found.execute("SELECT id, t FROM piece ORDER BY id DESC LIMIT 1").fetchone() or (0, 0.0)))


def _whole(found: sqlite3.Connection, number: int, most: int) -> Buckets:
    ends = found.execute("SELECT min(step) FROM point WHERE series = ?", (number,)).fetchone()[0]
    if ends is None:
        return none()
    last = found.execute("SELECT max(step) FROM point WHERE series = ?", (number,)).fetchone()[0]
    return _part(found, number, level_for(ends, last, most), ends, last)


def _part(found: sqlite3.Connection, number: int, level: int, first: int, last: int) -> Buckets:
    """Return some buckets; a bucket that is only partly meant is returned whole."""
    ids = range(first >> level, (last >> level) + 1)
    if level == 0:
        order = "SELECT step, value FROM point WHERE series = ? AND step BETWEEN ? AND ? ORDER BY step, piece, place"
        return of_points(*_columns(found.execute(order, (number, first, last)).fetchall()), 0)
    kept = coarse.kept_below(level) if coarse.is_there(found) else None
    if kept is None:
        rows = [(each, *row) for each in ids if (row := coarse.of_points(found, number, level, each))]
        return coarse.table(level, rows)
    parts = ids[0] << (level - kept), coarse.ends(level - kept, ids[-1])[1]
    return coarse.kept(found, number, kept, *parts).coarser(level)


def _new(found: sqlite3.Connection, number: int, pieces: int) -> Points:
    """Return the points of later pieces: steps never fall, so they are the last, and only they are read."""
    rows: list[tuple[Any, Any]] = []
    for step, piece, value in found.execute(_LATEST, (number,)):
        if piece <= pieces:
            break
        rows.append((step, value))
    return _columns(rows[::-1])


def _columns(rows: list[tuple[Any, Any]]) -> Points:
    steps = np.array([step for step, _ in rows], np.int64)
    return steps, np.array([value for _, value in rows], np.float64)  # None becomes NaN
