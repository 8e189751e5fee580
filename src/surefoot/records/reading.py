"""What a run's folder holds, of a finished, a running or a killed run; nothing here ever writes to it."""

import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from itertools import chain
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import InvalidValue, printable
from surefoot.records import database, journal
from surefoot.records.meta import known_meta
from surefoot.records.pyramid import BLOCKS, Chunk, Layout
from surefoot.trace import Event, Series, Trace, joined


@final
@dataclass(frozen=True, eq=False)
class Level:
    """Figures of layers over blocks of steps, the oldest first.

    Args:
        block: steps in a block; 1 where steps are whole.
        first, last: the first and the last step of each block [blocks].
        counts: steps that each holds [blocks].
        least, mean, greatest: [blocks, tensors, columns]; NaN is in none of them, an infinity not in the mean; where no
            value of a block was finite its mean is NaN.
        bad: how many of the values in a block were not finite [blocks, tensors, columns].
    """

    block: int
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    counts: NDArray[np.int64]
    least: NDArray[np.float32]
    mean: NDArray[np.float32]
    greatest: NDArray[np.float32]
    bad: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def part(self, which: slice) -> "Level":
        """Return some of the blocks."""
        return Level(
            self.block, self.first[which], self.last[which], self.counts[which],
            self.least[which], self.mean[which], self.greatest[which], self.bad[which],
        )  # fmt: skip


@final
@dataclass(frozen=True, eq=False)
class Layers:
    """Figures of every layer.

    Args:
        names: the tensors.
        columns: the figures of each; `trace.LAYER_UNITS` has their units.
        levels: whole steps first, which are the latest, then coarser and longer ones.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    levels: tuple[Level, ...]

    @property
    def timeline(self) -> tuple[Level, ...]:
        """Blocks of all levels, the oldest first, as fine as they are kept: every step is in one block."""
        found: list[Level] = []
        for level in self.levels:
            if not found:
                found = [level] if len(level) else []
                continue
            before = level.part(slice(int(np.searchsorted(level.first, found[-1].first[0]))))
            if len(before):  # its last block may reach into the finer level, which gives way
                inside = int(np.searchsorted(found[-1].first, before.last[-1], side="right"))
                found[-1] = found[-1].part(slice(inside, None))
                found.append(before)
        return tuple(reversed(found))

    def whole(self, column: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the latest steps [n] and a column's figures of them [n, tensors].

        Errors: KeyError if there is no such column.
        """
        if column not in self.columns:
            raise KeyError(column)
        return self.levels[0].first, self.levels[0].mean[:, :, self.columns.index(column)]


Answer = TypeVar("Answer")


def _refusing(reader: Callable[[str | Path], Answer]) -> Callable[[str | Path], Answer]:
    """Return a reader that tells a record that is malformed, wherever it is found out, in one sentence."""

    @wraps(reader)
    def refusing(folder: str | Path) -> Answer:
        try:
            return reader(folder)
        except InvalidValue:
            raise
        except _MALFORMED as error:
            raise InvalidValue(f"{str(folder)!r} holds no log that can be read: it is torn or malformed.") from error

    return refusing


_MALFORMED = (
    sqlite3.Error, OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError,
    MemoryError,
)  # fmt: skip
"""What rows and lines of any content, in a file of anybody's, may bring about."""


@_refusing
def read(folder: str | Path) -> Trace:
    """Return the trace that a run's folder holds.

    Errors: InvalidValue if there is no run there, or a newer surefoot wrote it.
    """
    schema, where = known_meta(folder)["schema"], Path(folder)
    if (where / journal.NAME).exists():
        return joined(piece for _, piece in journal.pieces_in(where)[0])
    with _connected(where) as found:
        order = "piece, place" if schema > 1 else "id"
        series = {key: _column(found, number, order) for number, key in found.execute("SELECT id, key FROM series")}
        events = found.execute("SELECT step, kind, text FROM event ORDER BY id")
        return Trace(series, tuple(Event(*row) for row in events))


@_refusing
def read_pieces(folder: str | Path) -> list[tuple[float, Trace]]:
    """Return the pieces of the trace in the order in which they were told, each with its time in seconds since 1970.

    Errors: InvalidValue if there is no run there, or a newer surefoot wrote it.
    """
    meta, where = known_meta(folder), Path(folder)
    if (where / journal.NAME).exists():
        return journal.pieces_in(where)[0]
    if meta["schema"] == 1:  # which did not say where one piece ended
        return [(datetime.fromisoformat(meta["begun"]).timestamp(), read(folder))]
    with _connected(where) as found:
        series: dict[int, dict[str, tuple[list[int], list[float]]]] = defaultdict(dict)
        for number, key, step, value in found.execute(_POINTS):
            steps, values = series[number].setdefault(key, ([], []))
            steps.append(step)
            values.append(nan if value is None else value)
        events: dict[int, list[Event]] = defaultdict(list)
        for number, *row in found.execute("SELECT piece, step, kind, text FROM event ORDER BY id"):
            events[number].append(Event(*row))
        told = found.execute("SELECT id, t FROM piece ORDER BY id").fetchall()
    return [
        (t, Trace({key: Series(*column) for key, column in series[number].items()}, tuple(events[number])))
        for number, t in told
    ]


