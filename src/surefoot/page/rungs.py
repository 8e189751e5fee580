"""Rungs: the round numbers at which a hand leaves a length or a value, so that a text stays as a person writes it.

A length is left at 1, 2 or 5 times a power of ten: no finer than a tenth of itself or, if it is long, than 0.5 % of the
run, and no finer than a step or 0.1 % of the run. A value is left at two digits, and where the axis begins at 0 at a
hundredth of the peak.
"""

from decimal import ROUND_HALF_UP, Decimal
from math import floor, log10

from surefoot.page.spelling import Unit

COARSEST, FINEST = Decimal("0.5"), Decimal("0.1")
"""Hundredths of a run between two rungs of a long length, and of a short one."""

LEAST = 1e-9
"""The least value that a hand leaves; below it is 0."""

_HUNDREDTH = Decimal("0.01")


def rung(amount: Decimal, unit: Unit, steps: int) -> Decimal:
    """Return how far apart rungs are about a length.

    Args:
        amount: the length, in its unit [steps, or hundredths of the run].
        unit: steps or share.
        steps: of the run.

    >>> [rung(Decimal(amount), "steps", 1000) for amount in (3, 50, 700)], rung(Decimal(5), "share", 1000)
    ([Decimal('1'), Decimal('5'), Decimal('5')], Decimal('0.5'))
    """
    if unit == "steps":
        finest, coarsest = Decimal(1), Decimal(steps) * COARSEST / 100
    else:
        finest, coarsest = max(FINEST, Decimal(100) / steps), COARSEST
    finest = _round_up(finest)
    found = finest
    while (coarser := _next(found)) <= _round_up(max(coarsest, finest)) and coarser * 10 <= amount:
        found = coarser
    return found


def length_at(amount: Decimal, unit: Unit, steps: int) -> Decimal:
    """Return the rung that is nearest to a length.

    >>> length_at(Decimal("52.8"), "steps", 1000), length_at(Decimal("7.3"), "share", 1000)
    (Decimal('55'), Decimal('7.5'))
    """
    each = rung(amount, unit, steps)
    return max((amount / each).quantize(Decimal(1), ROUND_HALF_UP), Decimal(1)) * each


def value_at(value: float, *, log: bool) -> Decimal:
    """Return the rung that is nearest to a value.

    >>> value_at(0.0312, log=True), value_at(0.0372, log=False), value_at(0.004, log=False)
    (Decimal('0.031'), Decimal('0.04'), Decimal('0.0'))
    """
    if value < LEAST:
        return Decimal("0.0")
    near = Decimal(f"{value:.1e}")
    return near if log else near.quantize(max(_HUNDREDTH, _unit(value)), ROUND_HALF_UP) or Decimal("0.0")


def value_moves(value: float, *, log: bool) -> tuple[float, float, float, float]:
    """Return where small and large moves lead from a value: less, more, far less, far more.

    >>> value_moves(0.5, log=False), value_moves(0.01, log=True)
    ((0.49, 0.51, 0.4, 0.6), (0.009, 0.011, 0.005, 0.02))
    """
    if log:
        ends = (value * 0.9, value * 1.1, value * 0.5, value * 2) if value >= LEAST else (0.0, 1e-4, 0.0, 1e-3)
    else:
        step = 0.01 if value <= 1.0 else float(_unit(value))
        ends = (value - step, value + step, value - 10 * step, value + 10 * step)
    less, more, far_less, far_more = (float(value_at(end, log=log)) for end in ends)
    return less, more, far_less, far_more


def _unit(value: float) -> Decimal:
    """Return one of the second digit of a value."""
    return Decimal(1).scaleb(floor(log10(value)) - 1)


def _round_up(amount: Decimal) -> Decimal:
    """Return the least of 1, 2 and 5 times the powers of ten that is no less."""
    ten = Decimal(1).scaleb(amount.adjusted())
    return next(ten * times for times in (1, 2, 5, 10) if ten * times >= amount)


def _next(amount: Decimal) -> Decimal:
    return _round_up(amount * Decimal("1.5"))
