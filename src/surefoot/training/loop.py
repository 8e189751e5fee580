"""The loop: batches, gradients and steps, read and checked now and then, with the best weights left in the model.

`descend` never raises for what the user's data, model or metrics do, nor for Ctrl-C: it returns how the run ended, so
that there is one way out and the best weights are back on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal, TypeAlias, final

import numpy as np
import torch
from torch import nn

from surefoot.errors import SurefootError, TaskError, refuse
from surefoot.stopping import Judge, Never
from surefoot.trace import Event, Series, Trace
from surefoot.training.batches import Batch, epoch, length
from surefoot.training.best import BestWeights, finite
from surefoot.training.ledger import Ledger, step_size
from surefoot.training.place import Place
from surefoot.training.task import Task
from surefoot.training.validation import validated

READ_EVERY = 100
"""Steps after which penalties are read at the latest: one wait for the device in a hundred steps costs nothing, and a
penalty that is not finite is noticed soon, however long an epoch is. A count and not a clock, so runs repeat."""

MOST_CHECKS = 100
"""Checks in a run when none are asked for: an epoch of a few steps is no reason to judge after each of them."""

Kind: TypeAlias = Literal["finished", "stopped", "diverged", "interrupted", "failed"]


@final
@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Args:
        kind: finished (all steps), stopped (early, by the stopping rule), diverged (a penalty was not finite),
            interrupted (Ctrl-C) or failed (the user's code or the optimizer raised).
        step: steps taken.
        reason: why, in words.
        best_step: the step whose weights are in the model.
        error: what was raised, if the run failed.
    """

    kind: Kind
    step: int
    reason: str
    best_step: int
    error: Exception | None = None


