"""Penalties for targets that are quantities: squared, absolute, Huber's, quantiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from surefoot.errors import refuse
from surefoot.penalties.numbers import Numbers
from surefoot.penalties.penalty import Penalty

HALVINGS = 100
"""Halvings of an interval after which nothing is left of it in float64: 53 for the digits, the rest to spare."""


@final
@dataclass(frozen=True)
class _Squares:
    def at_start(self, targets: Numbers) -> float:
        return targets.variance + targets.mean**2

    def chance_level(self, targets: Numbers) -> float:
        return targets.variance


@final
@dataclass(frozen=True)
class _Distances:
    def at_start(self, targets: Numbers) -> float:
        return float(np.abs(targets.values("mean absolute error")).mean())

    def chance_level(self, targets: Numbers) -> float:
        values = targets.values("mean absolute error")
        return float(np.abs(values - np.median(values)).mean())


@final
@dataclass(frozen=True)
class _Huber:
    delta: float

    def at_start(self, targets: Numbers) -> float:
        return self._at(targets, 0.0)

    def chance_level(self, targets: Numbers) -> float:
        values = targets.values("Huber penalty")
        low, high = float(values[0]), float(values[-1])
        for _ in range(HALVINGS):  # the clipped residuals' sum falls as the constant grows, and is 0 at the best
            middle = 0.5 * low + 0.5 * high
            if np.clip(values - middle, -self.delta, self.delta).sum() > 0.0:
                low = middle
            else:
                high = middle
        return self._at(targets, 0.5 * low + 0.5 * high)

    def _at(self, targets: Numbers, constant: float) -> float:
        residual = np.abs(targets.values("Huber penalty") - constant)
        small = np.minimum(residual, self.delta)
        return float(np.mean(small * (residual - 0.5 * small)))


@final
@dataclass(frozen=True)
class _Quantiles:
    levels: tuple[float, ...]

    def at_start(self, targets: Numbers) -> float:
        values = targets.values("quantile penalty")
        return math.fsum(_pinball(values, level) for level in self.levels) / len(self.levels)

    def chance_level(self, targets: Numbers) -> float:
        values = targets.values("quantile penalty")
        last = len(values) - 1
        best = [values[min(last, math.ceil(level * len(values)) - 1)] for level in self.levels]
        costs = [_pinball(values - quantile, level) for quantile, level in zip(best, self.levels, strict=True)]
        return math.fsum(costs) / len(costs)


def _pinball(differences: np.ndarray[tuple[int, ...], np.dtype[np.float64]], level: float) -> float:
    return float(np.maximum(level * differences, (level - 1.0) * differences).mean())


def huber(delta: float = 1.0) -> Penalty[Numbers]:
    """Return the facts of Huber's penalty.

    Args:
        delta: the residual at which the square turns into a straight line [unit of the target, above 0].

    Errors: InvalidValue if delta is not above 0 or not finite.

    >>> huber(2.0).at_start(Numbers.of([1.0, 4.0]))  # 1/2 and 2 (4 - 1), halved
    3.25
    """
    allowed = "it must be finite and above 0, the residual from which on an example is an outlier"
    refuse("Huber", [] if 0.0 < delta < math.inf else [f"delta is {delta}; {allowed}"])
    return Penalty(
        key="huber",
        name="Huber penalty",
        says="For quantities with outliers: squared near the target, straight from delta on.",
        formula="mean(r^2 / 2 if |r| <= delta else delta (|r| - delta / 2)), r = f - y",
        tex=r"\frac{1}{n} \sum_{i=1}^{n} \begin{cases} \frac{1}{2} r_i^2 & |r_i| \le \delta \\ "
        r"\delta (|r_i| - \frac{1}{2} \delta) & |r_i| > \delta \end{cases}, \quad r_i = f_i - y_i",
        mean_over="all elements",
        lower_bound=0.0,
        reached="every output equals its target",
        differentiable="everywhere, once; the second derivative jumps from 1 to 0 at delta",
        expected=_Huber(delta),
        last_layer="linear, one output for each target number, no activation",
        targets="floating-point numbers of exactly the output's shape, scaled so that delta is a large residual",
        link="identity: the best output is between the mean (delta large) and the median (delta small) given the input",
        source="Huber 1964, Robust Estimation of a Location Parameter",
    )


def quantile(levels: Sequence[float] = (0.5,)) -> Penalty[Numbers]:
    """Return the facts of the quantile penalty, which others call pinball loss.

    Args:
        levels: the share of targets that shall lie below each output [each above 0 and below 1, ascending].

    Errors: InvalidValue if there is no level, or the levels are out of bounds or not ascending.

    >>> quantile((0.9,)).at_start(Numbers.of([10.0, -10.0]))  # 9 and 1, halved
    5.0
    """
    faults = [] if levels else ["level is empty; give at least one"]
    wrong = [level for level in levels if not 0.0 < level < 1.0]
    if wrong:
        faults.append(f"level holds {wrong[0]}; it must be above 0 and below 1, the share of targets below the output")
    elif list(levels) != sorted(set(levels)):
        faults.append(f"level is {tuple(levels)}; give different levels in ascending order")
    refuse("Quantile", faults)
    return Penalty(
        key="quantile",
        name="quantile penalty",
        says="For bounds instead of a best guess: the output is the value that a given share of targets stays below.",
        formula="mean(max(q d, (q - 1) d)), d = y - f, q the level",
        tex=r"\frac{1}{n} \sum_{i=1}^{n} \max\bigl(q (y_i - f_i),\, (q - 1)(y_i - f_i)\bigr)",
        mean_over="all elements and levels",
        lower_bound=0.0,
        reached="every output equals its target",
        differentiable="everywhere but where an output equals its target; there the derivative is halfway, 1/2 - q",
        expected=_Quantiles(tuple(levels)),
        last_layer="linear, one output for each target number and level, no activation",
        targets="floating-point numbers of the output's shape; with several levels, of its shape without the last",
        link="identity: the best output is the quantile of the targets given the input",
        source="Koenker & Bassett 1978, Regression Quantiles",
    )


MEAN_SQUARED_ERROR = Penalty(
    key="mean_squared_error",
    name="mean squared error",
    says="For quantities, with even noise: the output is the mean of the targets given the input.",
    formula="mean((f - y)^2)",
    tex=r"\frac{1}{n} \sum_{i=1}^{n} (f_i - y_i)^2",
    mean_over="all elements",
    lower_bound=0.0,
    reached="every output equals its target",
    differentiable="everywhere, as often as wanted",
    expected=_Squares(),
    last_layer="linear, one output for each target number, no activation: a bounded one cannot reach every target",
    targets="floating-point numbers of exactly the output's shape, best scaled to mean 0 and variance 1",
    link="identity: the output is the prediction, and the best one is the mean of the targets given the input",
    source="Gauss 1809, Theoria motus corporum coelestium; Bishop 2006, Pattern Recognition, section 1.5.5",
)

MEAN_ABSOLUTE_ERROR = Penalty(
    key="mean_absolute_error",
    name="mean absolute error",
    says="For quantities with heavy tails: the output is the median of the targets given the input.",
    formula="mean(|f - y|)",
    tex=r"\frac{1}{n} \sum_{i=1}^{n} |f_i - y_i|",
    mean_over="all elements",
    lower_bound=0.0,
    reached="every output equals its target",
    differentiable="everywhere but where an output equals its target; torch gives 0 there",
    expected=_Distances(),
    last_layer="linear, one output for each target number, no activation",
    targets="floating-point numbers of exactly the output's shape, best scaled to mean 0 and variance 1",
    link="identity: the best output is the median of the targets given the input",
    source="Boscovich 1757; Laplace 1774; Bishop 2006, Pattern Recognition, section 1.5.5",
)

HUBER = huber()
QUANTILE = quantile()
