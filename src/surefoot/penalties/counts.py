"""The penalty for targets that are counts."""

import math
from dataclasses import dataclass
from typing import final

from surefoot.errors import refuse
from surefoot.penalties.numbers import Numbers
from surefoot.penalties.penalty import Penalty


@final
@dataclass(frozen=True)
class _Counts:
    def at_start(self, targets: Numbers) -> float:
        _refuse_negative(targets)
        return 1.0  # exp(0) - 0 y, whatever the counts are

    def chance_level(self, targets: Numbers) -> float:
        _refuse_negative(targets)
        return targets.mean - targets.mean * math.log(targets.mean) if targets.mean > 0.0 else 0.0


def _refuse_negative(targets: Numbers) -> None:
    least = targets.ordered[0] if targets.ordered else targets.mean
    told = f"the {'least target' if targets.ordered else 'mean'} is {least:g}; counts are at least 0"
    refuse("Poisson penalty", [told] if least < 0.0 else [])


POISSON = Penalty(
    key="poisson",
    name="Poisson penalty",
    says="For counts of events: the output is the logarithm of their expected number.",
    formula="mean(exp(f) - y f)",
    tex=r"\frac{1}{n} \sum_{i=1}^{n} \left( e^{f_i} - y_i f_i \right)",
    mean_over="all elements",
    lower_bound=-math.inf,
    reached="for given targets the least is mean(y - y ln y), where exp(f) = y; it is negative once counts exceed e, "
    "for the term ln y! is left out, which no output changes",
    differentiable="everywhere, as often as wanted; the gradient grows as exp(f), so large outputs explode",
    expected=_Counts(),
    last_layer="linear, one output for each count, no activation: the penalty takes the exponential itself",
    targets="floating-point counts, at least 0, of exactly the output's shape; not scaled, not centred",
    link="exponential: exp of the output is the expected count given the input",
    source="Nelder & Wedderburn 1972, Generalized Linear Models",
)
