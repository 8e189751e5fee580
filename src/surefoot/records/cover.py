"""What a journal says of its own lines now and then, so that a first look at a long run need not read them all.

After some ten thousand points a line sums up the pieces since the last of its kind: their columns by buckets, their
events, and where in the file they stand. It stands in the same file right behind them. Pieces that no such line covers,
since a kill or a rewind came between, are read themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from surefoot.records.buckets import Buckets, merged, of_points, packed, unpacked
from surefoot.trace import Event, Series, Trace

LEVEL = 8
"""Of the buckets of a cover: 256 steps each."""

POINTS = 65_536
"""Points that are worth a cover: it takes 27 kB where they take 1.7 MB, and read themselves 20 ms."""

FOLDED = 64
"""Parts of a column that are gathered before they become one: a run that writes a point a second makes many."""

_WHOLE, _BROKEN = ("ids", "counts", "bad"), ("least", "mean", "greatest")


@final
@dataclass(frozen=True, eq=False)
class Column:
    """A column over the pieces that are covered.

    Args:
        first, last: its first and its last step there; 0 and -1 if it has no point.
        buckets: its points.
    """

    first: int
    last: int
    buckets: Buckets


@final
@dataclass(frozen=True, eq=False)
class Cover:
    """What is said of some pieces.

    Args:
        first, end: how many pieces come before them, and how many there are with them.
        at: where in the file their lines begin [bytes].
        time: when the last of them was written.
        series: their columns.
        events: what happened.
    """

    first: int
    end: int
    at: int
    time: float
    series: Mapping[str, Column]
    events: tuple[Event, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON holds."""
        return {
            "covers": [self.first, self.end], "at": self.at, "last": self.time,
            "columns": {name: _told(column) for name, column in self.series.items()},
            "events": [[event.step, event.kind, event.text] for event in self.events],
        }  # fmt: skip


def _told(column: Column) -> list[int | str]:
    found = column.buckets
    whole = [packed(getattr(found, name), "<i8") for name in _WHOLE]
    return [column.first, column.last, *whole, *(packed(getattr(found, name), "<f8") for name in _BROKEN)]


def read_cover(line: Mapping[str, Any]) -> Cover | None:
    """Return the cover that a line holds, or None if it holds none that can be read."""
    try:
        (first, end), at, time = line["covers"], line["at"], line["last"]
        series = {name: _heard(*column) for name, column in line["columns"].items()}
        return Cover(int(first), int(end), int(at), float(time), series, tuple(Event(*each) for each in line["events"]))
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _heard(first: int, last: int, *columns: str) -> Column:
    ids, counts, bad = (unpacked(text, "<i8").astype(np.int64) for text in columns[:3])
    least, mean, greatest = (unpacked(text, "<f8").astype(np.float64) for text in columns[3:])
    if len({len(each) for each in (ids, counts, bad, least, mean, greatest)}) > 1:
        raise ValueError("columns of several lengths")
    return Column(int(first), int(last), Buckets(LEVEL, ids, least, mean, greatest, counts, bad))


@final
class Gathered:
    """Pieces as they are written, until they are worth a cover.

    Args:
        told: pieces that come before.
    """

    def __init__(self, told: int) -> None:
        self._first = self._end = told
        self._at, self._points = -1, 0
        self._series: dict[str, list[Column]] = {}
        self._events: list[Event] = []

    def take(self, pieces: Sequence[Trace], at: int) -> None:
        """Take in some pieces.

        Args:
            pieces: in the order in which they are written.
            at: where in the file they begin [bytes].
        """
        self._at = at if self._at < 0 else self._at
        self._end += len(pieces)
        for name in dict.fromkeys(name for piece in pieces for name in piece.series):
            there = [piece.series[name] for piece in pieces if name in piece.series]
            parts = self._series.setdefault(name, [])
            parts += _columns(there)
            if len(parts) >= FOLDED:
                self._series[name] = [_joined(parts)]
            self._points += sum(map(len, there))
        self._events += (event for piece in pieces for event in piece.events)

    @property
    def enough(self) -> bool:
        """Whether it is worth a cover."""
        return self._points >= POINTS

    def cover(self, time: float) -> Cover:
        """Return what is to be said of all that was taken in, the last of it written at a time."""
        series = {name: _joined(columns) for name, columns in self._series.items()}
        return Cover(self._first, self._end, self._at, time, series, tuple(self._events))


def _columns(there: Sequence[Series]) -> list[Column]:
    """Return parts of a column as one; none if they hold no point."""
    steps = np.concatenate([each.steps for each in there])
    values = np.concatenate([each.values for each in there])
    if not len(steps):
        return []
    order = np.argsort(steps, kind="stable")
    return [Column(int(steps.min()), int(steps.max()), of_points(steps[order], values[order], LEVEL))]


def _joined(columns: Sequence[Column]) -> Column:
    first, last = min((each.first for each in columns), default=0), max((each.last for each in columns), default=-1)
    return Column(first, last, merged([each.buckets for each in columns], LEVEL))
