"""One ramp of a range test: penalties while the step size rises, and what they say."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

SMOOTHED = 0.05
"""Width of the smoothing as a share of the ramp: a standard deviation, in steps."""

CLIMBED = 0.1
"""Part of its start that a penalty must climb above it to have diverged."""

ROUNDING = 1e-6
"""Part of a penalty by which it falls without anything having been learned."""

Row = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Ramp:
    """What one ramp gave.

    Args:
        seed: of its model and batches.
        step_sizes: of each step, rising.
        penalties: the training penalty of each step, before it was taken; maybe fewer than step sizes.
    """

    seed: int
    step_sizes: tuple[float, ...]
    penalties: tuple[float, ...]

    @property
    def smoothed(self) -> list[float]:
        """The penalties up to where they diverged, smoothed: means weighted by nearness, on both sides."""
        return [float(value) for value in smoothed(self.penalties)[: self._end]]

    @property
    def diverged(self) -> float | None:
        """The step size from which on the penalty ran away, or None if it did not."""
        return self.step_sizes[self._end] if self._end < len(self.penalties) else None

    @property
    def fastest(self) -> float | None:
        """The step size at which the penalty fell fastest, per decade of step size; None if it never fell."""
        lowest = self._lowest
        if lowest < 2 or self.smoothed[0] - self.smoothed[lowest] <= ROUNDING * abs(self.smoothed[0]):
            return None
        slopes = np.gradient(self.smoothed[: lowest + 1], np.log10(self.step_sizes[: lowest + 1]))
        return self.step_sizes[int(slopes.argmin())]

    @property
    def lowest(self) -> float | None:
        """The step size at which the penalty was lowest, None if it never fell."""
        return None if self.fastest is None else self.step_sizes[self._lowest]

    @property
    def _lowest(self) -> int:
        return int(np.argmin(self.smoothed)) if self.smoothed else 0

    @property
    def _end(self) -> int:
        return end_of(self.penalties)


def smoothed(penalties: tuple[float, ...]) -> Row:
    """Return means of neighbours with Gaussian weights; at the ends the weights that are there add up to 1 as well.

    A running mean from one side would lag, and so shift every step size that is read off it. What climbs far above the
    start is cut off first: a penalty that runs away is of any size, and would reach far back through the weights.

    >>> smoothed((2.0, 2.0, 2.0)).tolist()
    [2.0, 2.0, 2.0]
    """
    values = np.array(penalties, dtype=float)
    finite = np.isfinite(values)
    if not finite.any():
        return values
    first = float(np.median(values[finite][: max(1, len(values) // 10)]))
    values = np.minimum(values, first + 2.0 * max(first - values[finite].min(), 0.1 * abs(first)))
    places = np.arange(len(values))
    width = max(1.0, SMOOTHED * len(values))
    weights = np.exp(-0.5 * ((places[:, None] - places) / width) ** 2) * finite
    totals = weights.sum(axis=1)
    means = weights @ np.where(finite, values, 0.0) / np.where(totals > 0, totals, 1.0)
    return np.where(finite, means, math.inf)


def end_of(penalties: tuple[float, ...]) -> int:
    """Return how many of the penalties are from before they diverged.

    >>> end_of((2.0,) * 8 + (1.0,) * 8 + (50.0,) * 8) in range(13, 17), end_of((1.0, math.nan)), end_of((3.0, 2.0, 1.0))
    (True, 1, 3)
    """
    values = smoothed(penalties)
    if not len(values) or not math.isfinite(values[0]):
        return 0
    lowest = int(values.argmin())
    limit = values[0] + CLIMBED * abs(values[0])
    beyond = np.flatnonzero(~(values[lowest:] <= limit))  # before the lowest it can only have been noise
    return lowest + int(beyond[0]) if len(beyond) else len(values)