_POINTS = """
SELECT piece, key, step, value FROM point JOIN series ON series.id = point.series ORDER BY piece, series, step, place
"""


@_refusing
def read_layers(folder: str | Path) -> Layers | None:
    """Return the figures of layers that a run's folder holds, or None if none were recorded.

    Errors: InvalidValue if there is no run there, or a newer surefoot wrote it.
    """
    schema, where = known_meta(folder)["schema"], Path(folder)
    if (where / journal.NAME).exists():
        layout = journal.layout_in(where)
        return None if layout is None else _layers(layout, journal.chunks_in(where, layout))
    with _connected(where) as found:
        layout = database.layout_in(found) if schema > 1 else None
        return None if layout is None else _layers(layout, list(database.chunks_in(found, layout)))


@_refusing
def read_progress(folder: str | Path) -> tuple[int, float]:
    """Return how many steps a run has taken as far as its log says, and its best validation penalty; NaN without one.

    Errors: InvalidValue if there is no run there, or a newer surefoot wrote it.
    """
    known_meta(folder)
    where = Path(folder)
    if (where / journal.NAME).exists():
        trace = read(where)
        penalties, judged, best = trace["penalty"].steps, trace["validation_penalty"], trace.last("best")
        taken = max(chain(penalties + 1, judged.steps), default=0)
        return int(taken), judged.at(best.step) if best and best.step in judged.steps else nan
    with _connected(where) as found:
        row = found.execute(_PROGRESS).fetchone()
        return max(row[0], row[1]), nan if row[2] is None else row[2]


_PROGRESS = """
SELECT (SELECT coalesce(max(step) + 1, 0) FROM point WHERE series = (SELECT id FROM series WHERE key = 'penalty')),
       (SELECT coalesce(max(step), 0) FROM point WHERE series = (SELECT id FROM series WHERE key = 'validation_penalty')),
       (SELECT value FROM point WHERE series = (SELECT id FROM series WHERE key = 'validation_penalty')
           AND step = (SELECT step FROM event WHERE kind = 'best' ORDER BY id DESC LIMIT 1) LIMIT 1)
"""  # noqa: E501


@contextmanager
def _connected(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading only; where SQLite cannot, since it may not write beside it, open a copy."""
    with TemporaryDirectory(prefix="surefoot-") as copies:
        try:
            found = _opened(folder / database.NAME) or _opened(_copied(folder, Path(copies)))
        except (OSError, sqlite3.Error) as error:
            raise InvalidValue(f"{str(folder)!r} holds no log that can be read: {printable(str(error))}.") from error
        if found is None:
            raise InvalidValue(f"{str(folder)!r} holds no log that can be read: {database.NAME} cannot be opened.")
        with closing(found):
            yield found


def _opened(file: Path) -> sqlite3.Connection | None:
    """Return a connection that can read, or None if the file cannot be opened as it stands."""
    if not file.exists():
        raise FileNotFoundError(f"there is no {file.name}")
    found = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        _refuse_computed(found)
        found.execute("SELECT count(*) FROM series")
    except sqlite3.OperationalError:
        found.close()
        return None
    except BaseException:
        found.close()
        raise
    return found


def _refuse_computed(found: sqlite3.Connection) -> None:
    """Refuse a database of views: they may have rows without end."""
    count = "SELECT count(*) FROM sqlite_master WHERE type = 'view' OR sql LIKE 'CREATE VIRTUAL%'"
    if found.execute(count).fetchone()[0]:
        raise sqlite3.DatabaseError("it holds views, which surefoot never writes")


def _copied(folder: Path, copies: Path) -> Path:
    for name in (database.NAME, f"{database.NAME}-wal"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, copies / name)
    return copies / database.NAME


def _column(found: sqlite3.Connection, number: int, order: str) -> Series:
    rows = found.execute(f"SELECT step, value FROM point WHERE series = ? ORDER BY step, {order}", (number,)).fetchall()
    return Series([step for step, _ in rows], [nan if value is None else value for _, value in rows])


def _layers(layout: Layout, chunks: list[Chunk]) -> Layers:
    levels = [_level(layout, [chunk for chunk in chunks if chunk.level == level]) for level in range(len(BLOCKS))]
    return Layers(layout.names, layout.columns, tuple(levels))


def _level(layout: Layout, chunks: list[Chunk]) -> Level:
    if not chunks:
        none = np.zeros(0, np.int64)
        empty: Any = np.zeros((0, *layout.shape), np.float32)
        return Level(1, none, none, none, empty, empty, empty, empty.astype(np.int64))
    block = BLOCKS[chunks[0].level]
    if block == 1:
        steps, data = (np.concatenate([getattr(each, name) for each in chunks]) for name in ("steps", "data"))
        return Level(1, steps, steps, np.ones_like(steps), data, data, data, (~np.isfinite(data)).astype(np.int64))
    ends, three = np.stack([each.steps for each in chunks]), np.stack([each.data for each in chunks])
    bad = np.stack([np.zeros(layout.shape, np.int64) if each.bad is None else each.bad for each in chunks])
    counts = np.array([each.count for each in chunks])
    return Level(block, ends[:, 0], ends[:, 1], counts, three[:, 0], three[:, 1], three[:, 2], bad.astype(np.int64))
