"""Schedules that are joins of others, under the names that people know them by."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from surefoot.errors import refuse
from surefoot.schedules.phase import Length, duration_faults
from surefoot.schedules.rounding import written
from surefoot.schedules.schedule import Schedule
from surefoot.schedules.shaped import constant, cosine, cosine_warmup, one_minus_sqrt
from surefoot.schedules.shaped import warmup as ramp


def piecewise(
    at: Length | Sequence[Length], to: float | Sequence[float] | None = None, factor: float | None = None
) -> Schedule:
    """Return constants one after the other: 1 at first, and another value from each given place on.

    Args:
        at: the steps from which a new value holds, the first at least 1, or shares of the run; rising, all of one unit.
        to: the new values, as many [fractions of the peak, at least 0].
        factor: instead of `to`: every new value is so many times the last one [above 0].

    Errors: InvalidValue if the places do not rise, are of two units, or are not as many as the values.

    >>> piecewise(at=(30, 60), to=(0.1, 0.01)) == piecewise(at=(30, 60), factor=0.1)
    True
    >>> piecewise(at=(0.5, 0.75), factor=0.5)
    constant(50%) >> constant(25%, value=0.5) >> constant(value=0.25)
    """
    places = tuple(at) if isinstance(at, Sequence) else (at,)
    values = tuple(to) if isinstance(to, Sequence) else () if to is None else (to,)
    refuse("piecewise", _faults(places, values, to, factor))
    if factor is not None:  # powers of the number as it is written, so that 0.1 gives 0.01 and not 0.010000000000000002
        values = tuple(float(written(float(factor)) ** power) for power in range(1, len(places) + 1))
    between = [constant(_between(*ends), value) for ends, value in zip(pairwise(places), values, strict=False)]
    parts = [constant(places[0]), *between, constant(value=values[-1])]
    return Schedule(tuple(phase for part in parts for phase in part.phases))  # `>>` would check the whole at each part


def _faults(places: Sequence[Length], values: Sequence[float], to: object, factor: float | None) -> list[str]:
    faults = [fault for place in places for fault in duration_faults("at", place)]
    if not faults and not places:
        faults.append("at is empty; give the places where the value changes, such as at=(30%, 60%)")
    if not faults and len({isinstance(place, float) for place in places}) > 1:
        faults.append(f"at is {places}; give all places in steps (ints) or all as shares of the run (floats)")
    if not faults and any(start >= end for start, end in pairwise(places)):
        faults.append(f"at is {places}; each place must be later than the one before")
    if (to is None) == (factor is None):
        faults.append(f"to is {to} and factor is {factor}; give one of the two")
    if to is not None and len(values) != len(places):
        faults.append(f"at has {len(places)} places and to has {len(values)} values; give one value for each place")
    if factor is not None and not (isinstance(factor, int | float) and 0.0 < factor <= 1.0):
        faults.append(f"factor is {factor}; it must be above 0 and at most 1")
    return faults


def _between(start: Length, end: Length) -> Length:
    if isinstance(start, float) and isinstance(end, float):
        return float(Fraction(written(float(end)) - written(float(start))))
    return end - start


def one_cycle(rise: Length = 0.25, fall: Length | None = None, start: float = 0.04, to: float = 0.0) -> Schedule:
    """Return one cycle: a rise along half a cosine, then a fall along half a cosine.

    Source: Smith and Topin 2017 (arXiv:1708.07120), with the cosines that fastai gave it; fastai's share of the rise
    (torch's is 0.3) and torch's start, one over its div_factor of 25. It ends at 0, where torch's goes to 4e-6.

    Args:
        rise: steps, or a share of the run.
        fall: steps, a share of the run, or None: the rest of the run.
        start: where the rise sets out, one step before its first [fraction of the peak, 0 to 1].
        to: the end value [fraction of the peak, 0 to 1].

    >>> one_cycle().over(steps=100)
    cosine_warmup(25, start=0.04) >> cosine(75, to=0.0)
    """
    return cosine_warmup(rise, start) >> cosine(fall, to)


def wsd(warmup: Length = 0.05, cooldown: Length = 0.2, to: float = 0.0) -> Schedule:
    """Return warm-up, stable, decay: a linear rise, the peak for the rest of the run, and a 1 - sqrt cool-down.

    The stable part can be prolonged, or cooled from any of its steps, without a new run.

    Source: Hu et al. 2024 (arXiv:2404.06395) for the three parts; Hägele et al. 2024 (arXiv:2405.18392) for the form of
    the cool-down, and for a fifth of the run being enough.

    Args:
        warmup: steps, or a share of the run.
        cooldown: steps, or a share of the run.
        to: the end value [fraction of the peak, 0 to 1].

    >>> wsd()
    warmup(5%) >> constant() >> one_minus_sqrt(20%, to=0.0)
    """
    return ramp(warmup) >> constant() >> one_minus_sqrt(cooldown, to)


JOINS = (piecewise, one_cycle, wsd)
"""Those that text may name, beside the shapes."""
