"""What is known of targets that are classes: how often each occurs; `numbers` has the others.

Three kinds: one class an example (`Classes`), any of several labels (`Labels`), a distribution an example
(`Distributions`). Each is made from shares, or from a sample of targets by `of`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import refuse

TOLERANCE = 1e-3
"""How far from 1 the sum of a distribution may be: float16 has three good digits."""


@final
@dataclass(frozen=True)
class Classes:
    """Targets that are classes, by how often each occurs.

    Args:
        prior: the share of each class [K numbers, at least 0, summing to 1].

    Errors: InvalidValue if the shares are fewer than two, negative, or do not sum to 1 within one in a million.

    >>> round(Classes((0.5, 0.25, 0.25)).entropy, 6)  # in nats
    1.039721
    """

    prior: tuple[float, ...]

    def __post_init__(self) -> None:
        refuse("Classes", _prior_faults(self.prior))

    @classmethod
    def equal(cls, count: int) -> "Classes":
        """Return so many classes, each as frequent as any other."""
        refuse("Classes.equal", [f"count is {count}; there must be at least 2 classes"] if count < 2 else [])
        return cls((1.0 / count,) * count)

    @classmethod
    def of(cls, ids: ArrayLike, count: int = 0) -> "Classes":
        """Return how often each class occurs in a sample of class ids.

        Args:
            ids: class ids from 0 [integers of any shape]; leave those to ignore out.
            count: the number of classes, where the highest may be missing from the sample.

        >>> Classes.of([0, 1, 0, 0])
        Classes(prior=(0.75, 0.25))
        """
        found = np.asarray(ids).ravel()
        faults = [] if found.size else ["ids are empty; give at least one"]
        if found.size and found.dtype.kind not in "iu":
            faults.append(f"ids are {found.dtype}; class ids are integers, from 0")
        elif found.size and found.min() < 0:
            faults.append(f"ids hold {found.min()}; class ids start at 0, so leave out those to ignore")
        elif found.size and 0 < count <= found.max():
            faults.append(f"ids hold {found.max()}; {count} classes have ids from 0 to {count - 1}")
        refuse("Classes.of", faults)
        return cls(_floats(np.bincount(found.astype(np.int64), minlength=max(count, 2)) / found.size))

    @property
    def entropy(self) -> float:
        """The entropy of the prior [nats]: what is left of the cross-entropy when only the prior is known."""
        return entropy(self.prior)

    def weighted(self, weights: Sequence[float]) -> "Classes":
        """Return the classes as they count when each has a weight; no weights leave them as they are."""
        if not weights:
            return self
        if len(weights) != len(self.prior):
            refuse("Classes", [f"there are {len(weights)} class weights and {len(self.prior)} classes; give one each"])
        counted = [share * weight for share, weight in zip(self.prior, weights, strict=True)]
        total = math.fsum(counted)
        refuse("Classes", [] if total > 0.0 else ["every class that occurs has weight 0; weigh at least one of them"])
        return Classes(tuple(share / total for share in counted))


@final
@dataclass(frozen=True)
class Labels:
    """Targets that are yes or no, one label an example or several, by how often each label is yes.

    Args:
        shares: the share of yes of each label [at least one number, from 0 to 1].

    Errors: InvalidValue if there is no share, or one outside 0 to 1.

    >>> Labels.of([[0, 1], [1, 1]])
    Labels(shares=(0.5, 1.0))
    """

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        faults = [] if self.shares else ["shares are empty; give the share of yes of each label"]
        wrong = [share for share in self.shares if not 0.0 <= share <= 1.0]
        if wrong:
            faults.append(f"shares hold {wrong[0]}; a share of yes lies from 0 to 1")
        refuse("Labels", faults)

    @classmethod
    def of(cls, targets: ArrayLike) -> "Labels":
        """Return how often each label is yes in a sample; targets from 0 (no) to 1 (yes) [n] or [n, labels]."""
        found = np.asarray(targets, dtype=np.float64)
        faults = _sample_faults("targets", found, dims=(1, 2))
        if not faults and not (found.min() >= 0.0 and found.max() <= 1.0):
            advice = "give (targets + 1) / 2 if they are -1 and 1"
            faults.append(f"targets run from {found.min():g} to {found.max():g}; 0 is no and 1 is yes: {advice}")
        refuse("Labels.of", faults)
        return cls(_floats(np.atleast_1d(found.mean(0))))


@final
@dataclass(frozen=True)
class Distributions:
    """Targets that are a distribution over the classes each, by their mean and their mean entropy.

    Args:
        prior: the mean distribution [K numbers, at least 0, summing to 1].
        entropy: the mean of the entropies of the targets [nats, from 0 to the prior's entropy].

    Errors: InvalidValue if the prior is none, or the entropy is outside its bounds.

    >>> Distributions.of([[1.0, 0.0], [0.0, 1.0]])
    Distributions(prior=(0.5, 0.5), entropy=0.0)
    """

    prior: tuple[float, ...]
    entropy: float

    def __post_init__(self) -> None:
        faults = _prior_faults(self.prior)
        most = math.inf if faults else entropy(self.prior)
        if not -1e-9 <= self.entropy <= most + 1e-9:
            faults.append(f"entropy is {self.entropy}; it lies from 0 to {most:g}, the entropy of the prior")
        refuse("Distributions", faults)

    @classmethod
    def of(cls, rows: ArrayLike) -> "Distributions":
        """Return mean and mean entropy of a sample; rows of probabilities [n, K], each summing to 1."""
        found = np.asarray(rows, dtype=np.float64)
        faults = _sample_faults("rows", found, dims=(2,))
        if not faults and not (found.min() >= 0.0 and np.abs(found.sum(1) - 1.0).max() <= TOLERANCE):
            faults.append("rows hold a negative number or do not sum to 1; give probabilities, as softmax makes them")
        refuse("Distributions.of", faults)
        exact = found / found.sum(1, keepdims=True)
        entropies = -np.sum(exact * np.log(np.where(exact > 0.0, exact, 1.0)), axis=1)
        return cls(_floats(exact.mean(0)), max(0.0, math.fsum(entropies) / len(entropies)))


def entropy(shares: Sequence[float]) -> float:
    """Return the entropy of a distribution [nats].

    >>> round(entropy([0.5, 0.5]), 6)
    0.693147
    """
    return 0.0 - math.fsum(share * math.log(share) for share in shares if share > 0.0)


def _prior_faults(prior: tuple[float, ...]) -> list[str]:
    faults = []
    if len(prior) < 2:
        faults.append(f"prior has {len(prior)} classes; there must be at least 2")
    if not all(share >= 0.0 for share in prior):
        faults.append(f"prior has the share {min(prior)}; a share is at least 0")
    if not abs(math.fsum(prior) - 1.0) <= 1e-6:
        faults.append(f"prior sums to {math.fsum(prior)}; divide counts by their sum, so that it is 1")
    return faults


def _sample_faults(word: str, found: NDArray[np.float64], dims: tuple[int, ...]) -> list[str]:
    if found.ndim not in dims or found.size == 0:
        allowed = "[n] or [n, K]" if len(dims) == 2 else "[n, K]"
        return [f"{word} have shape {found.shape}; give an array {allowed} with at least one example"]
    return [] if np.isfinite(found).all() else [f"{word} hold NaN or infinity; leave those examples out"]


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(values.tolist())
