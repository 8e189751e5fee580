"""The ways to train a workload: ours, grids of a patient person's, torch's defaults, tools that promise no tuning.

All have the same budget of steps, the same start and batches for a seed, 20 checks, and the weights of the best check.
What a way spends before its run (the range test) is counted in its steps and comes on top of the budget.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, final

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, OneCycleLR

from benchmarks.tuning.parts import ADVICE
from benchmarks.tuning.suggestion import suggested
from benchmarks.tuning.workloads import Workload
from surefoot.errors import MissingPackage
from surefoot.fitting import fit
from surefoot.pytorch.averager import refresh_statistics
from surefoot.pytorch.matrices.hybrid import MuonAdamW
from surefoot.schedules import linear, warmup
from surefoot.trace import Trace, joined
from surefoot.training.batches import epoch
from surefoot.training.generators import seeded
from surefoot.training.loop import Ending, descend

try:
    import torch_lr_finder  # noqa: F401  (so that its absence is told before the first run)
    from prodigyopt import Prodigy
    from schedulefree import AdamWScheduleFree
except ImportError as error:
    raise MissingPackage(f"{error.name} is not installed; {ADVICE}") from error

WARM_UP = 0.05
"""Share of the budget in which the step size of the grids rises."""

COURSE = warmup(WARM_UP) >> linear(to=0.0)
"""The course of the step size in Muon's grid: that of `fit`, and of the literature on Muon."""

REFRESHED = 50
"""Training batches for batch norms' statistics at Schedule-Free's averaged weights, as its own documentation says."""


@final
@dataclass(frozen=True)
class Reached:
    """What a run reached.

    Args:
        validation: the lowest validation penalty of its checks; inf if no check was finite.
        test: the test penalty of the weights that had it.
        metric: the test metrics of these weights.
        steps: steps taken, with those before the run proper.
        step_size: the peak it was given or found; nan if it has none.
        seconds: time taken, checks included.
        best_step: the step of the best check.
        ended: finished, stopped or diverged.
    """

    validation: float
    test: float
    metric: dict[str, float]
    steps: int
    step_size: float
    seconds: float
    best_step: int
    ended: str


def adamw(workload: Workload, seed: int, *, step_size: float, decay: float) -> Reached:
    """Train with torch's AdamW, decay on all parameters, warm-up and cosine to zero."""
    return _scheduled(workload, seed, lambda p: torch.optim.AdamW(p, lr=step_size, weight_decay=decay), step_size)


def nesterov(workload: Workload, seed: int, *, step_size: float, decay: float) -> Reached:
    """Train with torch's SGD with Nesterov's momentum 0.9, warm-up and cosine to zero."""
    make = partial(torch.optim.SGD, lr=step_size, momentum=0.9, nesterov=True, weight_decay=decay)
    return _scheduled(workload, seed, make, step_size)


def muon(workload: Workload, seed: int, *, step_size: float, decay: float) -> Reached:
    """Train with Muon on hidden matrices and AdamW elsewhere, under a warm-up and a line to zero."""
    model, begun = _begun(workload, seed)
    schedule = COURSE.over(steps=workload.steps)
    optimizer = MuonAdamW(model, step_size=step_size, decay=decay, schedule=schedule)
    return _descended(workload, seed, model, optimizer, begun, step_size=step_size)


def defaults_adamw(workload: Workload, seed: int) -> Reached:
    """Train with torch's AdamW as it comes: step size 1e-3 throughout, decay 0.01."""
    model, begun = _begun(workload, seed)
    return _descended(workload, seed, model, torch.optim.AdamW(model.parameters()), begun, step_size=1e-3)


def defaults_sgd(workload: Workload, seed: int) -> Reached:
    """Train with torch's SGD as it comes: step size 1e-3 throughout, no momentum."""
    model, begun = _begun(workload, seed)
    return _descended(workload, seed, model, torch.optim.SGD(model.parameters()), begun, step_size=1e-3)


def prodigy(workload: Workload, seed: int) -> Reached:
    """Train with Prodigy as its documentation recommends: lr=1, no decay, cosine annealing over the whole run."""
    model, begun = _begun(workload, seed)
    optimizer = Prodigy(model.parameters(), lr=1.0)
    schedule = CosineAnnealingLR(optimizer, T_max=workload.steps)
    reached = _descended(workload, seed, model, optimizer, begun, tick=lambda _: schedule.step())
    return replace(reached, step_size=float(optimizer.param_groups[0]["d"]))  # what it found


def schedule_free(workload: Workload, seed: int) -> Reached:
    """Train with Schedule-Free AdamW at its defaults with warm-up, judged and kept at its averaged weights."""
    model, begun = _begun(workload, seed)
    optimizer = Averaging(model.parameters(), warmup_steps=_warm(workload))
    judge = partial(_at_average, workload, seed, model, optimizer)
    return _descended(workload, seed, model, optimizer, begun, tick=judge, step_size=optimizer.param_groups[0]["lr"])


