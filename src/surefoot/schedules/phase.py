"""A phase: one shape with its length and knobs, checked as it is made; or a product of schedules side by side.

    ("linear", 100, None, (0.0,))                    100 steps, to=0.0
    ("warmup", None, 0.05, (0.0,))                   a share of the run
    ("inverse_sqrt", None, None, ((4000, None),))    the rest of the run; span=4000, a duration, as a pair of its own
    ("product", None, None, (phases, phases))        one tuple of phases for each factor

It is plain all the way down, because LambdaLR saves a schedule's __dict__ and torch.load admits no classes of ours.
Steps and share stand apart because 1 == 1.0 would make one step equal to the whole run.
"""

import operator
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, TypeAlias

from surefoot.errors import refuse
from surefoot.schedules.shapes import SHAPES, Duration, Knob

Phase: TypeAlias = tuple[str, int | None, float | None, tuple[Any, ...]]  # shape, steps, share, knobs
Phases: TypeAlias = tuple[Phase, ...]
Length: TypeAlias = int | float

PRODUCT = "product"


def phase(shape: str, length: Length | None, *values: object) -> Phase:
    """Return one phase of a shape.

    Args:
        shape: a name in `SHAPES`.
        length: int, steps; float, a share of the run; None, the rest of the run.
        values: one for each of the shape's knobs.

    Errors: InvalidValue that tells every argument out of its bounds.

    >>> phase("linear", 0.5, 0.0), phase("linear", 1, 0.5)
    (('linear', None, 0.5, (0.0,)), ('linear', 1, None, (0.5,)))
    """
    known = SHAPES[shape]
    faults = duration_faults("length", length) if length is not None else []
    if length is None and known.sized:
        faults.append("length is None; a warm-up has a length of its own, such as 0.05")
    for knob, value in zip(known.knobs, values, strict=True):
        faults += _faults(knob, value)
    refuse(shape, faults)
    steps, share = duration(length)
    knobs = tuple(_plain(knob, value) for knob, value in zip(known.knobs, values, strict=True))
    refuse(shape, known.faults(steps, *knobs))
    return shape, steps, share, knobs


def product(factors: Iterable[Phases]) -> Phase:
    """Return the product of schedules, given by their phases; products among them are taken apart.

    >>> product([(phase("linear", 5, 0.0),), (phase("constant", 8, 0.5),)])[:2]
    ('product', 8)
    """
    flat: list[Phases] = []
    for factor in factors:
        flat += factor[0][3] if len(factor) == 1 and factor[0][0] == PRODUCT else [factor]
    lengths = [steps_of(factor) for factor in flat]
    longest = None if None in lengths else max(steps for steps in lengths if steps is not None)
    return PRODUCT, longest, None, tuple(flat)


def steps_of(phases: Phases) -> int | None:
    """Return how many steps these phases take, or None while one of them is a share or without a length."""
    lengths = [steps for _, steps, _, _ in phases if steps is not None]
    return sum(lengths) if len(lengths) == len(phases) else None


def duration(value: Any) -> Duration:
    """Return a duration with its unit: (steps, None), (None, share), or (None, None) for None."""
    if value is None:
        return None, None
    return (None, float(value)) if isinstance(value, float) else (operator.index(value), None)


def duration_faults(name: str, value: Any) -> list[str]:
    """Say what is wrong with a duration: nothing, or one thing."""
    if isinstance(value, float):
        good, bounds = 0.0 < value <= 1.0, "a float is a share of the run, above 0 and at most 1.0 (an int is steps)"
        return [] if good else [f"{name} is {float(value)}; {bounds}"]
    try:
        steps = operator.index(value)
    except TypeError:
        return [f"{name} is {value!r}; it is an int, steps, or a float, a share of the run"]
    return [] if steps >= 1 else [f"{name} is {steps}; a number of steps is at least 1"]


def _faults(knob: Knob, value: Any) -> list[str]:
    if value is None and knob.optional:
        return []
    if knob.kind == "duration":
        return duration_faults(knob.name, value)
    kind: Any = Integral if knob.kind == "count" else Real
    word = "a whole number" if knob.kind == "count" else "finite"
    bounds = f"{word}, {'above' if knob.above else 'at least'} {knob.lowest:g} and at most {knob.highest}"
    good = isinstance(value, kind) and knob.lowest <= value <= knob.highest
    good = good and not (knob.above and value == knob.lowest)
    return [] if good else [f"{knob.name} is {value}; it is {knob.says}, {bounds}"]


def _plain(knob: Knob, value: Any) -> object:
    if value is None:
        return None
    if knob.kind == "duration":
        return duration(value)
    return operator.index(value) if knob.kind == "count" else float(value) + 0.0  # -0.0 is the 0.0 that it equals
