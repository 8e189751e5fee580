"""The range test: the step size rises over a few real batches, and the penalty says which are of use."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast, final

import numpy as np
import torch

from surefoot.errors import refuse
from surefoot.schedules import constant
from surefoot.search.ramp import Ramp
from surefoot.search.snapshot import Snapshot
from surefoot.search.start import Way, begun, penalties_of, sources_of, unmarked
from surefoot.trace import Trace
from surefoot.training.best import no_weights
from surefoot.training.choices import FIELD, choice_of, no_choice, optimizer_of
from surefoot.training.compute import Compute
from surefoot.training.loop import descend
from surefoot.training.sources import MEMORY, again
from surefoot.training.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BELOW, ABOVE = 1e-4, 1e3
"""Where a ramp begins and ends, in units of the rule's usual step size."""

LEAST_WIDTH = 0.25
"""Decades that an interval has at least on either side: no ramp of a hundred steps knows better."""


@final
@dataclass(frozen=True)
class Range:
    """What a range test found.

    Args:
        task: the task's name.
        rule: the rule's.
        decay: with which it stepped.
        ramps: one for each seed.
        step_size: the suggestion, the middle of the interval in the logarithm; None if the penalty never fell.
        low: where the penalty falls fastest per decade of step size; None likewise.
        high: where it is lowest.
        steps: what the test cost, in steps.
    """

    task: str
    rule: str
    decay: float
    ramps: tuple[Ramp, ...]
    step_size: float | None
    low: float | None
    high: float | None
    steps: int

    def summary(self) -> str:
        """Return what was found, in a line or two."""
        cost = f"{len(self.ramps)} ramp{'s' * (len(self.ramps) > 1)}, {self.steps} steps"
        if self.step_size is None:
            return f"{self.task}: with {self.rule} the penalty fell at no step size that was tried ({cost})"
        return f"{self.task}: {self.rule} at {self.step_size:.3g}, from {self.low:.3g} to {self.high:.3g} ({cost})"

    def figure(self) -> "Figure":
        """Return a matplotlib figure: the penalty over the step size, with the suggestion and its interval.

        Errors: MissingPackage if matplotlib is not installed.
        """
        from surefoot.search.figures import range_figure

        ends = (self.low, self.step_size, self.high)
        interval = None if None in ends else cast("tuple[float, float, float]", ends)
        return range_figure(f"{self.task}: range test of {self.rule}", self.ramps, interval)

    def to_json(self) -> dict[str, Any]:
        """Return what was found as plain values that JSON holds."""
        ramps = [
            {"seed": ramp.seed, "step_sizes": list(ramp.step_sizes), "fastest": ramp.fastest, "lowest": ramp.lowest,
             "penalties": [value if math.isfinite(value) else None for value in ramp.penalties]}
            for ramp in self.ramps
        ]  # fmt: skip
        return {
            "task": self.task, "rule": self.rule, "decay": self.decay, "step_size": self.step_size, "low": self.low,
            "high": self.high, "steps": self.steps, "ramps": ramps,
        }  # fmt: skip