@final
class Averaging(AdamWScheduleFree):
    """Schedule-Free AdamW that goes back to where gradients are taken whenever a step begins.

    `descend` begins a step with `zero_grad` and checks right after `tick`, which changes to the averaged weights.
    """

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Put the weights at which the gradient is taken into the model."""
        self.train()
        super().zero_grad(set_to_none)


def _at_average(workload: Workload, seed: int, model: nn.Module, optimizer: Averaging, taken: int) -> None:
    """Put the averaged weights into the model before a check, with batch norms' statistics measured at them."""
    if taken % workload.check_every == 0 or taken == workload.steps:
        optimizer.eval()
        refresh_statistics(model, itertools.islice(epoch(workload.task.train, seed, 0), REFRESHED))


def lr_finder(workload: Workload, seed: int) -> Reached:
    """Train with AdamW and torch's OneCycleLR, whose largest step size is torch-lr-finder's suggestion.

    The range test is that of its own example; where it ends too early for a suggestion, AdamW's default is taken.
    """
    model, begun = _begun(workload, seed)
    found, spent = suggested(workload.task, seed, model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=found)
    schedule = OneCycleLR(optimizer, max_lr=found, total_steps=workload.steps)
    return _descended(
        workload, seed, model, optimizer, begun, tick=lambda _: schedule.step(), step_size=found, spent=spent
    )


def fitted(choices: Mapping[str, Any], workload: Workload, seed: int, *, step_size: float | None = None) -> Reached:
    """Train with `fit`, which searches where no step size is given; its search is counted in the steps.

    Args:
        choices: other arguments of `fit`, such as {"rule": "adamw"} or {"average": False}.
        workload: what to train.
        seed: of the run.
        step_size: the peak; found by `fit` if None.
    """
    begun = perf_counter()
    run = fit(
        workload.task, steps=workload.steps, step_size=step_size, seed=seed, progress=False,
        **{"check_every": workload.check_every, **choices},
    )  # fmt: skip
    seconds = perf_counter() - begun
    best = run.best.get("validation_penalty", math.inf)
    spent = run.search.cost if run.search is not None else 0
    peak = float(run.settings["step_size"])
    return _judged(workload, run.model, run.ending, best, run.ending.step + spent, peak, seconds)


def _begun(workload: Workload, seed: int) -> tuple[nn.Module, float]:
    """Return the model a seed gives, and when the run began."""
    begun = perf_counter()
    seeded(seed)
    return workload.task.make(), begun


def _warm(workload: Workload) -> int:
    return max(1, round(WARM_UP * workload.steps))


def _scheduled(
    workload: Workload, seed: int, make: Callable[[Any], torch.optim.Optimizer], step_size: float
) -> Reached:
    """Train under a warm-up and a cosine to zero, as torch's users write them."""
    model, begun = _begun(workload, seed)
    optimizer, warm, steps = make(model.parameters()), _warm(workload), workload.steps

    def factor(step: int) -> float:
        return (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))

    schedule = LambdaLR(optimizer, factor)
    return _descended(workload, seed, model, optimizer, begun, tick=lambda _: schedule.step(), step_size=step_size)


def _descended(
    workload: Workload, seed: int, model: nn.Module, optimizer: torch.optim.Optimizer, begun: float, *,
    tick: Callable[[int], None] = lambda _: None, step_size: float = math.nan, spent: int = 0,
) -> Reached:  # fmt: skip
    """Train a model with an optimizer over the budget and judge what the best check left."""
    pieces: list[Trace] = []
    ending = descend(
        workload.task, model, optimizer, steps=workload.steps, check_every=workload.check_every, seed=seed,
        tell=pieces.append, tick=tick,
    )  # fmt: skip
    seconds = perf_counter() - begun
    trace = joined(pieces)
    penalties = [value for value in trace["validation_penalty"].values if math.isfinite(value)]
    if ending.kind == "failed" and all(map(math.isfinite, trace["penalty"].values)):
        raise RuntimeError(f"{workload.name}: {ending.reason}") from ending.error
    best = min(penalties, default=math.inf)
    return _judged(workload, model, ending, best, ending.step + spent, step_size, seconds)


def _judged(
    workload: Workload, model: nn.Module, ending: Ending, best: float, steps: int, step_size: float, seconds: float
) -> Reached:
    if ending.kind == "interrupted":
        raise KeyboardInterrupt
    ended = "diverged" if ending.kind == "failed" else ending.kind
    found = workload.tested(model) if math.isfinite(best) else {"penalty": math.inf}
    test = found.pop("penalty")
    return Reached(best, test, found, steps, step_size, seconds, ending.best_step, ended)
