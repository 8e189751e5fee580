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
from torch import Tensor, nn

from surefoot.errors import SurefootError, TaskError, refuse
from surefoot.pytorch.optimizer import Optimizer
from surefoot.stopping import Judge, Never
from surefoot.trace import Event, Series, Trace
from surefoot.training.average import Averaged, RunAverage
from surefoot.training.batches import Batch, epoch
from surefoot.training.best import BestWeights, finite
from surefoot.training.compute import Compute, misplaced
from surefoot.training.groups import Group, grouped, steps_in_epoch
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
        best_step: the step whose weights are in the model, or were the best but for the averaged ones.
        error: what was raised, if the run failed.
        average: what became of the averaged weights, if an average was kept.
    """

    kind: Kind
    step: int
    reason: str
    best_step: int
    error: Exception | None = None
    average: Averaged | None = None


def usual_check(task: Task, steps: int, accumulate: int = 1) -> int:
    """Return after how many steps to check when the user does not say: an epoch, but at most 100 checks in the run."""
    return max(steps_in_epoch(task.train, accumulate) or -(-steps // 20), -(-steps // MOST_CHECKS))


def descend(
    task: Task,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    check_every: int | None = None,
    stopping: Judge | None = None,
    seed: int = 0,
    compute: Compute | None = None,
    accumulate: int = 1,
    average: RunAverage | None = None,
    tell: Callable[[Trace], None] = lambda _: None,
    tick: Callable[[int], None] = lambda _: None,
) -> Ending:
    """Train a model for a number of steps and leave its best weights in it.

    Best is what the stopping rule calls best, judged by the validation penalty. Without validation the latest weights
    stay, but if a penalty was not finite those of the last check whose weights were.

    With `accumulate` a step's gradient is that of its batches put together, each weighted by its items, for a penalty
    that is a mean over items and a model that treats each item alone (batch norm does not). An epoch's last step takes
    what is left of it.

    With an `average` the averaged weights are judged at the end, and are left in the model if they are better.

    Args:
        task: the penalty and the data.
        model: what to train, usually `task.make()`, on the device of `compute`.
        optimizer: any of ours or of torch's, over the model's parameters; feedback, where ours has a rule for it, is
            told the validation penalty of every check.
        steps: steps to take at most [>= 1].
        check_every: steps between checks [>= 1]; `usual_check` if None. The last step is always checked.
        stopping: when to stop early; never if None.
        seed: orders the epochs of `Batches`; other loaders draw from torch's generator.
        compute: where penalties are computed, and in which precision; as the model is if None.
        accumulate: batches in a step [>= 1].
        average: observes the weights after each step; None keeps no average.
        tell: given each piece of the trace as it is read.
        tick: given the number of steps taken, after each; must not wait for the device.

    Errors: InvalidValue if steps, check_every or accumulate is below 1, or the model is on another device.
    """
    compute = compute or Compute()
    counts = {"steps": steps, "check_every": 1 if check_every is None else check_every, "accumulate": accumulate}
    faults = [f"{name} is {n}; it must be at least 1" for name, n in counts.items() if n < 1]
    refuse("descend", faults + misplaced(compute, model))
    every = check_every or usual_check(task, steps, accumulate)
    run = _Descent(task, model, optimizer, steps, every, stopping or Never(), seed, compute, accumulate, average)
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
    ending = Ending(kind, run.taken, reason, run.weights_of, error, run.settle(kind, tell))
    tell(Trace(events=(Event(ending.step, ending.kind, ending.reason),)))
    return ending


@final
@dataclass(eq=False)
class _Descent:
    """The state of one run: where it is, what was not yet read, what was best."""

    task: Task
    model: nn.Module
    optimizer: torch.optim.Optimizer
    steps: int
    check_every: int
    stopping: Judge
    seed: int
    compute: Compute
    accumulate: int
    average: RunAverage | None

    def __post_init__(self) -> None:
        self.taken, self.sound = 0, True
        self.values: list[float] = []
        self.place, self.ledger, self.best = Place(), Ledger(), BestWeights(self.model)

    def go(self, tell: Callable[[Trace], None], tick: Callable[[int], None]) -> tuple[Kind, str]:
        """Take the steps; return the kind of end and its reason."""
        self.model.train()
        self.best.remember(0)
        for _, group in zip(range(self.steps), self.groups(), strict=False):
            self.step(group)
            tick(self.taken)
            checking = self.taken % self.check_every == 0 or self.taken == self.steps
            if (checking or len(self.ledger) >= READ_EVERY) and (fault := self.read(tell)):
                return "diverged", fault
            if checking and (reason := self.check(tell)) and self.taken < self.steps:
                return "stopped", reason
        return "finished", f"all {self.steps} steps were taken"

    def groups(self) -> Iterator[Group]:
        """Go through the training batches, as many at a time as a step takes, epoch after epoch."""
        for number in count():
            self.place.doing("preparing", "training", 0)
            before = self.taken
            yield from grouped(
                self.place.reading(epoch(self.task.train, self.seed, number), "training"), self.accumulate
            )
            if self.taken == before:
                raise TaskError(f"train gave no batches in epoch {number + 1}")

    def step(self, group: Group) -> None:
        """Take one step; nothing in it waits for the device."""
        self.optimizer.zero_grad(set_to_none=True)
        parts = []
        for number, (batch, share) in enumerate(zip(group.batches, group.shares, strict=True), group.first):
            self.place.doing("computing the penalty of", "training", number)
            parts.append(self.add_gradient(batch, share))
        self.ledger.note(self.taken, sum(parts[1:], parts[0]), step_size(self.optimizer))
        self.place.act("taking the step of")
        self.optimizer.step()
        self.taken += 1
        if self.average is not None:
            self.average.observe(self.taken)

    def add_gradient(self, batch: Batch, share: float) -> Tensor:
        """Add a batch's share to the gradient of the step; return its share of the penalty."""
        with self.compute.autocast(self.model):
            penalty = self.task.penalty_of(self.model, self.compute.moved(batch))
        if not penalty.requires_grad:
            raise TaskError("the penalty depends on no parameter that can be trained; look for detach and no_grad")
        self.place.act("computing the gradient of")
        torch.autograd.backward(penalty, torch.full_like(penalty, share))
        return share * penalty.detach().to(torch.promote_types(penalty.dtype, torch.float32))

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
        found = validated(self.task, self.model, self.place, self.compute)
        self.values.append(found["validation_penalty"])
        if isinstance(self.optimizer, Optimizer) and self.optimizer.feedback.plateau is not None:
            self.optimizer.feedback.observe(self.values[-1])
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

    def settle(self, ended: Kind, tell: Callable[[Trace], None]) -> Averaged | None:
        """Leave the averaged weights in the model if they are better; the best on every other way out."""
        if self.average is None:
            return None
        kept = False
        try:
            outcome = self.average.judged(ended, self.taken, self.values, self.stopping)
            kept = outcome.kept
        finally:
            if not kept:
                self.restore()
        tell(Trace(events=(Event(self.taken, "averaged", outcome.text),)))
        return outcome

    def blame(self, error: Exception) -> str:
        """Say what failed, with which batch, in one line."""
        what = str(error).rstrip(".") if isinstance(error, SurefootError) else f"{type(error).__name__}: {error}"
        return f"{self.place} (step {self.taken}) failed: {' '.join(what.split())}"
