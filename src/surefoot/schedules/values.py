"""The factor of a schedule's phases at a step, computed from that step alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from surefoot.schedules.phase import PRODUCT, Phase, Phases
from surefoot.schedules.shapes import SHAPES, goes_on
from surefoot.schedules.writing import text_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def value_at(phases: Phases, step: int) -> float:
    """Return the factor at a step [at least 0] of phases whose every length is known.

    >>> value_at((("linear", 4, None, (0.0,)), ("constant", 2, None, (0.5,))), 4)
    0.5
    """
    shape, steps, _, knobs = phases[-1]
    for shape, steps, _, knobs in phases:
        if steps is None or step < steps:
            return _FACTORS[shape](step + 1, steps, *knobs)
        step -= steps
    return _FACTORS[shape](steps, steps, *knobs)  # after its end it holds its last value


def values_at(phases: Phases, steps: "NDArray[np.integer[Any]]") -> "NDArray[np.float64]":
    """Return the factors at an array of steps, exactly those of `value_at`: each formula is written once."""
    import numpy as np

    found = np.fromiter((value_at(phases, step) for step in steps.ravel().tolist()), np.float64, steps.size)
    return found.reshape(steps.shape)


def unknown(phases: Phases) -> list[str]:
    """Return, as text, what in these phases is not yet a number of steps and needs to be, so that they have a value.

    >>> unknown((("warmup", None, 0.5, (0.0,)), ("constant", None, None, (1.0,))))
    ['warmup(50%)']
    """
    return [words for at, phase in enumerate(phases, 1) for words in _unknown(phase, last=at == len(phases))]


def _unknown(phase: Phase, *, last: bool) -> list[str]:
    shape, steps, share, knobs = phase
    if shape == PRODUCT:
        inner = [words for factor in knobs for words in unknown(factor)]
        return inner or [text_of((phase,))] * (steps is None and not last)
    waits = any(isinstance(knob, tuple) and knob[0] is None for knob in knobs)
    endless = last and share is None and goes_on(shape, knobs)
    return [text_of((phase,))] * (waits or (steps is None and not endless))


def highest(phases: Phases) -> float:
    """Return a bound of the factor, which it does not pass at any step; inf where it is too large for a float."""
    return max(_highest(shape, knobs) for shape, _, _, knobs in phases)


def _highest(shape: str, knobs: tuple[Any, ...]) -> float:
    if shape == PRODUCT:
        bound = 1.0
        for factor in knobs:
            bound *= max(highest(factor), 1.0)
        return bound
    return float(knobs[0]) if shape == "constant" else 1.0


def _product(gone: int, _steps: int | None, *factors: Phases) -> float:
    found = 1.0
    for factor in factors:
        found *= value_at(factor, gone - 1)
    return found


_FACTORS: dict[str, Callable[..., float]] = {name: shape.factor for name, shape in SHAPES.items()} | {PRODUCT: _product}
