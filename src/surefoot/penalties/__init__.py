"""Penalties: what is known of each before any training, as values that the doctor, the docs and the cards read.

The mathematics of a penalty is torch's (`surefoot.pytorch.penalties`); here stand its facts. What can be expected of a
penalty depends on the targets: `Classes`, `Labels` and `Distributions` say how often each class occurs, `Numbers` gives
mean and variance or a sample. A penalty with constants is a function that returns its facts.
"""

from typing import Any

from surefoot.penalties.classification import CROSS_ENTROPY, KULLBACK_LEIBLER, cross_entropy
from surefoot.penalties.counts import POISSON
from surefoot.penalties.focal import FOCAL, focal
from surefoot.penalties.labels import BINARY_CROSS_ENTROPY, HINGE, binary_cross_entropy
from surefoot.penalties.numbers import Numbers
from surefoot.penalties.penalty import Expected, Penalty
from surefoot.penalties.regression import HUBER, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, QUANTILE, huber, quantile
from surefoot.penalties.targets import Classes, Distributions, Labels

_ALL: tuple[Penalty[Any], ...] = (
    MEAN_SQUARED_ERROR,
    MEAN_ABSOLUTE_ERROR,
    HUBER,
    QUANTILE,
    POISSON,
    CROSS_ENTROPY,
    BINARY_CROSS_ENTROPY,
    KULLBACK_LEIBLER,
    HINGE,
    FOCAL,
)

PENALTIES: dict[str, Penalty[Any]] = {penalty.key: penalty for penalty in _ALL}
"""Every penalty by its key, with its default constants."""

__all__ = [
    "BINARY_CROSS_ENTROPY",
    "CROSS_ENTROPY",
    "FOCAL",
    "HINGE",
    "HUBER",
    "KULLBACK_LEIBLER",
    "MEAN_ABSOLUTE_ERROR",
    "MEAN_SQUARED_ERROR",
    "PENALTIES",
    "POISSON",
    "QUANTILE",
    "Classes",
    "Distributions",
    "Expected",
    "Labels",
    "Numbers",
    "Penalty",
    "binary_cross_entropy",
    "cross_entropy",
    "focal",
    "huber",
    "quantile",
]
