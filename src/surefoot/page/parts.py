"""Parts of a journal: pieces that were read, and pieces of which only what the journal says of them was."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from surefoot.page.buckets import Buckets, of_points
from surefoot.page.log import Points
from surefoot.records.cover import LEVEL, Cover
from surefoot.trace import Event

TOGETHER = 256
"""Pieces in a group: a new one makes a group anew, and one of all pieces would make that dear."""


@final
@dataclass(frozen=True, eq=False)
class Piece:
    """One piece of a trace.

    Args:
        time: when it was written.
        series: its columns.
        events: what happened.
    """

    time: float
    series: Mapping[str, Points]
    events: tuple[Event, ...]


class Part(ABC):
    """Some pieces that follow each other."""

    count: int
    """How many."""
    time: float
    """When the last of them was written."""
    names: tuple[str, ...]
    """Their columns."""
    events: tuple[Event, ...]
    """What happened."""

    @abstractmethod
    def pieces(self) -> Sequence[Piece]:
        """Return them, read by now."""

    @abstractmethod
    def ends(self, name: str) -> tuple[int, int] | None:
        """Return a column's first and last step, or None if it has no point here."""

    @abstractmethod
    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a column by buckets, those at least that hold the steps from first to last."""


@final
class Group(Part):
    """Pieces that were read.

    Args:
        pieces: one at least.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self.count, self.time = len(pieces), pieces[-1].time
        self.names = tuple(dict.fromkeys(name for piece in pieces for name in piece.series))
        self.events = tuple(event for piece in pieces for event in piece.events)
        self._ends = {name: _ends(pieces, name) for name in self.names}

    def pieces(self) -> Sequence[Piece]:
        """Return them."""
        return self._pieces

    def ends(self, name: str) -> tuple[int, int] | None:
        """Return a column's first and last step, or None if it has no point here."""
        return self._ends.get(name)

    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a column by buckets, those that hold the steps from first to last."""
        steps, values = points(self._pieces, name)
        inside = slice(*np.searchsorted(steps, (first >> level << level, (last >> level) + 1 << level)))
        return of_points(steps[inside], values[inside], level)


@final
class Block(Part):
    """Pieces of which a journal says what they come to; they are read when that is not enough.

    Args:
        file: the journal.
        cover: what it says.
        stop: where their lines end [bytes].
    """

    def __init__(self, file: Path, cover: Cover, stop: int) -> None:
        self._file, self._cover, self._stop = file, cover, stop
        self.count, self.time = cover.end - cover.first, cover.time
        self.names, self.events = tuple(cover.series), cover.events

    def pieces(self) -> Sequence[Piece]:
        """Return them, read by now."""
        return self._read.pieces()

    @cached_property
    def _read(self) -> Group:
        return Group(pieces_between(self._file, self._cover.at, self._stop))

    def ends(self, name: str) -> tuple[int, int] | None:
        """Return a column's first and last step, or None if it has no point here."""
        column = self._cover.series.get(name)
        return (column.first, column.last) if column is not None and len(column.buckets) else None

    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a column by buckets, those at least that hold the steps from first to last."""
        if level < LEVEL:
            return self._read.buckets(name, level, first, last)
        return self._cover.series[name].buckets.coarser(level)


def points(pieces: Iterable[Piece], name: str) -> Points:
    """Return a column of some pieces."""
    there = [piece.series[name] for piece in pieces if name in piece.series]
    steps, values = [each for each, _ in there], [each for _, each in there]
    return np.concatenate([np.zeros(0, np.int64), *steps]), np.concatenate([np.zeros(0), *values])


def _ends(pieces: Iterable[Piece], name: str) -> tuple[int, int] | None:
    there = [piece.series[name][0] for piece in pieces if name in piece.series]
    each = [(int(steps[0]), int(steps[-1])) for steps in there if len(steps)]
    return (min(first for first, _ in each), max(last for _, last in each)) if each else None


def after(parts: Iterable[Part], told: int) -> list[Piece]:
    """Return the pieces after the first so many."""
    found: list[Piece] = []
    for part in parts:
        if told < part.count:
            found += part.pieces()[max(told, 0) :]
        told -= part.count
    return found


def until(parts: Iterable[Part], told: int) -> list[Part]:
    """Return the first so many pieces, as they are known; a part that reaches further is read."""
    found: list[Part] = []
    for part in parts:
        if told >= part.count:
            found.append(part)
        elif told > 0:
            found.append(Group(part.pieces()[:told]))
        told -= part.count
    return found


def grown(parts: list[Part], pieces: Sequence[Piece]) -> list[Part]:
    """Return parts with some pieces more."""
    if not pieces:
        return parts
    if parts and isinstance(parts[-1], Group) and parts[-1].count < TOGETHER:
        parts, pieces = parts[:-1], [*parts[-1].pieces(), *pieces]
    return [*parts, *(Group(pieces[at : at + TOGETHER]) for at in range(0, len(pieces), TOGETHER))]


def pieces_between(file: Path, start: int, stop: int) -> list[Piece]:
    """Return the pieces of a part of a journal [bytes]."""
    if start >= stop:
        return []
    with file.open("rb") as opened:
        opened.seek(start)
        texts = opened.read(stop - start).split(b"\n")
    return [_piece(line["t"], each) for line in parsed(texts) if "pieces" in line for each in line["pieces"]]


def parsed(texts: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Go through lines of JSON; what is torn is passed over."""
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _piece(time: float, line: Mapping[str, Any]) -> Piece:
    series = {
        name: (np.array(steps, np.int64), np.array(values, np.float64))  # None becomes NaN, and "inf" infinite
        for name, (steps, values) in line["series"].items()
    }
    return Piece(time, series, tuple(Event(*event) for event in line["events"]))
