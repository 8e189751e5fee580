"""Averages of a run's weights, as weights of a sum: with which weight a snapshot enters, and which one leaves.

Weights that circle a minimum have their mean nearer to it than any of them. An average is a value, and pure: told how
many snapshots there have been, the new one counted, it says how the mean goes on. Whoever keeps the mean does

    mean = mean + average.entry(seen) * (snapshot - mean)

and no snapshot but the mean itself; the mean of the last N has to keep them, as one of them leaves.
"""

import math
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import refuse


class Average(Protocol):
    """Anything that says what a mean is made of."""

    def shares(self, seen: int) -> NDArray[np.float64]:
        """Return the weight in the mean of each snapshot so far, the oldest first."""
        ...


class Running(Average, Protocol):
    """An average that goes on from the mean alone."""

    def entry(self, seen: int) -> float:
        """Return the weight with which the latest of so many snapshots enters the mean."""
        ...


@final
@dataclass(frozen=True)
class Last:
    """The mean of the last snapshots, each with the same weight.

    Source: latest weight averaging, LAWA (Kaddour 2022, arXiv 2209.14981).

    Args:
        count: how many [at least 1]; until there are so many, all of them.

    Errors: InvalidValue if the count is below 1.

    Laws: the shares add up to 1.

    >>> Last(2).shares(seen=3).tolist(), Last(2).leaves(seen=3)
    ([0.0, 0.5, 0.5], 0)
    """

    count: int

    def __post_init__(self) -> None:
        whole = isinstance(self.count, int) and self.count >= 1
        refuse("Last", [] if whole else [f"last is {self.count}; it is a number of snapshots, 1 at least"])

    def leaves(self, seen: int) -> int | None:
        """Return which snapshot, counted from 0, leaves as the latest of so many enters; None while there is room."""
        return seen - 1 - self.count if seen > self.count else None

    def shares(self, seen: int) -> NDArray[np.float64]:
        """Return the weight in the mean of each snapshot so far, the oldest first."""
        places = np.arange(seen)
        return np.where(places >= seen - self.count, 1.0 / max(1, min(seen, self.count)), 0.0)

    def __str__(self) -> str:
        return f"mean of the last {self.count} snapshots" if self.count > 1 else "the last snapshot"


@final
@dataclass(frozen=True)
class Exponential:
    """A mean in which each snapshot weighs a fixed factor of the next one, whatever their number.

    The shares are divided by their sum, so there is no pull towards a beginning, and a run shorter than the memory has
    nearly the plain mean.

    Source: the bias correction of Adam (Kingma & Ba 2015, section 3), for weights.

    Args:
        decay: the factor [at least 0, below 1].

    Errors: InvalidValue if the decay is out of bounds.

    Laws: the shares add up to 1.

    >>> Exponential(0.5).shares(seen=2).round(4).tolist(), Exponential.over(50).decay
    ([0.3333, 0.6667], 0.98)
    """

    decay: float

    def __post_init__(self) -> None:
        fine = 0.0 <= self.decay < 1.0
        refuse("Exponential", [] if fine else [f"decay is {self.decay}; it must be at least 0 and below 1"])

    @classmethod
    def over(cls, memory: float) -> "Exponential":
        """Return the average with a memory of so many snapshots [at least 1]: 1 / (1 - decay).

        Errors: InvalidValue if the memory is out of bounds.
        """
        fine = math.isfinite(memory) and memory >= 1
        refuse("Exponential", [] if fine else [f"memory is {memory}; it is a number of snapshots, 1 at least"])
        return cls(1.0 - 1.0 / memory)

    def entry(self, seen: int) -> float:
        """Return the weight with which the latest of so many snapshots enters the mean."""
        return _entry(seen, 1.0 if self.decay == 0.0 else (1.0 - self.decay) / -math.expm1(seen * math.log(self.decay)))

    def shares(self, seen: int) -> NDArray[np.float64]:
        """Return the weight in the mean of each snapshot so far, the oldest first."""
        return running_shares(self, seen)

    def __str__(self) -> str:
        return f"exponential mean with a memory of {1 / (1 - self.decay):g} snapshots"


@final
@dataclass(frozen=True)
class Tail:
    """A mean over about the last share of all snapshots so far, which grows with their number and needs no copies.

    Snapshot k of n has a weight that goes as (k/n)^power, power = 2/share - 2, so that it is as old on average as the
    plain mean of the last share of them. It needs no length of the run, so it is ready whenever the run ends.

    Source: polynomial-decay averaging (Shamir & Zhang 2013, arXiv 1212.1824).

    Args:
        share: of the snapshots [above 0, at most 1]; 1 is the plain mean of all.

    Errors: InvalidValue if the share is out of bounds.

    Laws: the shares add up to 1. The mean age is (n - 1) share / 2.

    >>> Tail(1.0).shares(seen=4).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    share: float

    def __post_init__(self) -> None:
        fine = 0.0 < self.share <= 1.0
        refuse("Tail", [] if fine else [f"share is {self.share}; it must be above 0 and at most 1"])

    def entry(self, seen: int) -> float:
        """Return the weight with which the latest of so many snapshots enters the mean."""
        power = 2.0 / self.share - 2.0
        return _entry(seen, (power + 1.0) / (seen + power))

    def shares(self, seen: int) -> NDArray[np.float64]:
        """Return the weight in the mean of each snapshot so far, the oldest first."""
        return running_shares(self, seen)

    def __str__(self) -> str:
        return f"mean of about the last {100 * self.share:g} % of the snapshots"


def running_shares(average: Running, seen: int) -> NDArray[np.float64]:
    """Return the weight of each snapshot that follows from those with which they entered.

    Args:
        average: tells the weight with which each enters.
        seen: how many there are [at least 0].
    """
    shares = np.zeros(seen)
    for place in range(seen):
        weight = average.entry(place + 1)
        shares[:place] *= 1.0 - weight
        shares[place] = weight
    return shares


def _entry(seen: int, weight: float) -> float:
    """Return a weight; the first snapshot is the mean, exactly."""
    refuse("entry", [] if seen >= 1 else [f"seen is {seen}; it counts the snapshot that enters, so it is 1 at least"])
    return 1.0 if seen == 1 else weight
