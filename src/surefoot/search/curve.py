"""One penalty curve: what a short run at one step size gave, step by step."""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import final

from surefoot.search.ramp import smoothed

LAST = 5
"""One in so many of a curve's steps, at its end, is what the curve is judged by."""


@final
@dataclass(frozen=True)
class Curve:
    """What one short run gave.

    Args:
        step_size: the peak.
        penalties: the training penalty of each step, before it was taken; fewer than were asked for if it diverged.
    """

    step_size: float
    penalties: tuple[float, ...]

    @property
    def smoothed(self) -> list[float]:
        """The penalties as means of neighbours; inf where they were not finite."""
        return [float(value) for value in smoothed(self.penalties)]

    @property
    def end(self) -> float:
        """The mean penalty of the last fifth of the steps; inf if one of all was not finite."""
        if not self.penalties or not all(map(math.isfinite, self.penalties)):
            return math.inf
        return fmean(self.penalties[-max(1, len(self.penalties) // LAST) :])
