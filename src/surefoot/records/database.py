"""A run's log as an SQLite database, in WAL mode while it is open.

A batch of rows takes microseconds a row and survives a killed process whole; a power cut costs the last batches but
never the file. Closing turns it back into one plain file that can be copied, mailed or put under version control.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import final

import numpy as np

from surefoot.records import coarse
from surefoot.records.pyramid import Chunk, Layout
from surefoot.records.store import Batch, Store
from surefoot.trace import Trace

NAME = "run.sqlite"

TABLES = """
CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE piece (id INTEGER PRIMARY KEY, t REAL NOT NULL);
CREATE TABLE point (series INTEGER NOT NULL, step INTEGER NOT NULL, piece INTEGER NOT NULL, place INTEGER NOT NULL, value REAL, PRIMARY KEY (series, step, piece, place)) WITHOUT ROWID;
CREATE TABLE event (id INTEGER PRIMARY KEY, piece INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE layout (names TEXT NOT NULL, columns TEXT NOT NULL);
CREATE TABLE layers (id INTEGER PRIMARY KEY, level INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, steps BLOB NOT NULL, data BLOB NOT NULL, bad BLOB);
CREATE INDEX layers_by_level ON layers (level, last);
"""  # noqa: E501
"""A table to a line. A value may be NULL, which is how SQLite keeps NaN; t is in seconds since 1970; place tells values
of one piece at one step apart. Blobs are little-endian: steps int64, data float32, bad uint32 (NULL for none)."""

SETTINGS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"


@final
class Database(Store):
    """A run's log in `run.sqlite`.

    Args:
        folder: the run's; the database is made if it is not there.

    Errors: sqlite3.Error if it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        file = folder / NAME
        new = not file.exists()
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(SETTINGS + (f"BEGIN; {TABLES} {coarse.TABLE} COMMIT;" if new else ""))
        self._ids = dict(self._database.execute("SELECT key, id FROM series"))
        self.told = int(self._database.execute("SELECT coalesce(max(id), 0) FROM piece").fetchone()[0])
        self.layout = layout_in(self._database)
        if not coarse.is_there(self._database):
            with self._whole_or_not():
                coarse.renew_all(self._database)

    @contextmanager
    def _whole_or_not(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk has rolled it back already
                self._database.execute("ROLLBACK")
            raise

    def chunks(self) -> list[Chunk]:
        """Return all figures of layers that it holds, level by level, each level's in order."""
        return [] if self.layout is None else list(chunks_in(self._database, self.layout))

    def write(self, batch: Batch) -> None:
        """Add a batch in one transaction."""
        run = self._database.execute
        with self._whole_or_not():
            changed: defaultdict[int, set[int]] = defaultdict(set)
            for number, piece in enumerate(batch.pieces, self.told + 1):
                self._add(number, piece, batch.time)
                for key, series in piece.series.items():
                    changed[self._ids[key]] |= coarse.buckets_at(series.steps)
            for which, buckets in changed.items():
                coarse.renew(self._database, which, buckets)
            for chunk in batch.chunks:
                run(_ADD_CHUNK, _row(chunk))
            for level, step in batch.expired.items():
                run("DELETE FROM layers WHERE level = ? AND last <= ?", (level, step))
        self.told += len(batch.pieces)

    def _add(self, number: int, piece: Trace, time: float) -> None:
        run = self._database.execute
        run("INSERT INTO piece VALUES (?, ?)", (number, time))
        for key, series in piece.series.items():
            if key not in self._ids:
                self._ids[key] = int(run("INSERT INTO series (key) VALUES (?)", (key,)).lastrowid or 0)
            steps = series.steps.tolist()
            places = _places(steps)
            which = self._ids[key]
            rows = zip(steps, places, series.values.tolist(), strict=True)
            self._database.executemany(
                "INSERT INTO point VALUES (?, ?, ?, ?, ?)",
                [(which, step, number, place, value) for step, place, value in rows],
            )
        for event in piece.events:
            line = (number, event.step, event.kind, event.text)
            run("INSERT INTO event (piece, step, kind, text) VALUES (?, ?, ?, ?)", line)

    def lay_out(self, layout: Layout) -> None:
        """Say what figures of layers are of."""
        self.layout = layout
        self._database.execute(
            "INSERT INTO layout VALUES (?, ?)", (json.dumps(layout.names), json.dumps(layout.columns))
        )

    def rewind(self, told: int, step: int) -> None:
        """Forget the pieces after the first so many, and figures of layers from a step on."""
        with self._whole_or_not():
            changed = coarse.touched(self._database, told)
            for table, number in (("point", "piece"), ("event", "piece"), ("piece", "id")):
                self._database.execute(f"DELETE FROM {table} WHERE {number} > ?", (told,))
            for series, buckets in changed.items():
                coarse.renew(self._database, series, buckets)
            self._forget_layers(step)
        self.told = told

    def _forget_layers(self, step: int) -> None:
        run = self._database.execute
        run("DELETE FROM layers WHERE level > 0 AND last >= ?", (step,))
        for chunk in [each for each in self.chunks() if each.level == 0 and each.steps[-1] >= step]:
            run("DELETE FROM layers WHERE level = 0 AND last = ?", (int(chunk.steps[-1]),))
            if before := int((chunk.steps < step).sum()):
                run(_ADD_CHUNK, _row(Chunk(0, chunk.steps[:before], before, chunk.data[:before])))

    def close(self) -> None:
        """Leave one plain file; a reader that is at it just then keeps it in WAL mode, which stays readable."""
        with suppress(sqlite3.Error):
            self._database.execute("PRAGMA busy_timeout=200")
            self._database.execute("PRAGMA journal_mode=DELETE")
        self._database.close()


_ADD_CHUNK = "INSERT INTO layers (level, last, count, steps, data, bad) VALUES (?, ?, ?, ?, ?, ?)"


def _row(chunk: Chunk) -> tuple[int, int, int, bytes, bytes, bytes | None]:
    bad = None if chunk.bad is None else chunk.bad.astype("<u4").tobytes()
    steps, data = chunk.steps.astype("<i8").tobytes(), chunk.data.astype("<f4").tobytes()
    return chunk.level, int(chunk.steps[-1]), chunk.count, steps, data, bad


def _places(steps: Sequence[int]) -> list[int]:
    """Return how many values of the same step come before each; nearly always none."""
    places = [0] * len(steps)
    for at in range(1, len(steps)):
        if steps[at] == steps[at - 1]:
            places[at] = places[at - 1] + 1
    return places


def layout_in(database: sqlite3.Connection) -> Layout | None:
    """Return what figures of layers are of, or None if there are none."""
    row = database.execute("SELECT names, columns FROM layout").fetchone()
    return None if row is None else Layout(*(tuple(json.loads(text)) for text in row))


def chunks_in(database: sqlite3.Connection, layout: Layout) -> Iterator[Chunk]:
    """Go through all figures of layers, level by level, each level's in order."""
    for level, count, steps, data, bad in database.execute(
        "SELECT level, count, steps, data, bad FROM layers ORDER BY level, last, id"
    ):
        figures = np.frombuffer(data, "<f4").reshape(-1, *layout.shape)
        counts = None if bad is None else np.frombuffer(bad, "<u4").reshape(layout.shape)
        yield Chunk(level, np.frombuffer(steps, "<i8"), count, figures, counts)
