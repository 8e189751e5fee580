"""Rounding: shares of a run to whole steps, exactly. The places where things end are rounded, not their lengths."""

import math
from fractions import Fraction


def written(share: float) -> Fraction:
    """Return a share as its author meant it: 0.1 is a tenth, so ten of them are the whole run.

    >>> written(0.1) * 10 == 1
    True
    """
    return Fraction(repr(share))


def nearest(place: Fraction) -> int:
    """Return the nearest whole step, halves up.

    >>> [nearest(Fraction(half, 2)) for half in (1, 2, 3)]
    [1, 1, 2]
    """
    return math.floor(place + Fraction(1, 2))


def ends(
    sizes: list[Fraction], least: list[int], *, at: Fraction = Fraction(0), begin: int = 0, limit: int | None = None
) -> list[int]:
    """Return the whole step at which each of these parts, one after the other, ends.

    Args:
        sizes: the exact length of each part [steps].
        least: the fewest steps that each may have.
        at: where the first begins, exactly [steps].
        begin: the whole step at which it begins.
        limit: the whole step that none may pass; None sets no limit. It leaves room for the sum of `least`.

    >>> ends([Fraction(5, 2), Fraction(15, 2)], [1, 1]), ends([Fraction(1, 9)] * 2, [1, 1])
    ([3, 10], [1, 2])
    """
    last = max(nearest(at + sum(sizes)), begin + sum(least))
    last = last if limit is None else min(last, limit)
    found, later = [], sum(least)
    for size, fewest in zip(sizes, least, strict=True):
        at, later = at + size, later - fewest
        begin = min(max(nearest(at), begin + fewest), last - later)
        found.append(begin)
    return found
