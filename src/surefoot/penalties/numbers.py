"""What is known of targets that are numbers: their mean and variance and, from a sample, every value.

Mean and variance are enough for the squared error, and the mean for counts. A penalty whose best constant is a
median, a quantile or the like needs the values; it says so when it has none.
"""

import math
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import refuse


@final
@dataclass(frozen=True)
class Numbers:
    """Targets that are numbers, by their first two moments over all elements or by a sample.

    For several target columns make one for each: the mean of the columns' chance levels is the net's, which can give
    each column a constant of its own.

    Args:
        mean: their mean [unit of the target].
        variance: their mean squared distance from it [unit of the target squared, at least 0].

    Errors: InvalidValue if the variance is negative or either is not finite.

    >>> Numbers(mean=3.0, variance=4.0)
    Numbers(mean=3.0, variance=4.0)
    >>> Numbers.of([1.0, 5.0])
    Numbers(mean=3.0, variance=4.0)
    """

    mean: float
    variance: float
    ordered: tuple[float, ...] = field(init=False, repr=False, default=())
    """The values of the sample that they were made of, in ascending order; empty if none is known."""

    def __post_init__(self) -> None:
        faults = [] if math.isfinite(self.mean) else [f"mean is {self.mean}; it must be finite"]
        if not (math.isfinite(self.variance) and self.variance >= 0.0):
            faults.append(f"variance is {self.variance}; it must be finite and at least 0")
        refuse("Numbers", faults)

    @classmethod
    def of(cls, values: ArrayLike) -> "Numbers":
        """Return what a sample of targets tells [n finite numbers], all its values kept.

        Errors: InvalidValue if the values are none, not finite, or have more than one dimension.
        """
        found = np.asarray(values, dtype=np.float64)
        faults = []
        if found.ndim != 1 or found.size == 0:
            advice = "one column at a time, at least one number"
            faults.append(f"values have shape {found.shape}; give {advice}")
        elif not np.isfinite(found).all():
            faults.append(f"values hold {np.count_nonzero(~np.isfinite(found))} NaN or infinity; leave them out")
        refuse("Numbers.of", faults)
        made = cls(float(found.mean()), float(found.var()))
        object.__setattr__(made, "ordered", tuple(np.sort(found).tolist()))
        return made

    def values(self, penalty: str) -> NDArray[np.float64]:
        """Return the values in ascending order [n].

        Errors: InvalidValue, naming the penalty that asks, if only mean and variance are known.
        """
        told = "only mean and variance of the targets are known; it needs their values: make them with Numbers.of"
        refuse(penalty, [] if self.ordered else [told])
        return np.array(self.ordered)
