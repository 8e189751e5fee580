"""How many buckets a page draws; the buckets themselves are made where the records are."""

from surefoot.records.buckets import Buckets, none, of_points, packed

__all__ = ["MOST", "Buckets", "level_for", "none", "of_points", "packed"]

MOST = 1024
"""Buckets of a curve: about as many as a chart has pixels."""


def level_for(first: int, last: int, most: int = MOST) -> int:
    """Return the lowest level at which the steps from first to last are in no more than so many buckets.

    >>> level_for(0, 1023), level_for(0, 1024), level_for(5, 5)
    (0, 1, 0)
    """
    level = 0
    while (last >> level) - (first >> level) >= most:
        level += 1
    return level
