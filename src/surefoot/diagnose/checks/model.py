"""The model: whether its units can come to differ, and its layers do more than one would."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import Finding, Seen, Where, listed


def _example(layers: str, begin: str = "") -> str:
    return f"""
model = torch.nn.Sequential({layers})
{begin}optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
doctor = sf.Doctor(model, optimizer)
for _ in range(20):
    penalty = torch.nn.functional.cross_entropy(model(torch.randn(32, 8)), torch.randint(3, (32,)))
    doctor.observe(penalty)
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
"""


_NET = "torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3)"
_FILL = "for p in model.parameters():\n    torch.nn.init.constant_(p, {})\n"

EQUAL_UNITS = Check(
    "equal-units", "a layer whose units are all the same", "certain", "fault", "can the units of a layer differ?",
    "Units that begin equal and get equal gradients stay equal for ever: the layer is as good as one unit.",
    "Two rows of the weight or of its gradient differ.",
    explains=("all-zero-layer", "cannot-overfit-one-batch"),
    example=_example(_NET, _FILL.format(0.1)),
)  # fmt: skip
ALL_ZERO_LAYER = Check(
    "all-zero-layer", "a layer that is zero and stays zero", "certain", "fault", "can the units of a layer differ?",
    "Its weights are 0, and so are their gradients, because the layer after it is 0 too: neither can begin to learn.",
    "An entry of the weight or of its gradient is not 0.",
    explains=("cannot-overfit-one-batch",),
    example=_example(_NET, _FILL.format(0.0)),
)  # fmt: skip
LINEAR_AFTER_LINEAR = Check(
    "linear-after-linear", "two linear layers with nothing between", "certain", "note",
    "does every layer add something?",
    "Without anything between them two linear layers can do no more than one. A narrow one between two wide ones is "
    "meant, and is not reported.",
    "An activation, a norm or another operation stands between them.",
    "the autograd graph of the penalty; nothing of a compiled model",
    example=_example("torch.nn.Linear(8, 16), torch.nn.Linear(16, 3)"),
)  # fmt: skip

CHECKS: tuple[Check, ...] = (EQUAL_UNITS, ALL_ZERO_LAYER, LINEAR_AFTER_LINEAR)


@final
@dataclass(frozen=True)
class Rows:
    """What the rows of one weight are like, after some steps that moved other parameters.

    Args:
        name: of the weight.
        count: how many rows it has.
        zero: whether all of the weight is 0.
        alike: whether all its rows are equal.
        gradient_zero: whether all of its gradient is 0.
        gradient_alike: whether all rows of its gradient are equal.
    """

    name: str
    count: int
    zero: bool
    alike: bool
    gradient_zero: bool
    gradient_alike: bool


def rows_findings(weights: Sequence[Rows], step: int) -> list[Finding]:
    """Return what is wrong with weights whose rows were equal at the start.

    A weight that is 0 but has gradients whose rows differ (a residual branch begun at zero, LoRA) is sound.
    """
    zero = tuple(each.name for each in weights if each.zero and each.gradient_zero)
    equal = tuple(
        each.name for each in weights if each.alike and each.gradient_alike and each.name not in zero and each.count > 1
    )
    return [found for found in (_equal(equal, step), _zero(zero, step)) if found]


def _equal(names: tuple[str, ...], step: int) -> Finding | None:
    if not names:
        return None
    return EQUAL_UNITS.finding(
        f"All units of {listed(names)} are equal and get equal gradients, so they stay equal.",
        "torch.nn.init.kaiming_normal_(layer.weight)  # in place of a constant",
        [Seen("different rows of the weight", "1", "all"), Seen("different rows of its gradient", "1", "all")],
        Where(step, names),
    )


def _zero(names: tuple[str, ...], step: int) -> Finding | None:
    if not names:
        return None
    return ALL_ZERO_LAYER.finding(
        f"All of {listed(names)} is 0, and so is its gradient: it stays 0.",
        "torch.nn.init.kaiming_normal_(layer.weight)  # leave zeros to the last layer of a branch",
        [Seen("largest weight", "0"), Seen("largest gradient", "0")],
        Where(step, names),
    )


@final
@dataclass(frozen=True)
class Pair:
    """Two linear layers with nothing between: their weights' names, and widths before, between and after."""

    first: str
    second: str
    before: int
    between: int
    after: int


def linear_after_linear(pairs: Sequence[Pair], step: int) -> Finding | None:
    """Return a note if a linear layer follows another that is no bottleneck.

    >>> linear_after_linear([Pair("a", "b", 64, 8, 64)], 0)
    """
    wide = [each for each in pairs if each.between >= min(each.before, each.after)]
    if not wide:
        return None
    names = tuple(dict.fromkeys(name for each in wide for name in (each.first, each.second)))
    return LINEAR_AFTER_LINEAR.finding(
        f"{wide[0].second} follows {wide[0].first} with nothing between: together they do what one layer from "
        f"{wide[0].before} to {wide[0].after} does.",
        "torch.nn.ReLU()  # between them; or one layer",
        [Seen("operations between them", "0", "1 or more")],
        Where(step, names),
    )
