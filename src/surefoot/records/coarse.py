"""Coarse buckets beside the points of a database, so that a first look at a long run reads a few thousand rows.

A bucket of level L holds the steps of id << L to ((id + 1) << L) - 1, whatever the run's length. They are made by the
database from its own points, in the transaction that changes those, the bucket that still grows too: a kill leaves no
row that does not agree with the points. The levels lie 16 apart, so that 1024 buckets of any level are read from 16,384
rows at most, or from 131,072 points where buckets are finer than the lowest; all three cost 0.2 MB per million steps of
a series, of which the points take 10 to 12.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from surefoot.records.buckets import Buckets

LEVELS = (8, 12, 16)
"""Levels that are kept: buckets of 256, 4096 and 65,536 steps."""

TABLE = """
CREATE TABLE coarse (series INTEGER NOT NULL, level INTEGER NOT NULL, id INTEGER NOT NULL, least REAL, mean REAL, greatest REAL, count INTEGER NOT NULL, bad INTEGER NOT NULL, PRIMARY KEY (series, level, id)) WITHOUT ROWID;
"""  # noqa: E501
"""The least, mean and greatest are of the finite values, NULL where there is none; count is of these, bad of others."""

Row: TypeAlias = tuple[float | None, float | None, float | None, int, int]
"""A bucket's least, mean, greatest, finite values and others."""

_POINTS = """
SELECT min(value), avg(value), max(value), count(value), count(*) FROM point WHERE series = ? AND step BETWEEN ? AND ?
"""
_FINITE = _POINTS.replace("count(*)", "0") + " AND value > -9e999 AND value < 9e999"
_BUCKETS = """
SELECT min(least), sum(mean * count) / sum(count), max(greatest), sum(count), sum(bad) FROM coarse
WHERE series = ? AND level = ? AND id BETWEEN ? AND ?
"""


def is_there(database: sqlite3.Connection) -> bool:
    """Tell whether a log has coarse buckets; one that was begun before there were any has none."""
    return (
        database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'coarse'").fetchone() is not None
    )


def ends(level: int, bucket: int) -> tuple[int, int]:
    """Return the first and the last step of a bucket.

    >>> ends(8, 1)
    (256, 511)
    """
    return bucket << level, ((bucket + 1) << level) - 1


def of_points(database: sqlite3.Connection, series: int, level: int, bucket: int) -> Row | None:
    """Return one bucket as its points make it, or None if it has none."""
    asked = series, *ends(level, bucket)
    least, mean, greatest, count, taken = database.execute(_POINTS, asked).fetchone()
    if least == -inf or greatest == inf:  # rare, and asking every row for it would cost as much again
        least, mean, greatest, count, _ = database.execute(_FINITE, asked).fetchone()
    return (least, mean, greatest, count, taken - count) if taken else None


def _of_buckets(database: sqlite3.Connection, series: int, level: int, bucket: int) -> Row | None:
    """Return one bucket as those of the level below make it, or None if there are none."""
    below = LEVELS[LEVELS.index(level) - 1]
    row: Row = database.execute(_BUCKETS, (series, below, *ends(level - below, bucket))).fetchone()
    return row if row[3] is not None else None


def kept_below(level: int) -> int | None:
    """Return the highest level that is kept of which buckets of a level can be made; None if they are too fine.

    >>> kept_below(7), kept_below(11), kept_below(40)
    (None, 8, 16)
    """
    return max((each for each in LEVELS if each <= level), default=None)


def kept(database: sqlite3.Connection, series: int, level: int, first: int, last: int) -> Buckets:
    """Return the buckets of a level that is kept, from one id to another."""
    asked = (
        "SELECT id, least, mean, greatest, count, bad FROM coarse WHERE series = ? AND level = ? AND id BETWEEN ? AND ?"
    )
    return table(level, database.execute(f"{asked} ORDER BY id", (series, level, first, last)).fetchall())


def table(level: int, rows: Sequence[tuple[int | float | None, ...]]) -> Buckets:
    """Return rows, each an id and its bucket, as buckets."""
    columns = np.array(rows, np.float64).reshape(-1, 6).T  # None, which is how it keeps NaN, becomes NaN
    whole = columns[[0, 4, 5]].astype(np.int64)
    return Buckets(level, whole[0], columns[1], columns[2], columns[3], whole[1], whole[2])


def renew(database: sqlite3.Connection, series: int, ids: Iterable[int]) -> None:
    """Make some buckets of the lowest level anew, as the points now are, and those above that hold them."""
    changed, below = set(ids), LEVELS[0]
    for level in LEVELS:
        changed, below = {each >> (level - below) for each in changed}, level
        made = of_points if level == LEVELS[0] else _of_buckets
        rows = [(series, level, each, *row) for each in changed if (row := made(database, series, level, each))]
        database.executemany(_FORGET, [(series, level, each) for each in changed])
        database.executemany("INSERT INTO coarse VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


_FORGET = "DELETE FROM coarse WHERE series = ? AND level = ? AND id = ?"


def renew_all(database: sqlite3.Connection) -> None:
    """Make the buckets of a log that has none."""
    database.execute(TABLE)
    for series, ids in touched(database, 0).items():
        renew(database, series, ids)


def buckets_at(steps: NDArray[np.int64]) -> set[int]:
    """Return the buckets of the lowest level that hold some steps.

    >>> sorted(buckets_at(np.array([0, 255, 256, 5000])))
    [0, 1, 19]
    """
    return set(np.unique(steps >> LEVELS[0]).tolist())


def touched(database: sqlite3.Connection, pieces: int) -> dict[int, set[int]]:
    """Return for each series the buckets of the lowest level that hold points of pieces after the first so many."""
    found: dict[int, set[int]] = {}
    asked = f"SELECT DISTINCT series, step >> {LEVELS[0]} FROM point WHERE piece > ?"
    for series, bucket in database.execute(asked, (pieces,)):
        found.setdefault(series, set()).add(bucket)
    return found
