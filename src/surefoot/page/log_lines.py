"""A run's log in memory: lines of JSON of which only the new ones are read, and logs that no longer change.

Of a long run's lines most are passed over, for the journal says what they come to; they are read when somebody asks for
more than that.
"""

import threading
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, final

from surefoot.page.buckets import MOST, Buckets, level_for, none
from surefoot.page.log import Log, Mark, News, Points, Snapshot
from surefoot.page.parts import Block, Part, Piece, after, grown, parsed, pieces_between, points, until
from surefoot.records.buckets import merged
from surefoot.records.cover import read_cover
from surefoot.records.journal import FIGURES, NAME, PIECES
from surefoot.records.reading import read_pieces
from surefoot.trace import Event


class _PartsLog(Log):
    """A log of which the parts are known; where they come from is said below."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[Part] = []

    @abstractmethod
    def _parts(self) -> list[Part]:
        """Return all parts as they are now."""

    def snapshot(self, most: int = MOST) -> Snapshot:
        """Return all of it, each column in at most so many buckets."""
        parts = self._parts()
        return Snapshot({name: _whole(parts, name, most) for name in _names(parts)}, _events(parts), _mark(parts))

    def events(self) -> tuple[Event, ...]:
        """Return all that has happened, without looking at the curves."""
        return _events(self._parts())

    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return _names(self._parts())

    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a part of a column: the steps from first to last, in buckets of a level."""
        return _part(self._parts(), name, level, first, last)

    def points(self, name: str) -> Points:
        """Return a whole column."""
        return points((piece for part in self._parts() if name in part.names for piece in part.pieces()), name)

    def last(self, name: str) -> int | None:
        """Return the last step of a column, or None if it has no point."""
        return max((last for _, last in _ends(self._parts(), name)), default=None)

    def since(self, mark: Mark) -> News | None:
        """Return what is new since a mark, or None if the log has been rewound behind it."""
        parts = self._parts()
        if mark.pieces and _mark(until(parts, mark.pieces)) != mark:
            return None
        new = after(parts, mark.pieces)
        names = dict.fromkeys(name for piece in new for name in piece.series)
        events = tuple(event for piece in new for event in piece.events)
        return News({name: points(new, name) for name in names}, events, _mark(parts))


@final
class JournalLog(_PartsLog):
    """A run's log in `journal.jsonl`: each call reads what has been added since the last.

    Args:
        folder: the run's.

    Errors: OSError, from each call, if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._file, self._read = folder / NAME, 0

    def _parts(self) -> list[Part]:
        with self._lock:
            size = self._file.stat().st_size
            if size < self._read:  # another file
                self._held, self._read = [], 0
            if size > self._read:
                self._held, self._read = self._grown()
            return self._held

    def _grown(self) -> tuple[list[Part], int]:
        """Return all parts and how far they reach: pieces that nothing is said of are read, the others not yet."""
        parts, unread, end = self._held, self._read, self._read
        for begin, end, line in self._lines():
            cover = read_cover(line)
            if cover is not None and unread <= cover.at < begin:
                parts = grown(parts, pieces_between(self._file, unread, cover.at))
                unread = cover.at
                if cover.first == sum(part.count for part in parts) < cover.end:
                    parts, unread = [*parts, Block(self._file, cover, begin)], end
            elif "rewind" in line:
                parts = until(grown(parts, pieces_between(self._file, unread, begin)), line["rewind"])
                unread = end
        return grown(parts, pieces_between(self._file, unread, end)), end

    def _lines(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Go through the new lines that are whole, with their ends; those with pieces or figures are not read."""
        end = self._read
        with self._file.open("rb") as opened:
            opened.seek(end)
            for text in opened:
                if not text.endswith(b"\n"):
                    break
                begin, end = end, end + len(text)
                found = [] if text.startswith((PIECES, FIGURES)) else list(parsed([text]))
                yield begin, end, found[0] if found else {}


@final
class StillLog(_PartsLog):
    """A log of an older form, or on a disk where SQLite cannot open it: read once, as it is then.

    Args:
        folder: the run's.

    Errors: InvalidValue if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        pieces = [
            Piece(time, {name: (each.steps, each.values) for name, each in piece.series.items()}, piece.events)
            for time, piece in read_pieces(folder)
        ]
        self._held = grown([], pieces)

    def _parts(self) -> list[Part]:
        return self._held


def journal_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Go through the lines of a file beside a journal; what is torn is passed over.

    Errors: OSError if it cannot be read.
    """
    with file.open("rb") as opened:
        yield from parsed(opened)


def _names(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part.names))


def _events(parts: Iterable[Part]) -> tuple[Event, ...]:
    return tuple(event for part in parts for event in part.events)


def _mark(parts: list[Part]) -> Mark:
    return Mark(sum(part.count for part in parts), parts[-1].time) if parts else Mark()


def _ends(parts: Iterable[Part], name: str) -> list[tuple[int, int]]:
    return [ends for part in parts if (ends := part.ends(name)) is not None]


def _whole(parts: list[Part], name: str, most: int) -> Buckets:
    ends = _ends(parts, name)
    if not ends:
        return none()
    first, last = min(first for first, _ in ends), max(last for _, last in ends)
    return _part(parts, name, level_for(first, last, most), first, last)


def _part(parts: Iterable[Part], name: str, level: int, first: int, last: int) -> Buckets:
    """Return some buckets; a bucket that is only partly meant is returned whole."""
    ids = first >> level, last >> level
    near = [
        part for part in parts
        if (ends := part.ends(name)) is not None and ends[0] >> level <= ids[1] and ends[1] >> level >= ids[0]
    ]  # fmt: skip
    return merged([part.buckets(name, level, first, last) for part in near], level).part(*ids)
