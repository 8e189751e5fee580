"""Lengths: who takes how much of a run, and the whole steps that come of it."""

from fractions import Fraction

from surefoot.errors import refuse
from surefoot.schedules.phase import PRODUCT, Phase, Phases, product
from surefoot.schedules.rounding import ends, nearest, written
from surefoot.schedules.shapes import fewest_steps
from surefoot.schedules.writing import text_of


def takes_rest(phase: Phase) -> bool:
    """Return whether a phase takes what the others leave: it has no length, or is a product with such a factor.

    >>> takes_rest(("linear", None, None, (0.0,))), takes_rest(("linear", None, 0.5, (0.0,)))
    (True, False)
    """
    shape, steps, share, knobs = phase
    if shape == PRODUCT:
        return any(takes_rest(inner) for factor in knobs for inner in factor)
    return steps is share is None


def share_of(phases: Phases) -> Fraction:
    """Return the share of the run that phases claim; a product claims what its largest factor does."""
    claims = (max(map(share_of, knobs)) if shape == PRODUCT else _share(share) for shape, _, share, knobs in phases)
    return sum(claims, Fraction(0))


def spread(phases: Phases, run: int) -> Phases:
    """Return phases with every length a whole number of steps of a run.

    Errors: InvalidValue if they take more than the run, or leave nothing to the one without a length.
    """
    sizes, where = _sizes(phases, run, Fraction(run)), text_of(phases)
    taken = max(nearest(sum(sizes, Fraction(0))), _fewest(phases))
    excess = [f"the run has {run} steps, and its phases, of a step at least, take {taken}; shorten them"]
    refuse(where, excess if taken > run else [])
    return _placed(phases, sizes, run, Fraction(0), 0, run)


def _placed(phases: Phases, sizes: list[Fraction], run: int, at: Fraction, begin: int, limit: int) -> Phases:
    placed = []
    fewest = [_fewest((phase,)) for phase in phases]
    for phase, size, end in zip(phases, sizes, ends(sizes, fewest, at=at, begin=begin, limit=limit), strict=True):
        placed.append(_whole(phase, size, run, at, begin, end))
        at, begin = at + size, end
    return tuple(placed)


def _whole(phase: Phase, size: Fraction, run: int, at: Fraction, begin: int, end: int) -> Phase:
    shape, _, _, knobs = phase
    if shape != PRODUCT:
        return shape, end - begin, None, tuple(_known(knob, run) for knob in knobs)
    if nearest(at) != begin:  # moved, to leave others a step: its factors count from where it is
        at = Fraction(begin)
    return product(_placed(factor, _sizes(factor, run, size), run, at, begin, end) for factor in knobs)


def _known(knob: object, run: int) -> object:
    if isinstance(knob, tuple) and knob[0] is None:
        return max(nearest(written(knob[1]) * run), 1), None
    return knob


def _sizes(phases: Phases, run: int, span: Fraction) -> list[Fraction]:
    """Return the exact length of each phase of a schedule that may take `span` of the run."""
    claims = [None if takes_rest(phase) else _claim(phase, run) for phase in phases]
    rest = span - sum(claim for claim in claims if claim is not None)
    if None in claims:
        had, phase = f"the run has {run} steps", phases[claims.index(None)]
        nothing = f"{had}, and nothing is left to the phase without a length; shorten the others"
        refuse(text_of(phases), [nothing] if rest <= 0 else [])
        inner = phase[3] if phase[0] == PRODUCT else ()
        longest = max((_total(factor, run) for factor in inner if not any(map(takes_rest, factor))), default=rest)
        little = f"{had}, and {float(rest):g} are left to {text_of((phase,))}, one of whose factors takes"
        refuse(
            text_of(phases), [f"{little} {float(longest):g}; shorten it"] if nearest(longest) > nearest(rest) else []
        )
    return [rest if claim is None else claim for claim in claims]


def _total(phases: Phases, run: int) -> Fraction:
    return sum((_claim(phase, run) for phase in phases), Fraction(0))


def _claim(phase: Phase, run: int) -> Fraction:
    shape, steps, share, knobs = phase
    if steps is not None:
        return Fraction(steps)
    return max(_total(factor, run) for factor in knobs) if shape == PRODUCT else _share(share) * run


def _fewest(phases: Phases) -> int:
    return sum(_fewest_of(phase) for phase in phases)


def _fewest_of(phase: Phase) -> int:
    shape, steps, _, knobs = phase
    if steps is not None:
        return steps
    return max(map(_fewest, knobs)) if shape == PRODUCT else fewest_steps(shape, knobs)


def _share(share: float | None) -> Fraction:
    return Fraction(0) if share is None else written(share)
