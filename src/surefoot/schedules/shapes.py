"""Shapes: what one phase of a schedule can do. Each is a formula, the knobs that set it and their bounds.

A formula gives the factor from `gone`, how many of the phase's steps are done when its step i is (i + 1), from `steps`,
how many it has (L), and from its knobs. At gone = steps it gives exactly the end value, also in floating point. A knob
that is a duration is a pair (steps, None), and (None, share) until `Schedule.over` makes steps of it.
"""

import math
import sys
from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from surefoot.schedules.rounding import ends, written

Duration: TypeAlias = tuple[int | None, float | None]


class Knob(NamedTuple):
    """A number that sets a shape: its name, its bounds, what it is, and the value that text leaves out."""

    name: str
    lowest: float
    highest: float
    says: str = "a fraction of the peak"
    unsaid: float | None = None
    kind: Literal["number", "count", "duration"] = "number"
    above: bool = False  # the lowest is not allowed itself
    optional: bool = False


class Shape(NamedTuple):
    """What one kind of phase does: its formula, its knobs, and the argument that text writes first and unnamed."""

    factor: Callable[..., float]
    knobs: tuple[Knob, ...]
    first: str = "length"
    sized: bool = False  # it must have a length of its own
    faults: Callable[..., list[str]] = lambda *_: []  # of (steps, *knobs), each of which is within its bounds


def _between(first: float, last: float, part: float) -> float:
    return (1.0 - part) * first + part * last  # exactly `last` at part 1, which first + part * (last - first) is not


def _above(to: float, height: float) -> float:
    return height + (1.0 - height) * to  # a tiny height is kept where to is 0, so that no decay is 0 too early


def _half_cosine(part: float) -> float:
    sine = math.sin(0.5 * math.pi * part)
    return sine * sine  # (1 - cos(pi part)) / 2, but not 0 at the first step of a very long phase


def _warmup(gone: int, steps: int, start: float) -> float:
    return _between(start, 1.0, gone / steps)


def _cosine_warmup(gone: int, steps: int, start: float) -> float:
    return _between(start, 1.0, _half_cosine(gone / steps))


def _constant(_gone: int, _steps: int | None, value: float) -> float:
    return value


def _linear(gone: int, steps: int, to: float) -> float:
    return _between(1.0, to, gone / steps)


def _cosine(gone: int, steps: int, to: float) -> float:
    return _between(1.0, to, _half_cosine(gone / steps))


def _polynomial(gone: int, steps: int, exponent: float, to: float) -> float:
    return _above(to, (1.0 - gone / steps) ** exponent)


def _one_minus_sqrt(gone: int, steps: int, to: float) -> float:
    return _above(to, 1.0 - math.sqrt(gone / steps))


def _exponential(gone: int, steps: int, to: float | None, half_life: Duration) -> float:
    return 0.5 ** (gone / half_life[0]) if to is None else to ** (gone / steps)  # type: ignore[operator, no-any-return]


def _power(gone: int, _steps: int | None, span: Duration, exponent: float) -> float:
    return (1.0 + gone / span[0]) ** -exponent  # type: ignore[operator, no-any-return]


def _inverse_sqrt(gone: int, _steps: int | None, span: Duration) -> float:
    return _power(gone, None, span, 0.5)


def _restarts(gone: int, steps: int, cycles: int, growth: float, drop: float, to: float) -> float:
    stops = _cycle_ends(steps, cycles, growth)
    cycle = bisect_left(stops, gone)
    start = stops[cycle - 1] if cycle else 0
    return _between(drop**cycle, to, _half_cosine((gone - start) / (stops[cycle] - start)))


@lru_cache
def _cycle_ends(steps: int, cycles: int, growth: float) -> tuple[int, ...]:
    weights = [written(growth) ** cycle for cycle in range(cycles)]
    unit = Fraction(steps) / sum(weights)
    return tuple(ends([weight * unit for weight in weights], [1] * cycles))


def _restarts_faults(steps: int | None, cycles: int, _growth: float, drop: float, to: float) -> list[str]:
    faults = []
    if steps is not None and steps < cycles:
        faults.append(f"length is {steps} and cycles is {cycles}; each cycle needs a step, so make it longer")
    if drop ** (cycles - 1) < to:
        faults.append(f"the last cycle's peak is {drop ** (cycles - 1):.6g}, below to, {to}; raise drop or lower to")
    return faults


def _exponential_faults(_steps: int | None, to: float | None, half_life: Duration | None) -> list[str]:
    if (to is None) == (half_life is None):
        return [f"to is {to} and half_life is {half_life}; give one of the two, which says how fast it falls"]
    return []


_START, _TO = Knob("start", 0.0, 1.0, unsaid=0.0), Knob("to", 0.0, 1.0)
_VALUE = Knob("value", 0.0, sys.float_info.max, unsaid=1.0)
_RATE = Knob("to", 0.0, 1.0, above=True, optional=True)
_SPAN = Knob("span", 0.0, math.inf, kind="duration")
_HALF_LIFE = Knob("half_life", 0.0, math.inf, kind="duration", optional=True)
_EXPONENT = Knob("exponent", 0.0, 100.0, "a power", above=True)
_CYCLES = Knob("cycles", 1, 1000, "a number of cycles", kind="count")
_GROWTH = Knob("growth", 0.1, 10.0, "a cycle's length as a multiple of the last one's", unsaid=1.0)
_DROP = Knob("drop", 0.0, 1.0, "a cycle's peak as a fraction of the last one's", unsaid=1.0, above=True)

SHAPES = {
    "warmup": Shape(_warmup, (_START,), sized=True),
    "constant": Shape(_constant, (_VALUE,)),
    "linear": Shape(_linear, (_TO,)),
    "cosine": Shape(_cosine, (_TO,)),
    "cosine_warmup": Shape(_cosine_warmup, (_START,), sized=True),
    "restarts": Shape(_restarts, (_CYCLES, _GROWTH, _DROP, _TO), faults=_restarts_faults),
    "exponential": Shape(_exponential, (_RATE, _HALF_LIFE), faults=_exponential_faults),
    "power": Shape(_power, (_SPAN, _EXPONENT), first="span"),
    "inverse_sqrt": Shape(_inverse_sqrt, (_SPAN,), first="span"),
    "polynomial": Shape(_polynomial, (_EXPONENT, _TO)),
    "one_minus_sqrt": Shape(_one_minus_sqrt, (_TO,)),
}


def fewest_steps(shape: str, knobs: tuple[object, ...]) -> int:
    """Return how many steps a phase of this shape needs at least: one, or one for each cycle."""
    return int(knobs[0]) if shape == "restarts" else 1  # type: ignore[call-overload]


def goes_on(shape: str, knobs: tuple[object, ...]) -> bool:
    """Return whether the formula does without the phase's length, so that it can go on for ever."""
    return shape in {"constant", "power", "inverse_sqrt"} or (shape == "exponential" and knobs[0] is None)
