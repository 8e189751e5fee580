"""The judge of the backends: a formula on numpy arrays in float64, one operation at a time."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from surefoot.rules.gradient import prepared
from surefoot.rules.language import bind
from surefoot.rules.rule import Rule

Array = NDArray[np.float64]


class Operations:
    """The meaning of `xp` for numpy."""

    where = staticmethod(np.where)
    sqrt, abs, exp, log, sign = np.sqrt, np.abs, np.exp, np.log, np.sign
    maximum, minimum = np.maximum, np.minimum


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
    g = prepared(p, g, numbers["scale"], numbers["l2"])
    with np.errstate(all="ignore"):  # what is not finite comes out as it is: the statistics count it
        result = bind(rule.formula, Operations)(p, g, *slots, *(numbers[name] for name in rule.names))
    return result if isinstance(result, tuple) else (result,)
