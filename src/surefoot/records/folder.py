"""One folder per run: `meta.json` (what ran, and how it ended) and `run.sqlite` (the trace).

SQLite in WAL mode takes a batch of rows in tens of microseconds and survives a killed process with all but the last
batch; closing turns the file back into one plain file that can be copied, mailed or put under version control.
"""

import json
import os
import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import Any, final

from surefoot.errors import InvalidValue
from surefoot.trace import SCHEMA, Event, Series, Trace

_TABLES = """
CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE point (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series, step INTEGER NOT NULL, value REAL, t REAL NOT NULL);
CREATE INDEX point_by_step ON point (series, step);
CREATE TABLE event (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, t REAL NOT NULL);
"""  # noqa: E501 (a table to a line); value may be NULL, which is how SQLite keeps NaN; t is in seconds since 1970


@final
class RunFolder:
    """The open record of one run; a context manager that closes it.

    Args:
        runs: the folder that holds all runs; it is made if need be.
        name: what ran; it becomes part of the folder's name.
        meta: what `meta.json` holds from the start: versions, seed, settings; all of it JSON.

    Errors: InvalidValue if the folder cannot be written.
    """

    def __init__(self, runs: Path, name: str, meta: Mapping[str, Any]) -> None:
        begun = datetime.now(UTC)
        try:
            self.path = _made(runs, f"{begun:%Y%m%dT%H%M%SZ}-{slug(name)}")
            self._meta = {"schema": SCHEMA, "name": name, "begun": begun.isoformat(), **meta, "ended": None}
            _write_json(self.path / "meta.json", self._meta)
            self._database = sqlite3.connect(self.path / "run.sqlite", check_same_thread=False)
            self._database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_TABLES}")
        except (OSError, sqlite3.Error) as error:
            raise InvalidValue(f"runs is {str(runs)!r} and cannot be written: {error}.") from error
        self._ids: dict[str, int] = {}

    def write(self, piece: Trace) -> None:
        """Add a piece of the trace, in one transaction."""
        now = time.time()
        with self._database:
            for key, series in piece.series.items():
                rows = zip(series.steps.tolist(), series.values.tolist(), strict=True)
                number = self._number(key)
                self._database.executemany(
                    "INSERT INTO point (series, step, value, t) VALUES (?, ?, ?, ?)",
                    [(number, step, value, now) for step, value in rows],
                )
            events = [(event.step, event.kind, event.text, now) for event in piece.events]
            self._database.executemany("INSERT INTO event (step, kind, text, t) VALUES (?, ?, ?, ?)", events)

    def _number(self, key: str) -> int:
        if key not in self._ids:
            row = self._database.execute("INSERT INTO series (key) VALUES (?)", (key,))
            self._ids[key] = int(row.lastrowid or 0)
        return self._ids[key]

    def close(self, ended: Mapping[str, Any] | None = None) -> None:
        """Say how the run ended and leave one plain database file; closing twice does nothing more."""
        if ended is not None:
            self._meta["ended"] = {"at": datetime.now(UTC).isoformat(), **ended}
            _write_json(self.path / "meta.json", self._meta)
        with suppress(sqlite3.Error):  # closed already, or a reader holds the file: it stays readable as it is
            self._database.execute("PRAGMA journal_mode=DELETE")
        self._database.close()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def read(folder: Path) -> Trace:
    """Return the trace that a run's folder holds, of a finished, a running or a killed run.

    Errors: InvalidValue if there is no run there, or a newer surefoot wrote it.
    """
    file = Path(folder) / "run.sqlite"
    schema = read_meta(folder)["schema"]
    if schema > SCHEMA:
        raise InvalidValue(f"{str(folder)!r} was written by a newer surefoot (schema {schema}); update surefoot.")
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
        series = {key: _column(database, number) for number, key in database.execute("SELECT id, key FROM series")}
        events = database.execute("SELECT step, kind, text FROM event ORDER BY id")
        return Trace(series, tuple(Event(*row) for row in events))


def _column(database: sqlite3.Connection, number: int) -> Series:
    rows = database.execute("SELECT step, value FROM point WHERE series = ? ORDER BY step, id", (number,)).fetchall()
    return Series([step for step, _ in rows], [nan if value is None else value for _, value in rows])


def read_meta(folder: Path) -> dict[str, Any]:
    """Return what `meta.json` says; its "ended" is None while the run goes on, or if it was killed.

    Errors: InvalidValue if there is no run there.
    """
    try:
        meta: dict[str, Any] = json.loads((Path(folder) / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidValue(f"{str(folder)!r} holds no run that can be read: {error}.") from error
    return meta


def slug(name: str) -> str:
    """Return a name as the part of a folder's name: small letters, digits and hyphens.

    >>> slug("My task: ResNet/18")
    'my-task-resnet-18'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "run"


def _made(runs: Path, name: str) -> Path:
    """Make a folder that no other run has; two runs may start in the same second."""
    runs.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = runs / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Replace the file whole, so that a reader or a kill never meets half of it."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(part, file)
