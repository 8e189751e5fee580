"""The focal penalty: cross-entropy that makes little of what is already right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import refuse
from surefoot.penalties.classification import weight_faults
from surefoot.penalties.penalty import Penalty
from surefoot.penalties.targets import Classes

Array: TypeAlias = NDArray[np.float64]
HALVINGS = 40
"""Leaves 1e-10 of an interval; the value, flat around its least, is then exact to rounding."""
REACH = 40.0
"""Logits beyond this are certain: a probability of 4e-18 adds nothing to a float64 mean."""


@final
@dataclass(frozen=True)
class _Focus:
    gamma: float
    weights: tuple[float, ...]

    def at_start(self, targets: Classes) -> float:
        count = len(targets.weighted(self.weights).prior)
        return float((1.0 - 1.0 / count) ** self.gamma * math.log(count))

    def chance_level(self, targets: Classes) -> float:
        weighted = targets.weighted(self.weights)
        if self.gamma == 0.0:
            return weighted.entropy
        prior = np.array([share for share in weighted.prior if share > 0.0])
        best = _best_constant(prior, self.gamma)
        return float(np.sum(prior * (1.0 - best) ** self.gamma * -np.log(best)))


def _best_constant(prior: Array, gamma: float) -> Array:
    """Return the probabilities [K] with the least penalty.

    Its term -(1 - p)^gamma ln p is convex in p (with q = 1 - p it is the sum of q^(n + gamma) / n), so at the best
    every class pays the same price for a little more probability: that price is halved in on.
    """
    low, high = -REACH * (1.0 + gamma), REACH * 2.0
    for _ in range(HALVINGS):
        price = 0.5 * (low + high)
        low, high = (price, high) if _demand(prior, gamma, price).sum() > 1.0 else (low, price)
    found: Array = _demand(prior, gamma, high)
    total: float = found.sum()
    return found / total


def _demand(prior: Array, gamma: float, price: float) -> Array:
    """Return the probability [K] at which one more unit saves each class exp(price)."""
    low, high = np.full_like(prior, -REACH), np.full_like(prior, REACH)
    for _ in range(HALVINGS):
        logit = 0.5 * (low + high)
        right, wrong = 1.0 / (1.0 + np.exp(-logit)), 1.0 / (1.0 + np.exp(logit))
        saved = gamma * np.log1p(np.exp(-logit)) / wrong + 1.0 / right  # minus the slope, over wrong ** gamma
        worth = np.log(prior * saved) + gamma * np.log(wrong) > price
        low, high = np.where(worth, logit, low), np.where(worth, high, logit)
    return 1.0 / (1.0 + np.exp(-low))


def focal(gamma: float = 2.0, class_weights: Sequence[float] = ()) -> Penalty[Classes]:
    """Return the facts of the focal penalty of outputs before any softmax.

    Args:
        gamma: how strongly examples that are right are made little of [at least 0]; 0 is the cross-entropy.
        class_weights: what an example of each class counts [K numbers, at least 0], the paper's alpha.

    Errors: InvalidValue if gamma or the weights are out of bounds.

    >>> round(focal().at_start(Classes.equal(2)), 6)  # a quarter of ln 2
    0.173287
    """
    faults = weight_faults(class_weights)
    if not 0.0 <= gamma < math.inf:
        faults.append(f"gamma is {gamma}; it must be finite and at least 0, and 2 is usual")
    refuse("Focal", faults)
    return Penalty(
        key="focal",
        name="focal penalty",
        says="For one class out of several when most examples are easy: those that are right count for little.",
        formula="mean((1 - p_y)^gamma (-ln p_y)), p = softmax(f)",
        tex=r"-\frac{1}{n} \sum_{i=1}^{n} (1 - p_{i, y_i})^\gamma \ln p_{i, y_i}, \quad "
        r"p_{ik} = \frac{e^{f_{ik}}}{\sum_{j=1}^{K} e^{f_{ij}}}",
        mean_over="the examples and positions that are not ignored; with class weights divided by the sum of theirs",
        lower_bound=0.0,
        reached="never, only approached, as the right class's output outgrows the others",
        differentiable="everywhere, as often as wanted",
        expected=_Focus(gamma, tuple(class_weights)),
        last_layer="linear, K outputs, two for yes and no, no softmax: the penalty contains it",
        targets="class ids from 0 to K - 1 (int64), one an example",
        link="softmax: its largest entry is the most probable class, but for gamma above 0 the probabilities are too "
        "even",
        source="Lin, Goyal, Girshick, He & Dollar 2017, Focal Loss for Dense Object Detection, equation 4",
    )


FOCAL = focal()
