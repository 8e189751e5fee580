"""The loop: batches, gradients and steps, read and checked now and then, with the best weights left in the model.

`descend` never raises for what the user's data, model or metrics do, nor for Ctrl-C: it returns how the run ended, so
that there is one way out and the best weights are back on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import final

import torch
from torch import nn

from surefoot.errors import refuse
from surefoot.pytorch.optimizer import Optimizer
from surefoot.stopping import Judge, Never
from surefoot.trace import Event, Trace
from surefoot.training.average import Averaged, RunAverage
from surefoot.training.best import BestWeights
from surefoot.training.checkpoint.checkpoints import Cost
from surefoot.training.compute import Compute, misplaced
from surefoot.training.descent import Descent, Kind
from surefoot.training.doctor import Doctor
from surefoot.training.footing import Footing
from surefoot.training.groups import steps_in_epoch
from surefoot.training.layer_figures import LayerFigures
from surefoot.training.open_end import OpenEnd
from surefoot.training.saving import Saving
from surefoot.training.task import Task

MOST_CHECKS = 100
"""Checks in a run when none are asked for: an epoch of a few steps is no reason to judge after each of them."""


@final
@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Args:
        kind: finished (all steps), stopped (early, by the stopping rule), diverged (a penalty was not finite;
            with a guard: it fell again and again),
            interrupted (Ctrl-C) or failed (the user's code or the optimizer raised).
        step: steps taken.
        reason: why, in words.
        best_step: the step whose weights are in the model, or were the best but for the averaged ones.
        error: what was raised, if the run failed.
        average: what became of the averaged weights, if an average was kept.
        saved: what saving the run has cost, if it was saved.
    """

    kind: Kind
    step: int
    reason: str
    best_step: int
    error: Exception | None = None
    average: Averaged | None = None
    saved: Cost | None = None


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
    end: OpenEnd | None = None,
    begun: float | None = None,
    doctor: Doctor | None = None,
    saving: Saving | None = None,
    best: BestWeights | None = None,
    layers: LayerFigures | None = None,
    guard: Footing | None = None,
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

    With an `end` the run holds its step size until that says so, and is then cooled down to zero and ends; nothing
    stops it while it cools. The optimizer is one of ours, whose schedule it replaces.

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
        end: leads a run of unknown length to its end; `steps` are then the most it may take.
        doctor: over this model and optimizer; it is shown every penalty, what it finds is told, and it is closed when
            the last step was taken.
        saving: how the run is saved, and where from it goes on; None does neither.
        best: remembers the best weights; a copy of the model's own if None.
        layers: is shown every step's figures of every tensor.
        guard: leaves out steps that are not finite, and after a fall lets the run go on from its best weights with a
            smaller step size; it is over this model and optimizer. None ends the run at the first penalty that is not
            finite.
        begun: when the whole began, by `time.perf_counter`, for an end by the clock; now if None.
        tell: given each piece of the trace as it is read.
        tick: given the number of steps taken, after each; must not wait for the device.

    Errors: InvalidValue if steps, check_every or accumulate is below 1, or the model is on another device.
    """
    compute = compute or Compute()
    counts = {"steps": steps, "check_every": 1 if check_every is None else check_every, "accumulate": accumulate}
    faults = [f"{name} is {n}; it must be at least 1" for name, n in counts.items() if n < 1]
    refuse("descend", faults + misplaced(compute, model) + _end_faults(optimizer, end))
    every = check_every or usual_check(task, steps, accumulate)
    run = Descent(
        task, model, optimizer, steps, every, stopping or Never(), seed, compute, accumulate, average, end,
        perf_counter() if begun is None else begun, doctor, saving, best, layers, guard,
    )  # fmt: skip
    if run.saved is not None:
        tell(Trace(events=run.saved.resume()))
    try:
        kind, reason = run.go(tell, tick)
        error = None
    except KeyboardInterrupt:
        kind, reason, error = "interrupted", f"interrupted by you at step {run.taken}", None
    except Exception as caught:  # of the user's code: any kind
        kind, reason, error = "failed", run.blame(caught), caught
    finally:
        run.close()
        run.restore()  # also on what is not caught here, such as sys.exit
    run.read(tell)
    run.restore()  # again: the last reading may have shown that weights no check had judged are not sound
    ending = Ending(kind, run.taken, reason, run.weights_of, error, run.settle(kind, tell), run.cost)
    tell(Trace(events=(Event(ending.step, ending.kind, ending.reason),)))
    return ending


def _end_faults(optimizer: torch.optim.Optimizer, end: OpenEnd | None) -> list[str]:
    if end is None or isinstance(optimizer, Optimizer):
        return []
    return [f"end needs an optimizer whose schedule can be replaced, one of ours; {type(optimizer).__name__} has none"]
