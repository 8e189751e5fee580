"""An open end: a run whose length nobody gave, led to zero once it is flat, or in time for the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from surefoot.errors import refuse
from surefoot.schedules import Schedule, constant, linear, warmup
from surefoot.stopping import Flat, Judge

Until: TypeAlias = Literal["plateau"]

SHARE = 0.25
"""Length of the cool-down as a part of the steps before it; `fit`'s docs say what it was measured on."""

WARM = 100
"""Steps of the warm-up: a share of a run has no meaning where nobody knows its length."""


@final
@dataclass(frozen=True)
class OpenEnd:
    """How a run of unknown length ends: held at the peak until a judge or the clock says so, then cooled to nothing.

    Args:
        judge: says, from the validation penalties of the checks, that holding on is of no more use; None never says.
        minutes: how long the whole may take; None for any time. It makes a run depend on the clock: the same seed then
            gives another number of steps.
        share: the cool-down's part of the steps before it [above 0, 1 at most].
        warm: steps of the warm-up [>= 0].

    Errors: InvalidValue naming every fault.

    >>> end = OpenEnd(minutes=1.0)
    >>> end.due([], taken=470, most=9999, seconds=47.0), end.due([], taken=500, most=9999, seconds=50.0)
    (None, '50 of 60 seconds are over')
    >>> [end.cooled(200, 4)(step) for step in range(199, 205)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    judge: Judge | None = None
    minutes: float | None = None
    share: float = SHARE
    warm: int = WARM

    def __post_init__(self) -> None:
        faults = [] if 0.0 < self.share <= 1.0 else [f"share is {self.share}; it must be above 0 and 1 at most"]
        if self.minutes is not None and not 0.0 < self.minutes < float("inf"):
            faults.append(f"minutes is {self.minutes}; it must be above 0 and finite")
        if self.warm < 0:
            faults.append(f"warm is {self.warm}; it is a number of steps, 0 at least")
        refuse("OpenEnd", faults)

    @property
    def held(self) -> Schedule:
        """The course of the step size before the cool-down."""
        return warmup(self.warm) >> constant() if self.warm else constant()

    def due(self, values: Sequence[float], taken: int, most: int, seconds: float) -> str | None:
        """Return why to cool down now, or None.

        Args:
            values: the validation penalties of the checks so far.
            taken: steps taken.
            most: steps that the run may take, the cool-down's among them.
            seconds: since the whole began.
        """
        if taken + self.length(taken) >= most:
            return f"the run may take {most} steps at most"
        if self.minutes is not None and taken:
            whole = 60.0 * self.minutes
            if seconds * (1.0 + self.share) + seconds / taken >= whole:
                return f"{seconds:.0f} of {whole:.0f} seconds are over"
        verdict = self.judge.verdict(values) if self.judge is not None and values else None
        return verdict.reason.removeprefix("Stop: ").rstrip(".") if verdict is not None and verdict.stop else None

    def length(self, taken: int) -> int:
        """Return how many steps the cool-down has."""
        return max(1, round(self.share * taken))

    def cooled(self, taken: int, steps: int) -> Schedule:
        """Return the course of the step size with a cool-down after so many steps; before them it is as it was."""
        return self.held * (constant(taken) >> linear(steps, to=0.0))


def until_flat(stopping: Judge | None = None) -> OpenEnd:
    """Return the end of a run that goes on until validation no longer gets better.

    Args:
        stopping: says so; `Flat()` if None.
    """
    return OpenEnd(judge=stopping or Flat())
