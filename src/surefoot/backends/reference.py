"""The judge of the backends: a formula on numpy arrays in float64, one operation at a time."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from surefoot.rules.gradient import prepared
from surefoot.rules.language import bind
from surefoot.rules.rule import Rule

Array = NDArray[np.float64]


class Operations:
    """The meaning of `xp` for numpy."""

    where = staticmethod(np.where)
    sqrt, abs, exp, log = np.sqrt, np.abs, np.exp, np.log
    maximum, minimum = np.maximum, np.minimum

    @staticmethod
    def sign(x: Array) -> Array:
        """Return 1, -1, or 0 for zeros and, as torch has it, for NaN."""
        return np.greater(x, 0.0).astype(np.float64) - np.less(x, 0.0)


def step(rule: Rule, p: Array, g: Array, slots: tuple[Array, ...], numbers: Mapping[str, float]) -> tuple[Array, ...]:
    """Return the new parameter and slots.

    Args:
        rule: the rule.
        p: the parameter, any shape; `g` and each slot have the same.
        g: its gradient.
        slots: the rule's slots, in its order.
        numbers: `scale`, `l2` and every number of the formula by name.

    >>> from surefoot.rules import SGD
    >>> step(SGD, np.array([1.0]), np.array([2.0]), (), {"scale": 1.0, "l2": 0.0, "step_size": 0.1, "decay": 0.0})
    (array([0.8]),)
    """
    with np.errstate(all="ignore"):  # what is not finite comes out as it is: the statistics count it
        g = prepared(p, g, numbers["scale"], numbers["l2"])
        result = bind(rule.formula, Operations)(p, g, *slots, *(numbers[name] for name in rule.names))
    return result if isinstance(result, tuple) else (result,)


def walk(
    rule: Rule,
    p: Array,
    gradients: Iterable[Array | None],
    constants: Mapping[str, float],
    *,
    factors: Iterable[float] | None = None,
    l2: float = 0.0,
    scale: float = 1.0,
) -> Iterator[Array]:
    """Go through a parameter's values after each of its gradients, which are given and do not depend on it.

    Args:
        rule: the rule.
        p: the parameter, any shape.
        gradients: the gradient of each step, or None where there is none.
        constants: the rule's constants, `step_size` being the peak.
        factors: what share of the peak each step uses; all of it if None.
        l2: an L2 term.
        scale: what every gradient is multiplied with.
    """
    count, slots = 0, list[Array]()
    carried: dict[str, float] = {}
    for g, factor in zip(gradients, factors if factors is not None else repeat(1.0)):  # noqa: B905
        if g is not None:
            count += 1
            peak = constants["step_size"]
            numbers = {**constants, "step_size": peak * factor, "peak": peak, "factor": factor}
            if count == 1:
                slots = [np.full_like(p, rule.start(slot, numbers)) for slot in rule.slots]
                carried = rule.first(numbers)
            numbers |= carried
            row = dict(zip(rule.names, rule.row(count, numbers), strict=True))
            p, *slots = step(rule, p, g, tuple(slots), {**row, "scale": scale, "l2": l2})
            carried |= rule.carry(count, numbers)
        yield p
