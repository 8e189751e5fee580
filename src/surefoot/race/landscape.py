"""The landscape of one line at one length: penalties by notch, where it is lowest, and what counts as level."""

import math
from collections.abc import Mapping
from typing import TypeAlias, TypeVar

Landscape: TypeAlias = Mapping[int, float]
"""Penalties by notch; inf where one was not finite."""

Key = TypeVar("Key", int, tuple[int, int])

TIE = 0.02
"""Part of the best penalty's size within which others are level with it: about what another seed changes."""

GAINED = 0.1
"""Part of what the best has gained over the start within which others are level, if that is less: where all have hardly
begun to learn, all penalties are near each other and one is still the best."""

HIGHEST = 2.0
"""How much higher than the lower neighbour a higher one counts, at most: past the edge of stability the height of a
penalty says nothing of where the lowest point is."""


AWAY = 10.0
"""Times the penalty before any step, from which on one has run away."""


def level(penalties: Mapping[Key, float], start: float = math.inf) -> list[Key]:
    """Return the keys whose penalties are level with the best, in order; all of them if none is finite.

    Args:
        penalties: by key.
        start: the penalty before any step; inf if that is not known.

    >>> level({0: 1.01, 2: 1.0, 4: 1.5}), level({0: math.inf, 2: math.inf}), level({0: 2.31, 2: 2.29}, start=2.32)
    ([0, 2], [0, 2], [2])
    """
    best = min(penalties.values())
    if not math.isfinite(best):
        return sorted(penalties)
    limit = best + min(TIE * abs(best), GAINED * max(start - best, 0.0))
    return sorted(key for key, penalty in penalties.items() if penalty <= limit)


def winner(penalties: Mapping[Key, float], start: float = math.inf) -> Key:
    """Return the key that is level with the best and nearest to the middle of the grid, of two the lower.

    If none is finite, or all have run away from the start, it is the lowest of all.

    >>> winner({0: 1.01, 2: 1.0, 4: 1.5}), winner({-2: 1.0, 2: 1.0, 4: 1.5}), winner({(0, -4): 1.0, (0, 0): 1.01})
    (0, -2, (0, 0))
    """
    found = level(penalties, start)
    lost = not min(penalties.values()) < AWAY * abs(start)
    return found[0] if lost else min(found, key=_distance)


def _distance(key: int | tuple[int, int]) -> tuple[int, int, int]:
    line, notch = key if isinstance(key, tuple) else (0, key)
    return line, abs(notch), notch


def vertex(penalties: Landscape, start: float = math.inf) -> float:
    """Return the notch of the lowest point of the parabola through the winner and its neighbours on both sides.

    At an edge, and where fewer than three are known, it is the winner itself.

    >>> vertex({0: 2.0, 2: 1.0, 4: 2.0}), vertex({0: 1.5, 2: 1.0, 4: math.inf}), vertex({0: 1.0, 2: 2.0})
    (2.0, 1.666..., 0.0)
    """
    middle = winner(penalties, start)
    below = [notch for notch in penalties if notch < middle]
    above = [notch for notch in penalties if notch > middle]
    if not below or not above or not math.isfinite(penalties[middle]):
        return float(middle)
    left, right = max(below), min(above)
    rises = [max(penalties[side] - penalties[middle], 0.0) for side in (left, right)]
    most = max(HIGHEST * min(rises), TIE * abs(penalties[middle]))
    low, high = (min(rise, most) for rise in rises)
    return _lowest(middle, left, right, low, high)


def _lowest(middle: int, left: int, right: int, low: float, high: float) -> float:
    """Return where a parabola that is 0 in the middle, `low` on the left and `high` on the right is lowest."""
    back, on = left - middle, right - middle
    bend = (high / on - low / back) / (right - left)
    if not (math.isfinite(bend) and bend > 0.0):
        return float(middle)
    at = middle - (high / on - bend * on) / (2.0 * bend)
    return min(max(at, float(left)), float(right))