def range_test(
    task: Task,
    *,
    rule: str = FIELD[0],
    decay: float | None = None,
    low: float | None = None,
    high: float | None = None,
    steps: int = 100,
    ramps: int = 3,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    accumulate: int = 1,
    memory: int = MEMORY,
) -> Range:
    """Let the step size rise over real batches; return the step sizes of use, and their middle as the suggestion.

    They reach from where the penalty falls fastest, per decade of step size, to where it is lowest.

    Each ramp begins as `fit` would with its seed. Afterwards the task's model, the random generators and the place in
    the data are as they were, bit for bit; what cannot be begun again is kept in memory, or refused.

    Source: L. N. Smith 2015 (arXiv:1506.01186). The slope is taken in the logarithm of the step size, as that is what
    is spread evenly.

    Args:
        task: what to train.
        rule: the name of any rule, as in `fit`.
        decay: decoupled weight decay; what `fit` takes for the rule if None.
        low: the first step size [> 0]; a ten-thousandth of the rule's usual one if None.
        high: the last [> low]; a thousand times the usual one if None.
        steps: steps of a ramp [>= 10].
        ramps: how many, with seeds that follow one another [>= 1].
        seed: the first [0 to 2**32 - 1].
        device: as in `fit`.
        precision: as in `fit`.
        accumulate: batches in a step [>= 1].
        memory: bytes of batches that may be kept, of a source that cannot be begun again.

    Errors: InvalidValue naming every fault of the call; TaskError if the task's code raises.

    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=[(torch.ones(9, 1),) * 2])
    >>> range_test(line, rule="sgd", steps=40, ramps=1).summary()
    'task: sgd at ..., from ... to ... (1 ramp, ... steps)'
    """
    fault = no_choice(rule)
    refuse("range_test", [fault] if fault else [])
    usual = choice_of(rule)
    low = BELOW * usual.step_size if low is None else low
    high = ABOVE * usual.step_size if high is None else high
    decay = usual.decay if decay is None else decay
    refuse("range_test", _faults(low, high, steps, ramps, accumulate))
    way = Way(seed, Compute(device, precision), accumulate, memory)
    sizes = tuple(float(size) for size in np.geomspace(low, high, steps))
    with Snapshot(None, sources=sources_of(task)):  # each ramp puts the model back itself
        kept = replace(task, train=again(task.train, steps * accumulate, memory))  # read once for all the ramps
        found = tuple(_ramps(kept, way, rule, decay, sizes, ramps))
    return _judged(task.name, rule, decay, found)


def _ramps(task: Task, way: Way, rule: str, decay: float, sizes: tuple[float, ...], count: int) -> Iterator[Ramp]:
    for seed in range(way.seed, way.seed + count):
        with unmarked(task):  # the next ramp of a module that is trained in place begins where this one did
            yield Ramp(seed, sizes, _climbed(task, replace(way, seed=seed), rule, decay, sizes))


def _climbed(task: Task, way: Way, rule: str, decay: float, sizes: tuple[float, ...]) -> tuple[float, ...]:
    """Return the penalties of one ramp."""
    task = replace(task, validation=None, metrics={})
    model, pieces = begun(task, way), list[Trace]()
    optimizer = optimizer_of(model, rule, sizes[0], decay, schedule=constant())

    def rise(taken: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] = sizes[min(taken, len(sizes) - 1)]

    ending = descend(
        task, model, optimizer, steps=len(sizes), check_every=len(sizes), seed=way.seed, compute=way.compute,
        accumulate=way.accumulate, best=no_weights(), tell=pieces.append, tick=rise,
    )  # fmt: skip
    return penalties_of(task, ending, pieces)


def _judged(task: str, rule: str, decay: float, ramps: tuple[Ramp, ...]) -> Range:
    """Return what ramps say together: geometric means of where the penalty falls fastest and of where it is lowest."""
    cost = sum(len(ramp.penalties) for ramp in ramps)
    pairs = [(ramp.fastest, ramp.lowest) for ramp in ramps if ramp.fastest is not None and ramp.lowest is not None]
    if not pairs:
        return Range(task, rule, decay, ramps, None, None, None, cost)
    low, high = (fmean(math.log10(size) for size in sizes) for sizes in zip(*pairs, strict=True))
    middle = (low + high) / 2
    low, high = min(low, middle - LEAST_WIDTH), max(high, middle + LEAST_WIDTH)
    return Range(task, rule, decay, ramps, 10**middle, 10**low, 10**high, cost)


def _faults(low: float, high: float, steps: int, ramps: int, accumulate: int) -> list[str]:
    faults = []
    if not 0.0 < low < high < math.inf:
        faults.append(f"low is {low:g} and high {high:g}; they must be above 0 and finite, low the lower")
    if steps < 10:
        faults.append(f"steps is {steps}; a ramp needs 10 at least")
    counts = {"ramps": ramps, "accumulate": accumulate}
    return faults + [f"{name} is {n}; it must be at least 1" for name, n in counts.items() if n < 1]
