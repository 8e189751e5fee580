"""A run's log in memory: lines of JSON of which only the new ones are read, and logs that no longer change."""

import json
import threading
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, final

import numpy as np

from surefoot.page.buckets import MOST, Buckets, level_for, of_points
from surefoot.page.log import Log, Mark, News, Points, Snapshot
from surefoot.records.journal import NAME
from surefoot.records.reading import read_pieces
from surefoot.trace import Event

Piece: TypeAlias = tuple[float, Mapping[str, Points], tuple[Event, ...]]
"""When it was written, its columns and its events."""


class _PiecesLog(Log):
    """A log of which the pieces are in memory; where they come from is said below."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[Piece] = []

    @abstractmethod
    def _pieces(self) -> list[Piece]:
        """Return all pieces as they are now."""

    def snapshot(self, most: int = MOST) -> Snapshot:
        """Return all of it, each column in at most so many buckets."""
        pieces = self._pieces()
        series = {name: _whole(points, most) for name, points in _joined(pieces).items()}
        return Snapshot(series, _events(pieces), _mark(pieces))

    def events(self) -> tuple[Event, ...]:
        """Return all that has happened, without looking at the curves."""
        return _events(self._pieces())

    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(dict.fromkeys(name for _, series, _ in self._pieces() for name in series))

    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a part of a column: the steps from first to last, in buckets of a level."""
        steps, values = self.points(name)
        ends = (first >> level) << level, ((last >> level) + 1) << level
        part = slice(*np.searchsorted(steps, ends))
        return of_points(steps[part], values[part], level)

    def points(self, name: str) -> Points:
        """Return a whole column."""
        return _joined(self._pieces()).get(name, (np.zeros(0, np.int64), np.zeros(0)))

    def since(self, mark: Mark) -> News | None:
        """Return what is new since a mark, or None if the log has been rewound behind it."""
        pieces = self._pieces()
        if mark.pieces and (len(pieces) < mark.pieces or pieces[mark.pieces - 1][0] != mark.time):
            return None
        new = pieces[mark.pieces :]
        return News(_joined(new), _events(new), _mark(pieces))


@final
class JournalLog(_PiecesLog):
    """A run's log in `journal.jsonl`: each call reads what has been added since the last.

    Args:
        folder: the run's.

    Errors: OSError, from each call, if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._file, self._read = folder / NAME, 0

    def _pieces(self) -> list[Piece]:
        with self._lock:
            if self._file.stat().st_size < self._read:  # another file
                self._held, self._read = [], 0
            for line in self._lines():
                if "pieces" in line:
                    self._held = [*self._held, *(_piece(line["t"], each) for each in line["pieces"])]
                elif "rewind" in line:
                    self._held = self._held[: line["rewind"]]
            return self._held

    def _lines(self) -> Iterator[dict[str, Any]]:
        """Go through the lines that are new and whole; one that a kill has torn is passed over."""
        with self._file.open("rb") as opened:
            opened.seek(self._read)
            whole, end, _ = opened.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        yield from _parsed(whole.split(b"\n"))


@final
class StillLog(_PiecesLog):
    """A log of an older form, or on a disk where SQLite cannot open it: read once, as it is then.

    Args:
        folder: the run's.

    Errors: InvalidValue if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._held = [
            (time, {name: (each.steps, each.values) for name, each in piece.series.items()}, piece.events)
            for time, piece in read_pieces(folder)
        ]

    def _pieces(self) -> list[Piece]:
        return self._held


def journal_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Go through the lines of a file beside a journal; what is torn is passed over.

    Errors: OSError if it cannot be read.
    """
    with file.open("rb") as opened:
        yield from _parsed(opened)


def _parsed(texts: Iterable[bytes]) -> Iterator[dict[str, Any]]:
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
    return time, series, tuple(Event(*event) for event in line["events"])


def _joined(pieces: Iterable[Piece]) -> dict[str, Points]:
    parts: dict[str, list[Points]] = {}
    for _, series, _ in pieces:
        for name, points in series.items():
            parts.setdefault(name, []).append(points)
    return {
        name: (np.concatenate([steps for steps, _ in each]), np.concatenate([values for _, values in each]))
        for name, each in parts.items()
    }


def _events(pieces: Iterable[Piece]) -> tuple[Event, ...]:
    return tuple(event for _, _, events in pieces for event in events)


def _mark(pieces: list[Piece]) -> Mark:
    return Mark(len(pieces), pieces[-1][0]) if pieces else Mark()


def _whole(points: Points, most: int) -> Buckets:
    steps, values = points
    return of_points(steps, values, level_for(int(steps[0]), int(steps[-1]), most) if len(steps) else 0)
