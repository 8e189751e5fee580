"""Where the pieces of a run's trace go: into memory, into its folder, onto the progress line."""

import sqlite3
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, final

from surefoot.records.folder import RunFolder
from surefoot.trace import Trace, joined
from surefoot.training.progress import Progress


@final
class Recorder:
    """Takes a run's pieces as they come; a context manager, so that a record is closed on every exit.

    Args:
        name: the task's name.
        steps: steps of the whole run; None if nobody knows.
        runs: the folder for records, or None to keep the trace in memory only.
        meta: what the record says from the start.
        live: whether to show progress on a terminal.

    Errors: InvalidValue if the folder cannot be written.
    """

    def __init__(self, name: str, steps: int | None, runs: Path | None, meta: Mapping[str, Any], *, live: bool) -> None:
        self._pieces: list[Trace] = []
        self._folder = RunFolder(runs, name, meta) if runs else None
        self._progress = Progress(name, steps) if live else None
        self._full = self._ended = False

    @property
    def path(self) -> Path | None:
        """The folder of this run, or None."""
        return self._folder.path if self._folder else None

    def tick(self, taken: int) -> None:
        """Pass a step on to the progress line."""
        if self._progress:
            self._progress.tick(taken)

    def raced(self, outcome: object) -> None:
        """Show what a search has just tried; what it found is told at its end."""
        if self._progress:
            self._progress.raced(str(outcome))

    def tell(self, piece: Trace) -> None:
        """Take a piece; a disk that fails ends the record with a warning, never the training."""
        self._pieces.append(piece)
        if self._progress:
            self._progress.tell(piece)
        if self._folder and not self._full:
            try:
                self._folder.write(piece)
            except sqlite3.Error as error:
                self._full = True
                warnings.warn(f"the record in {self.path} ends here ({error}); the training goes on", stacklevel=2)

    def trace(self) -> Trace:
        """Return all pieces so far as one trace."""
        return joined(self._pieces)

    def end(self, outcome: Mapping[str, Any]) -> None:
        """Write how the run ended and close the record."""
        if self._folder and not self._ended:
            self._ended = True
            try:
                self._folder.close(outcome)
            except OSError as error:
                warnings.warn(f"the end could not be written to {self.path} ({error})", stacklevel=2)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.close()
        if error is not None:
            self.end({"ended": "failed", "reason": f"{type(error).__name__}: {error}"})
        if self._folder:
            self._folder.close()
