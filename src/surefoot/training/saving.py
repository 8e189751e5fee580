"""How a descent is saved: its parts in one checkpoint, where and how often, and who may ask it to end."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from torch import nn

from surefoot.trace import Event
from surefoot.training.checkpoint.checkpoints import EVERY, Checkpoints
from surefoot.training.checkpoint.parts import Part


@final
@dataclass(frozen=True)
class Saving:
    """How a run is saved.

    Args:
        folder: where its checkpoints are; if there are any, the run goes on from the newest that is whole.
        every: seconds between two [>= 0].
        more: what is saved beside the run's own parts, by name.
        before: called before a checkpoint is put in its place: what has to be on the disk by then.
        halt: asked after each step; a reason in words ends the run there, saved.
        notes: why a run that goes on may not do so bit for bit, in words.
    """

    folder: Path
    every: float = EVERY
    more: Mapping[str, Part] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None
    halt: Callable[[], str] = lambda: ""
    notes: Sequence[str] = ()

    def of(self, parts: Mapping[str, nn.Module | Part]) -> "Saved":
        """Return what saves a run that has these parts."""
        whole = {**parts, **self.more}
        return Saved(Checkpoints(self.folder, whole, every=self.every, before=self.before), self.halt, self.notes)


@final
class Saved:
    """Saves one run, and says once what a disk refuses.

    Args:
        checkpoints: of its parts.
        halt: see `Saving`.
        notes: see `Saving`.
    """

    def __init__(self, checkpoints: Checkpoints, halt: Callable[[], str], notes: Sequence[str]) -> None:
        self.checkpoints, self._halt, self._notes, self._told = checkpoints, halt, notes, False

    def resume(self) -> tuple[Event, ...]:
        """Bring the run back to its newest checkpoint; return what there is to tell.

        Errors: InvalidValue if the checkpoint is of another run.
        """
        step = self.checkpoints.resume()
        over = [each.removesuffix(".") for each in self.checkpoints.passed_over]
        begun = f"the run goes on from the checkpoint at step {step}" if step else "no checkpoint is whole"
        said = "; ".join([begun, *over, *(self._notes if step else ())])
        return (Event(step, "resumed", said),) if step or over else ()

    def after(self, step: int) -> str:
        """Save the run after a step if it is time to; return why it is to end here, or nothing."""
        if reason := self._halt():
            kept = self.checkpoints.save_now(step)
            return f"{reason} at step {step}" + (", and can be resumed from there" if kept else "")
        if self.checkpoints.save(step):
            self._warn()
        return ""

    def close(self) -> None:
        """Wait for what is being written."""
        self.checkpoints.close()
        self._warn()

    def _warn(self) -> None:
        if self.checkpoints.fault and not self._told:
            self._told = True
            warnings.warn(f"{self.checkpoints.fault.removesuffix('.')}; the training goes on", stacklevel=2)
