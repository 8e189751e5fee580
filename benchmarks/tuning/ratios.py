"""The report's mathematics: penalties of settings and seeds, ratios of the best of them, and how sure these are.

A way's penalties on one workload are two arrays [settings, seeds]: by the validation part a setting is chosen, the one
with the least mean over the seeds as a patient person would choose, and by either part it is judged.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DIVERGED = 10.0
"""What a diverged run counts, and what any run counts at most, in penalties of knowing nothing."""

DRAWS = 10_000


def counted(penalty: float | None, nothing: float, *, diverged: bool) -> float:
    """Return what a penalty counts.

    Errors: ValueError if it is not above 0, where ratios mean nothing; every workload's penalty is made to be above 0.

    >>> counted(0.5, 2.0, diverged=False), counted(0.5, 2.0, diverged=True), counted(None, 2.0, diverged=False)
    (0.5, 20.0, 20.0)
    """
    most = DIVERGED * nothing
    if diverged or penalty is None or not math.isfinite(penalty):
        return most
    if not penalty > 0:
        raise ValueError(
            f"a penalty is {penalty}; ratios need penalties above 0, so move this workload's by a constant"
        )
    return min(penalty, most)


@dataclass(frozen=True, eq=False)
class Penalties:
    """A way's penalties on one workload.

    Args:
        validation: of each setting and seed [settings, seeds].
        test: the same on the test part.
    """

    validation: NDArray[np.float64]
    test: NDArray[np.float64]

    def best(self) -> int:
        """Return the setting with the least mean validation penalty.

        >>> Penalties(np.array([[1.0, 5.0], [2.0, 2.0]]), np.zeros((2, 2))).best()
        1
        """
        return int(self.validation.mean(axis=1).argmin())

    def means(self) -> tuple[float, float]:
        """Return the best setting's mean penalties in validation and test."""
        best = self.best()
        return float(self.validation[best].mean()), float(self.test[best].mean())

    def resampled(self, seeds: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the means for each row of seeds [draws, seeds], the best setting chosen anew in each."""
        validation, test = self.validation[:, seeds].mean(axis=2), self.test[:, seeds].mean(axis=2)
        best, draws = validation.argmin(axis=0), np.arange(len(seeds))
        return validation[best, draws], test[best, draws]


Compared = tuple[Penalties, Penalties]
"""A way's penalties on a workload and the reference's, of the same seeds."""


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean; nan of nothing.

    >>> round(geometric_mean([2.0, 8.0]), 9)
    4.0
    """
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if values else math.nan


def ratio(pair: Compared) -> tuple[float, float]:
    """Return the way's penalty by the reference's, in validation and test.

    >>> ones = np.ones((1, 2))
    >>> ratio((Penalties(3 * ones, 4 * ones), Penalties(2 * ones, 2 * ones)))
    (1.5, 2.0)
    """
    (own, own_test), (reference, reference_test) = (penalties.means() for penalties in pair)
    return own / reference, own_test / reference_test


def lost(pair: Compared, nothing: float) -> float:
    """Return the share of the reference's gain over knowing nothing that the way lacks, in validation.

    A noisy target leaves all ratios near 1; this says what they hide.

    >>> ones = np.ones((1, 1))
    >>> lost((Penalties(3 * ones, ones), Penalties(2 * ones, ones)), nothing=4.0)
    0.5
    """
    own, reference = pair[0].means()[0], pair[1].means()[0]
    return (own - reference) / (nothing - reference)


def intervals(pairs: Sequence[Compared], draws: int = DRAWS) -> list[tuple[float, float]]:
    """Return 95 % bootstrap intervals of the geometric mean of the ratios, for validation and for test.

    Workloads are drawn again, and for each of them its seeds; settings are chosen anew each time, in the reference too.

    >>> ones = np.ones((1, 3))
    >>> both = [(Penalties(2 * ones, 2 * ones), Penalties(ones, ones))] * 4
    >>> [tuple(round(end, 9) for end in interval) for interval in intervals(both, draws=50)]
    [(2.0, 2.0), (2.0, 2.0)]
    """
    random = np.random.default_rng(0)
    picks = random.integers(len(pairs), size=(draws, len(pairs)))
    logs = np.zeros((2, *picks.shape))
    for number, (own, reference) in enumerate(pairs):
        here = picks == number
        count = own.validation.shape[1]
        seeds = random.integers(count, size=(int(here.sum()), count))
        for part, ours, theirs in zip(logs, own.resampled(seeds), reference.resampled(seeds), strict=True):
            part[here] = np.log(ours / theirs)
    low, high = np.exp(np.percentile(logs.mean(axis=2), [2.5, 97.5], axis=1))
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def wins(pairs: Sequence[Compared]) -> int:
    """Return on how many workloads the first of each pair has the lower validation penalty."""
    return sum(own.means()[0] < other.means()[0] for own, other in pairs)
