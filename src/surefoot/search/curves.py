"""Penalty curves of a step size that is too low, one that is good and one that is too high: short runs from one start.

A step size is easier to believe when it is seen beside its neighbours. Each curve is a real run: the same weights, the
same batches, the whole course of the schedule.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import torch

from surefoot.errors import refuse
from surefoot.schedules import Schedule
from surefoot.search.curve import Curve
from surefoot.search.start import Start, Way, penalties_of, started, unmarked
from surefoot.trace import Trace
from surefoot.training.choices import FIELD, SCHEDULE, choice_of, no_choice
from surefoot.training.compute import Compute, compute_faults
from surefoot.training.loop import descend
from surefoot.training.sources import MEMORY, again
from surefoot.training.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PART = 10
"""A run has so many times the steps of a curve."""

LEAST = 20
"""Steps of a curve at least, where the run has as many: fewer show nothing but the first batches."""

FACTOR = 10.0
"""Between neighbouring step sizes: a decade is far enough that most curves differ to the eye."""

WORSE = 0.1
"""Part of the good one's penalty by which another must end above it to be called too low or too high. Short runs favour
step sizes half a decade too high, so a higher one may well be better so far."""


@final
@dataclass(frozen=True)
class Curves:
    """Short runs at neighbouring step sizes.

    Args:
        task: the task's name.
        rule: the rule's.
        decay: with which it stepped.
        steps: length of the run that the step size is for.
        length: steps of each short run, if it does not diverge.
        low: the run at the lower step size.
        good: the one at the step size in question.
        high: the one at the higher.
    """

    task: str
    rule: str
    decay: float
    steps: int
    length: int
    low: Curve
    good: Curve
    high: Curve

    @property
    def all(self) -> tuple[Curve, Curve, Curve]:
        """The three, by step size."""
        return self.low, self.good, self.high

    @property
    def cost(self) -> int:
        """Steps that all of them took."""
        return sum(len(curve.penalties) for curve in self.all)

    @property
    def labels(self) -> tuple[str, str, str]:
        """What each is, in words that its curve bears out: no neighbour is called too low or too high for its place."""
        low, high = self._judged(self.low, "low"), self._judged(self.high, "high")
        better = any(said.endswith("better so far") for said in (low, high))
        good = "diverged" if self.good.end == math.inf else "for the run" if better else "good"
        said = zip(self.all, (low, good, high), strict=True)
        first, second, third = (f"{curve.step_size:.3g}: {text}" for curve, text in said)
        return first, second, third

    def _judged(self, curve: Curve, way: str) -> str:
        if curve.end == math.inf:
            return f"too {way}, diverged"
        margin = WORSE * abs(self.good.end) if math.isfinite(self.good.end) else 0.0
        if curve.end > self.good.end + margin:
            return f"too {way}"
        return f"{way}er, {'better' if curve.end < self.good.end - margin else 'as good'} so far"

    def summary(self) -> str:
        """Return what was run, what came of it and what it cost, in two lines or three."""
        share = f"{100 * self.cost / self.steps:.3g} % of the run's {self.steps}"
        what = f"{self.rule}, {len(self.all)} runs of {self.length} steps, training penalty at the end"
        ends = [f" ({curve.end:.3g})" if curve.end < math.inf else "" for curve in self.all]
        found = "; ".join(text + end for text, end in zip(self.labels, ends, strict=True))
        if self.high.end <= self.good.end:
            found += f"\nshort runs favour high step sizes; {self.good.step_size:.3g} is for {self.steps} steps"
        return f"curves of {what}: {found}\nthe curves cost {self.cost} steps more, {share}"

    def figure(self) -> "Figure":
        """Return a matplotlib figure: the training penalties by step, smoothed, and as they were.

        Errors: MissingPackage if matplotlib is not installed.
        """
        from surefoot.search.curves_figure import curves_figure

        return curves_figure(f"{self.task}: {self.rule} over {self.length} steps", self.all, self.labels)

    def to_json(self) -> dict[str, Any]:
        """Return the curves as plain values that JSON holds; a penalty that was not finite becomes None."""
        runs = [
            {"step_size": curve.step_size, "says": text, "end": _plain(curve.end),
             "penalties": [_plain(value) for value in curve.penalties]}
            for text, curve in zip(self.labels, self.all, strict=True)
        ]  # fmt: skip
        return {
            "task": self.task, "rule": self.rule, "decay": self.decay, "steps": self.steps, "length": self.length,
            "cost": self.cost, "runs": runs,
        }  # fmt: skip


def curves(
    task: Task,
    step_size: float,
    *,
    steps: int,
    rule: str = FIELD[0],
    decay: float | None = None,
    schedule: Schedule | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    accumulate: int = 1,
    memory: int = MEMORY,
) -> Curves:
    """Train shortly with a step size, with a tenth of it and with ten times it, from the same start; return the curves.

    Each has a tenth of the run's steps, and in them the whole schedule. Afterwards the task's model, the random
    generators and the place in the data are as they were, bit for bit.

    Args:
        task: what to train; validation batches are not looked at.
        step_size: the one in question [> 0].
        steps: length of the run that it is for [>= 1].
        rule: the name of any rule, as in `fit`.
        decay: decoupled weight decay; what `fit` takes for the rule if None.
        schedule: the course of the step size, with shares of the run; `SCHEDULE` if None.
        seed: of the model and the batches [0 to 2**32 - 1].
        device: as in `fit`.
        precision: as in `fit`.
        accumulate: batches in a step [>= 1].
        memory: bytes of batches that may be kept, of a source that cannot be begun again.

    Errors: InvalidValue naming every fault of the call; TaskError if the task's code raises.

    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=[(torch.ones(9, 1),) * 2])
    >>> curves(line, 0.05, steps=400, rule="sgd").labels[0]
    '0.005: too low'
    """
    refuse("curves", _faults(rule, step_size, steps, seed, accumulate) + compute_faults(device, precision))
    length = min(steps, max(LEAST, steps // PART))
    decay = choice_of(rule).decay if decay is None else decay
    way = Way(seed, Compute(device, precision), accumulate, memory)
    sized = (schedule or SCHEDULE).over(steps=length)
    with unmarked(task):
        kept = again(task.train, length * accumulate, memory)
        start = started(replace(task, train=kept, validation=None, metrics={}), way)
        sizes = (step_size / FACTOR, step_size, step_size * FACTOR)
        found = [Curve(size, _descended(start, rule, size, decay, sized, length)) for size in sizes]
    return Curves(task.name, rule, decay, steps, length, *found)


def _descended(
    start: Start, rule: str, size: float, decay: float, schedule: Schedule, length: int
) -> tuple[float, ...]:
    """Return the penalties of one short run."""
    start.snapshot.restore()
    pieces = list[Trace]()
    ending = descend(
        start.task, start.task.make(), start.optimizer(rule, size, decay, schedule), steps=length, check_every=length,
        seed=start.way.seed, compute=start.way.compute, accumulate=start.way.accumulate, tell=pieces.append,
    )  # fmt: skip
    return penalties_of(start.task, ending, pieces)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _faults(rule: str, step_size: float, steps: int, seed: int, accumulate: int) -> list[str]:
    faults = [fault] if (fault := no_choice(rule)) else []
    if not 0.0 < step_size < math.inf:
        faults.append(f"step_size is {step_size:g}; it must be above 0 and finite")
    if not 0 <= seed < 2**32:
        faults.append(f"seed is {seed}; it must be from 0 to 2**32 - 1")
    counts = {"steps": steps, "accumulate": accumulate}
    return faults + [f"{name} is {n}; it must be at least 1" for name, n in counts.items() if n < 1]
