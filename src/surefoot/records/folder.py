"""One folder per run: `meta.json` (what ran, and how it ended), its log, and whatever else the run leaves there."""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

import numpy as np
from filelock import Timeout
from numpy.typing import ArrayLike

from surefoot.errors import InvalidValue
from surefoot.records.database import Database
from surefoot.records.journal import NAME as LINES
from surefoot.records.journal import Journal
from surefoot.records.lock import RunLock, myself
from surefoot.records.meta import known_meta, read_meta, write_meta
from surefoot.records.place import Form, form_for
from surefoot.records.pyramid import Layout
from surefoot.records.store import Store
from surefoot.records.writer import MOST_WAITING, Writer
from surefoot.trace import SCHEMA, Trace


@final
class RunFolder:
    """The record of one run, open for writing; a context manager that closes it.

    `made` and `opened` give one. Nothing it is told makes the caller wait: a thread writes, about once a second. A disk
    that fails ends the record and never raises: `fault` then says why. In a forked child all of it does nothing.

    Args:
        path: the folder.
        meta: what `meta.json` is to say.
        lock: held for as long as it is open.
        opened: makes the log.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as runs, RunFolder.made(runs, "My task", {"seed": 3}) as run:
    ...     run.tell(Trace()); run.flush(); print(run.told, run.path.name[-7:])
    1 my-task
    """

    def __init__(self, path: Path, meta: Mapping[str, Any], lock: RunLock, opened: Callable[[], Store]) -> None:
        self.path = path
        self.meta: dict[str, Any] = {**meta, "process": myself()}
        self._lock = lock
        try:
            write_meta(path, self.meta)
            self._writer = Writer(opened)
        except BaseException:
            lock.release()
            raise
        self.told = self._writer.told
        self._fault: str | None = None
        self._fewer: int | None = None
        self._open = True

    told: int
    """How many pieces were told so far, in this process and before; a checkpoint notes it."""

    @classmethod
    def made(cls, runs: str | Path, name: str, meta: Mapping[str, Any], form: Form | None = None) -> "RunFolder":
        """Make the folder of a new run.

        Args:
            runs: the folder that holds all runs; it is made if need be.
            name: what runs; it becomes part of the folder's name.
            meta: what `meta.json` says from the start: versions, seed, settings; all of it JSON.
            form: sqlite or jsonl; as the disk allows if None.

        Errors: InvalidValue if the folder cannot be written.
        """
        begun = datetime.now(UTC)
        said = {"schema": SCHEMA, "name": name, "begun": begun.isoformat(), **meta, "ended": None}
        try:
            path = _new(Path(runs), f"{begun:%Y%m%dT%H%M%SZ}-{slug(name)}")
            store = {"sqlite": Database, "jsonl": Journal}[form_for(path, form)]
            return cls(path, said, RunLock(path), lambda: store(path))
        except (OSError, sqlite3.Error) as error:
            raise InvalidValue(f"runs is {str(runs)!r} and cannot be written: {error}.") from error

    @classmethod
    def opened(cls, path: str | Path) -> "RunFolder":
        """Open the folder of a run that is to go on; "ended" is None again in its `meta.json`.

        Errors: InvalidValue if there is no run, another process writes to it, an older or newer surefoot wrote it, or
        it cannot be written.
        """
        where = Path(path)
        meta = known_meta(where)
        if meta["schema"] < SCHEMA:
            raise InvalidValue(f"{str(path)!r} was written by an older surefoot; it can be read, and a new run begun.")
        store = Journal if (where / LINES).exists() else Database
        try:
            lock = RunLock(where)
            known = known_meta(where)  # again: who held the lock may have changed it
            again = [*known.get("resumed", []), datetime.now(UTC).isoformat()]
            return cls(where, {**known, "resumed": again, "ended": None}, lock, lambda: store(where))
        except Timeout as error:
            raise InvalidValue(f"{str(path)!r} is being written by {_holder(where)}; stop that or wait.") from error
        except (OSError, sqlite3.Error) as error:
            raise InvalidValue(f"{str(path)!r} cannot be written: {error}.") from error

    def tell(self, piece: Trace) -> None:
        """Add a piece of the trace; returns at once."""
        self.told += 1
        self._writer.put(piece)
        if len(self._writer.waiting) > MOST_WAITING:
            self._writer.stop("the disk takes it too slowly")

    def begin_layers(self, names: Sequence[str], columns: Sequence[str]) -> None:
        """Say of which tensors figures will come, and which; a run that goes on must have the same.

        One that was begun when there were fewer columns goes on with the first of them, and the others are left out.

        Errors: InvalidValue if the run has others already.
        """
        layout, before = Layout(tuple(names), tuple(columns)), self._writer.layout
        if before is not None and layout != before:
            if (before.names, before.columns) != (layout.names, layout.columns[: len(before.columns)]):
                raise InvalidValue(f"{str(self.path)!r} was begun with other layers; begin a new run for these.")
            layout, self._fewer = before, len(before.columns)
        self._writer.layout = layout
        self._writer.ask(lambda log: log.lay_out(layout))

    def layers(self, step: int, figures: ArrayLike) -> None:
        """Add the figures [tensors, columns] of a step, which never falls; they are copied, and it returns at once."""
        found = np.array(figures)
        self._writer.put((step, found if self._fewer is None else found[:, : self._fewer]))
        if len(self._writer.waiting) > MOST_WAITING:
            self._writer.stop("the disk takes it too slowly")

    def flush(self) -> None:
        """Return when all that was told so far is where a killed process does not lose it, or `fault` says why not."""
        self._writer.ask()

    def rewind(self, told: int, step: int) -> None:
        """Forget the pieces after the first `told`, and figures of layers from a step on: they are told again."""
        self._writer.ask(lambda log: log.rewind(told, step))
        self.told = told

    @property
    def fault(self) -> str | None:
        """Why nothing is recorded any more, or None."""
        return self._fault or self._writer.fault

    def close(self, ended: Mapping[str, Any] | None = None) -> None:
        """Say how the run ended and leave plain files; closing twice does nothing more."""
        if self._writer.silent or not self._open:
            return
        self._open = False
        self._writer.close()
        try:
            if ended is not None:
                self.meta["ended"] = {"at": datetime.now(UTC).isoformat(), **ended}
                write_meta(self.path, self.meta)
        except OSError as error:
            self._fault = self.fault or f"how it ended cannot be written: {error}"
        finally:
            self._lock.release()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def slug(name: str) -> str:
    """Return a name as the part of a folder's name: small letters, digits and hyphens.

    >>> slug("My task: ResNet/18")
    'my-task-resnet-18'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "run"


def _new(runs: Path, name: str) -> Path:
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


def _holder(path: Path) -> str:
    who = read_meta(path).get("process", {})
    return f"process {who.get('pid', '?')} on {who.get('host', '?')}"
