"""Where the pieces of a run's trace go: into memory, into its folder, onto the progress line."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, final

from numpy.typing import ArrayLike

from surefoot.records.folder import RunFolder
from surefoot.records.reading import read
from surefoot.trace import Trace, joined
from surefoot.training.progress import Progress


@final
class Recorder:
    """Takes a run's pieces as they come; a context manager, so that a record is closed on every exit.

    Args:
        name: the task's name.
        steps: steps of the whole run; None if nobody knows.
        folder: the run's record, which it closes; None keeps the trace in memory only.
        live: whether to show progress on a terminal.
    """

    def __init__(self, name: str, steps: int | None, folder: RunFolder | None, *, live: bool) -> None:
        self._pieces: list[Trace] = []
        self._folder = folder
        self._progress = Progress(name, steps) if live else None
        self._warned, self._taken = False, 0

    @property
    def path(self) -> Path | None:
        """The folder of this run, or None."""
        return self._folder.path if self._folder else None

    def tick(self, taken: int) -> None:
        """Pass a step on to the progress line."""
        self._taken = taken
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
        if self._folder:
            self._folder.tell(piece)
            self._warn()

    def begin_layers(self, names: Sequence[str], columns: Sequence[str]) -> None:
        """Say of which tensors figures will come, and which."""
        if self._folder:
            self._folder.begin_layers(names, columns)

    def layers(self, step: int, figures: ArrayLike) -> None:
        """Take the figures [tensors, columns] of a step; they are in the folder alone."""
        if self._folder:
            self._folder.layers(step, figures)

    def _warn(self) -> None:
        """Say once that the record has ended before the training."""
        if self._folder and self._folder.fault and not self._warned:
            self._warned = True
            what = f"the record in {self.path} ends here ({self._folder.fault}); the training goes on"
            warnings.warn(what, stacklevel=3)

    def flush(self) -> None:
        """Return when all that was told is on the disk."""
        if self._folder:
            self._folder.flush()

    def state_dict(self) -> dict[str, Any]:
        """Return how much was told, for a checkpoint."""
        return {"told": self._folder.told if self._folder else 0, "step": self._taken}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take back what was told after a checkpoint, and read what was told before it."""
        if self._folder:
            self._folder.rewind(state_dict["told"], state_dict["step"])
            self._pieces = [read(self._folder.path)]

    def trace(self) -> Trace:
        """Return all pieces so far as one trace."""
        return joined(self._pieces)

    def end(self, outcome: Mapping[str, Any]) -> None:
        """Write how the run ended and close the record."""
        if self._folder:
            self._folder.close(outcome)
            self._warn()

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