def usual_check(task: Task, steps: int) -> int:
    """Return after how many steps to check when the user does not say: an epoch, but at most 100 checks in the run."""
    return max(length(task.train) or -(-steps // 20), -(-steps // MOST_CHECKS))


def descend(
    task: Task,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    check_every: int | None = None,
    stopping: Judge | None = None,
    seed: int = 0,
    tell: Callable[[Trace], None] = lambda _: None,
    tick: Callable[[int], None] = lambda _: None,
) -> Ending:
    """Train a model for a number of steps and leave its best weights in it.

    Best is what the stopping rule calls best, judged by the validation penalty. Without validation the latest weights
    stay, but if a penalty was not finite those of the last check whose weights were.

    Args:
        task: the penalty and the data.
        model: what to train, usually `task.make()`.
        optimizer: any of ours or of torch's, over the model's parameters.
        steps: steps to take at most [>= 1].
        check_every: steps between checks [>= 1]; `usual_check` if None. The last step is always checked.
        stopping: when to stop early; never if None.
        seed: orders the epochs of `Batches`; other loaders draw from torch's generator.
        tell: given each piece of the trace as it is read.
        tick: given the number of steps taken, after each; must not wait for the device.

    Errors: InvalidValue if steps or check_every is below 1.
    """
    counts = {"steps": steps, "check_every": 1 if check_every is None else check_every}
    refuse("descend", [f"{name} is {n}; it must be at least 1" for name, n in counts.items() if n < 1])
    run = _Descent(task, model, optimizer, steps, check_every or usual_check(task, steps), stopping or Never(), seed)
    try:
        kind, reason = run.go(tell, tick)
        error = None
    except KeyboardInterrupt:
        kind, reason, error = "interrupted", f"interrupted by you at step {run.taken}", None
    except Exception as caught:  # of the user's code: any kind
        kind, reason, error = "failed", run.blame(caught), caught
    finally:
        run.restore()  # also on what is not caught here, such as sys.exit
    run.read(tell)
    run.restore()  # again: the last reading may have shown that weights no check had judged are not sound
    ending = Ending(kind, run.taken, reason, run.weights_of, error)
    tell(Trace(events=(Event(ending.step, ending.kind, ending.reason),)))
    return ending


@final
class _Descent:
    """The state of one run: where it is, what was not yet read, what was best."""

    def __init__(
        self,
        task: Task,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        steps: int,
        check_every: int,
        stopping: Judge,
        seed: int,
    ) -> None:
        self.task, self.model, self.optimizer = task, model, optimizer
        self.steps, self.check_every, self.stopping, self.seed = steps, check_every, stopping, seed
        self.taken, self.sound = 0, True
        self.values: list[float] = []
        self.place, self.ledger, self.best = Place(), Ledger(), BestWeights(model)

    def go(self, tell: Callable[[Trace], None], tick: Callable[[int], None]) -> tuple[Kind, str]:
        """Take the steps; return the kind of end and its reason."""
        self.model.train()
        self.best.remember(0)
        for _, batch in zip(range(self.steps), self.batches(), strict=False):
            self.step(batch)
            tick(self.taken)
            checking = self.taken % self.check_every == 0 or self.taken == self.steps
            if (checking or len(self.ledger) >= READ_EVERY) and (fault := self.read(tell)):
                return "diverged", fault
            if checking and (reason := self.check(tell)) and self.taken < self.steps:
                return "stopped", reason
        return "finished", f"all {self.steps} steps were taken"

    def batches(self) -> Iterator[Batch]:
        """Go through the training batches, epoch after epoch."""
        for number in count():
            self.place.doing("preparing", "training", 0)
            before = self.taken
            yield from self.place.reading(epoch(self.task.train, self.seed, number), "training")
            if self.taken == before:
                raise TaskError(f"train gave no batches in epoch {number + 1}")

    def step(self, batch: Batch) -> None:
        """Take one step; nothing in it waits for the device."""
        self.place.act("computing the penalty of")
        penalty = self.task.penalty_of(self.model, batch)
        if not penalty.requires_grad:
            raise TaskError("the penalty depends on no parameter that can be trained; look for detach and no_grad")
        self.place.act("computing the gradient of")
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(penalty)
        self.ledger.note(self.taken, penalty.detach(), step_size(self.optimizer))
        self.place.act("taking the step of")
        self.optimizer.step()
        self.taken += 1

    def read(self, tell: Callable[[Trace], None]) -> str | None:
        """Read the penalties since the last reading; return what is wrong with them, or None."""
        piece = self.ledger.read()
        tell(piece)
        penalties = piece["penalty"]
        bad = np.flatnonzero(~np.isfinite(penalties.values))
        if not len(bad):
            return None
        self.sound = False
        value, step = penalties.values[bad[0]], penalties.steps[bad[0]]
        return f"the training penalty was {value} at step {step}; try a smaller step size"

    def check(self, tell: Callable[[Trace], None]) -> str | None:
        """Judge the weights and remember them if they are the best; return why to stop, or None."""
        if self.task.validation is None:
            if finite(self.model):
                self.best.remember(self.taken)
            return None
        found = validated(self.task, self.model, self.place)
        self.values.append(found["validation_penalty"])
        verdict = self.stopping.verdict(self.values)
        events: tuple[Event, ...] = ()
        if verdict.best == len(self.values) - 1:
            self.best.remember(self.taken)
            events = (Event(self.taken, "best", f"the validation penalty is {self.values[-1]:.4g}, the best so far"),)
        tell(Trace({name: Series([self.taken], [value]) for name, value in found.items()}, events))
        return verdict.reason.removeprefix("Stop: ").rstrip(".") if verdict.stop else None

    @property
    def judged(self) -> bool:
        """Whether the best weights are to be put back: they were judged, or the present ones are not sound."""
        return bool(self.values) or not self.sound

    @property
    def weights_of(self) -> int:
        return (self.best.step or 0) if self.judged else self.taken

    def restore(self) -> None:
        """Leave the best weights in the model."""
        if self.judged:
            self.best.restore()

    def blame(self, error: Exception) -> str:
        """Say what failed, with which batch, in one line."""
        what = str(error).rstrip(".") if isinstance(error, SurefootError) else f"{type(error).__name__}: {error}"
        return f"{self.place} (step {self.taken}) failed: {' '.join(what.split())}"
