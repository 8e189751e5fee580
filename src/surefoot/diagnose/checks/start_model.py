"""What a model does before a run begins: facts that were measured on it, judged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

from surefoot.diagnose.checks.start import (
    ACTIVATION_SCALE,
    BATCH_MIXING,
    CANNOT_OVERFIT,
    INITIAL_PENALTY,
    OVERCONFIDENT_OUTPUTS,
)
from surefoot.diagnose.finding import Finding, Seen, Where, listed

ABOVE = {"choices": (1.5, 3.0), "quantities": (3.0, 10.0)}
"""Times its reference from which on a first penalty is a note, and a fault. A last layer drawn after He et al. gives
ten classes 1.4 times ln 10; an embedding of width 128 as torch makes it, tied to the last layer, gives 256 classes 7
times ln 256. Squares of outputs of size 1 add 1 to a variance of 1."""
TRAINED = 0.8
"""Part of its reference below which a first penalty shows that the model has learnt already."""
DECIDED = 3.0
"""Spread of outputs from which on a softmax of ten normal ones gives its largest two thirds on average."""
NOTED, FAULTY = 1e3, 1e6
"""Factors through the layers. Plain nets as torch makes them shrink what differs. On the digits, in 600 steps of AdamW
at 3e-3 after a warm-up, they reach: ReLU in 8 layers, 1/1,500, accuracy 0.97; in 14 layers, 1/400,000, 0.97; in 20
layers, 1/60,000,000, 0.34; sigmoid in 4 layers, 1/2,600, 0.72; in 6 layers, 1/130,000, 0.19."""
CUT = "detach(), .data, numpy() or no_grad between the model and the penalty"
SCALES = (0.1, 10.0)
"""Standard deviations of targets that outputs as torch makes them can reach in few steps."""
OFF = 3.0
"""Standard deviations of the targets that their mean may lie off 0."""


@final
@dataclass(frozen=True)
class First:
    """The penalty before any step, beside what is known of it.

    Args:
        value: the lower of those in training and in evaluation mode.
        start: what outputs that are all 0 cost.
        chance: what the best constant costs.
        start_name: how the first is called, such as "ln 10".
        chance_name: how the second is.
        kind: choices (classes, labels) or quantities, whose penalties have no natural size.
        offset: added to all three before they are compared, for penalties that are 0 by chance alone.
        mean: of the targets, if they are quantities.
        deviation: of the targets, if they are quantities.
    """

    value: float
    start: float
    chance: float
    start_name: str
    chance_name: str
    kind: Literal["choices", "quantities"]
    offset: float = 0.0
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def above(self) -> float:
        """How many times its reference it is."""
        return (self.value + self.offset) / max(self.start + self.offset, 1e-30)

    @property
    def trained(self) -> bool:
        """Whether it is so far below what a constant costs that the model has learnt already."""
        return self.value + self.offset < TRAINED * (self.chance + self.offset)

    def matched(self) -> str:
        """Say which reference it is near."""
        if self.trained:
            return f"below the {brief(self.chance)} of {self.chance_name}"
        near = min(
            (self.start, self.start_name), (self.chance, self.chance_name), key=lambda one: abs(one[0] - self.value)
        )
        return f"{near[1]} = {brief(near[0])}" if near[1][:2] == "ln" else f"{near[1]} costs {brief(near[0])}"


def initial_penalty(first: First, layer: str = "") -> Finding | None:
    """Return the finding on the penalty before any step; layer is the name of the last one with weights."""
    known = math.isfinite(first.start)
    expected = f"about {brief(first.start)} ({first.start_name})" if known else "a finite number"
    seen = [Seen("penalty before any step", first.value, expected)]
    if not math.isfinite(first.value):
        return INITIAL_PENALTY.finding(
            f"The first penalty is {first.value}",
            "look for overflow in the model: x = (x - x.mean(0)) / x.std(0)",
            seen,
        )
    if first.kind == "quantities" and not first.trained and (said := _off_scale(first)):
        found = INITIAL_PENALTY.finding(
            f"The targets are not scaled ({said}), so the first penalty is {first.value:.4g}",
            "y = (y - y_train.mean(0)) / y_train.std(0), and undo it when predicting",
            [Seen("the targets' mean", first.mean, "about 0"), Seen("their deviation", first.deviation, "about 1")],
        )
        return replace(found, severity="note")
    noted, faulty = ABOVE[first.kind]
    if first.above <= noted or not _clearly(first):
        return None
    found = INITIAL_PENALTY.finding(
        f"The first penalty is {brief(first.value)}, {first.above:.3g} times the {brief(first.start)} of outputs of 0",
        f"{_smaller(layer, 0.1)}, and scale the inputs",
        seen,
    )
    return found if first.above > faulty else replace(found, severity="note")


def overconfident(first: First, spread: float, layer: str) -> Finding | None:
    """Return the finding on the spread of the first outputs, a fault where the first penalty is one.

    Args:
        first: the first penalty; the finding is silent where that is not high.
        spread: of the outputs of one row, or of one output over rows for labels [standard deviation].
        layer: the last layer's name.
    """
    noted, faulty = ABOVE["choices"]
    if first.kind != "choices" or not spread > DECIDED or first.above <= noted or not _clearly(first):
        return None
    found = OVERCONFIDENT_OUTPUTS.finding(
        f"The outputs spread by {spread:.3g} before any step, so wrong answers are given with near certainty",
        _smaller(layer, 1.0 / spread),
        [Seen("standard deviation of the outputs", spread, f"below {DECIDED:g}")],
        Where(layer=(layer,) if layer else ()),
    )
    return found if first.above > faulty else replace(found, severity="note")


def activation_scale(signals: Sequence[tuple[str, float]], titles: Mapping[str, str] | None = None) -> Finding | None:
    """Return the finding on the signal through the layers.

    Args:
        signals: for each layer in the order of calling its name, and how much its input differs between rows as a
            multiple of the first layer's; a norm in between brings it back, and then nothing is said.
        titles: what the layers are to be called, by name.
    """
    called = titles or {}
    if not signals:
        return None
    end = signals[-1][1]
    grown = end > NOTED
    if not grown and not end < 1.0 / NOTED:
        return None
    beyond = [(value > NOTED) if grown else (value < 1.0 / NOTED) for _, value in signals]
    at = len(beyond) - next((back for back, out in enumerate(reversed(beyond)) if not out), len(beyond))
    word, change = ("grown", "begin the layers smaller") if grown else ("shrunk", "begin the layers larger")
    found = ACTIVATION_SCALE.finding(
        f"What differs between rows has {word} to {end:.2g} of the first layer's when it reaches "
        f"{called.get(signals[-1][0], signals[-1][0])}",
        f"{change}, as in torch.nn.init.kaiming_normal_(layer.weight), or put a LayerNorm before "
        f"{called.get(signals[at][0], signals[at][0])}",
        [Seen(f"signal at {called.get(name, name)}", value, "0.001 to 1000") for name, value in signals[at : at + 3]],
        Where(layer=tuple(name for name, _ in signals[at:])),
    )
    return found if not 1.0 / FAULTY <= end <= FAULTY else replace(found, severity="note")


def batch_mixing(changed: int, seen_in: Sequence[int], strength: float) -> Finding:
    """Return the finding on rows that depend on each other.

    Args:
        changed: the row of the input that was replaced.
        seen_in: other rows of the output that then changed; none if these cannot be told.
        strength: the largest of these changes as a part of the row's own.
    """
    rows = f"row{'s' * (len(seen_in) > 1)} {listed(tuple(map(str, seen_in)))}"
    where = rows if seen_in else "numbers that depend on other rows too"
    return BATCH_MIXING.finding(
        f"In evaluation mode, replacing row {changed} of the input changes {where} of the output",
        "look for view or reshape where permute is meant, a softmax or mean over dimension 0, and batch_first=True",
        [Seen("change in other rows, as a part of the row's own", strength, "0")],
        Where(rows=(changed, *seen_in)),
    )


def cannot_overfit(rows: int, steps: int, best: float, goal: float, begun: float) -> Finding:
    """Return the finding on rows that could not be learnt.

    Args:
        rows: how many there were.
        steps: taken at each step size.
        best: the lowest penalty.
        goal: what it had to fall below.
        begun: the penalty before.
    """
    return CANNOT_OVERFIT.finding(
        f"A copy of the model could not learn {rows} rows by heart: after {steps} steps of AdamW the penalty stands at "
        f"{best:.4g}",
        f"look for {CUT}, a softmax, sigmoid or ReLU on the outputs, and targets of other rows",
        [Seen("lowest penalty on these rows", best, f"below {goal:.3g}"), Seen("before", begun)],
    )


def cut_off() -> Finding:
    """Return the finding on a penalty that no parameter has a part in."""
    return CANNOT_OVERFIT.finding(
        "The penalty depends on no parameter that can be trained, so no step would change anything", f"look for {CUT}"
    )


def _smaller(layer: str, factor: float) -> str:
    return (
        f"model.get_submodule({layer!r}).weight.data.mul_({factor:.2g})" if layer else f"output = {factor:.2g} * output"
    )


def _clearly(first: First) -> bool:
    """Return whether choices cost a factor of two in probability more than they should: two classes have but ln 2."""
    return first.kind != "choices" or first.value > first.start + math.log(2.0)


def brief(value: float) -> str:
    """Return a penalty as it is read.

    >>> brief(2.30259), brief(0.0123), brief(31369.5)
    ('2.30', '0.0123', '3.137e+04')
    """
    return f"{value:.2f}" if 1.0 <= abs(value) < 1000.0 else f"{value:.3g}" if abs(value) < 1.0 else f"{value:.4g}"


def _off_scale(first: First) -> str:
    if abs(first.mean) > OFF * first.deviation:
        return f"mean {first.mean:.4g}, deviation {first.deviation:.3g}"
    inside = SCALES[0] <= first.deviation <= SCALES[1] or first.deviation == 0.0
    return "" if inside else f"deviation {first.deviation:.3g}"
