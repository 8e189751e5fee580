"""Penalties for targets that are yes or no, one or several an example: binary cross-entropy, hinge."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.errors import refuse
from surefoot.penalties.penalty import Penalty
from surefoot.penalties.targets import Labels, entropy


@final
@dataclass(frozen=True)
class _Coins:
    weights: tuple[float, ...]

    def at_start(self, targets: Labels) -> float:
        totals = [yes + no for yes, no in self._counted(targets)]
        return math.log(2.0) * (math.fsum(totals) / len(totals))

    def chance_level(self, targets: Labels) -> float:
        costs = [(yes + no) * entropy((yes / (yes + no), no / (yes + no))) for yes, no in self._counted(targets)]
        return math.fsum(costs) / len(costs)

    def _counted(self, targets: Labels) -> list[tuple[float, float]]:
        """Return what yes and no of each label count."""
        count = len(targets.shares)
        if len(self.weights) not in (1, count):
            told = f"there are {len(self.weights)} positive weights and {count} labels; give one, or one for each label"
            refuse("binary cross-entropy", [told])
        weights = self.weights * count if len(self.weights) == 1 else self.weights
        return [(weight * share, 1.0 - share) for weight, share in zip(weights, targets.shares, strict=True)]


@final
@dataclass(frozen=True)
class _Margins:
    def at_start(self, targets: Labels) -> float:  # noqa: ARG002
        return 1.0  # max(0, 1 - 0 y), whatever the labels are

    def chance_level(self, targets: Labels) -> float:
        return math.fsum(2.0 * min(share, 1.0 - share) for share in targets.shares) / len(targets.shares)


def binary_cross_entropy(positive_weight: float | Sequence[float] = 1.0) -> Penalty[Labels]:
    """Return the facts of the binary cross-entropy of outputs before any sigmoid.

    Args:
        positive_weight: what a yes counts against a no [above 0; one, or one for each label].

    Errors: InvalidValue if there is no weight, or one is not above 0 or not finite.

    >>> round(binary_cross_entropy().chance_level(Labels((0.5, 1.0))), 6)  # half of ln 2
    0.346574
    """
    weights = (positive_weight,) if isinstance(positive_weight, (int, float)) else tuple(positive_weight)
    faults = [] if weights else ["positive_weight is empty; give one, or one for each label"]
    wrong = [weight for weight in weights if not 0.0 < weight < math.inf]
    if wrong:
        advice = "it must be finite and above 0, what a yes counts against a no"
        faults.append(f"positive_weight holds {wrong[0]}; {advice}")
    refuse("BinaryCrossEntropy", faults)
    return Penalty(
        key="binary_cross_entropy",
        name="binary cross-entropy",
        says="For yes or no, one question or several at once: the output is the logit of yes.",
        formula="mean(w y ln(1 + exp(-f)) + (1 - y) ln(1 + exp(f))), w the positive weight",
        tex=r"\frac{1}{n} \sum_{i=1}^{n} \left( w y_i \ln(1 + e^{-f_i}) + (1 - y_i) \ln(1 + e^{f_i}) \right)",
        mean_over="all elements; positive weights do not enter the divisor",
        lower_bound=0.0,
        reached="never, only approached, as outputs grow to the right side; for targets between 0 and 1 the least "
        "value is their entropy",
        differentiable="everywhere, as often as wanted",
        expected=_Coins(weights),
        last_layer="linear, one output for each label, no sigmoid: the penalty contains it, and a second one flattens "
        "the gradient",
        targets="floating-point numbers from 0 (no) to 1 (yes) of exactly the output's shape",
        link="sigmoid: the sigmoid of the output is the probability of yes (with a positive weight, raised by it)",
        source="Cox 1958, The Regression Analysis of Binary Sequences",
    )


BINARY_CROSS_ENTROPY = binary_cross_entropy()

HINGE = Penalty(
    key="hinge",
    name="hinge penalty",
    says="For yes or no, when only the side counts: no cost once an output is on the right side by 1.",
    formula="mean(max(0, 1 - y f)), y = -1 or 1",
    tex=r"\frac{1}{n} \sum_{i=1}^{n} \max(0,\, 1 - y_i f_i), \quad y_i \in \{-1, 1\}",
    mean_over="all elements",
    lower_bound=0.0,
    reached="every output is on its target's side by at least 1",
    differentiable="everywhere but where y f = 1; torch gives 0 there",
    expected=_Margins(),
    last_layer="linear, one output for each label, no activation: a tanh or sigmoid never gets beyond the margin",
    targets="floating-point -1 (no) or 1 (yes) of exactly the output's shape",
    link="sign: a positive output is a yes; its size is no probability",
    source="Cortes & Vapnik 1995, Support-Vector Networks",
)
