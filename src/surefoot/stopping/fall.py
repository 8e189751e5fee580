"""Fall: whether a run has left the ground, told from its training penalties, and never of a run that is still going.

A spike goes up and comes back; a fall stays up. Penalties are read in stretches of twenty steps, and what counts is how
far a stretch lies above the lowest before it, by measures that the run itself has given: what it had gained, how far it
had risen and come back before, how much single batches differ. So there is no threshold in units of the penalty, and
penalties may be negative.
"""

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

STRETCH = 20
"""Steps whose penalties are taken together."""

LASTING = 5
"""Stretches that a fall lasts at least, or a twentieth of the run if that is more. Of 53 runs on six small tasks, three
rules at 1, 3, 10 and 30 times their usual step size, none that went on to learn was taken for one."""

IN_A_ROW = 10
"""Steps in a row that were not finite, from which on it is no longer the batches: of runs with a third of bad batches
one step in 60 thousand is followed by so many."""


class Level(NamedTuple):
    """The penalties of one stretch of steps: plain numbers, so it can be saved.

    Args:
        middle: their median.
        low: their lower quartile.
        high: their upper quartile.
        first: the highest of the first three of them.
    """

    middle: float
    low: float
    high: float
    first: float


def level_of(penalties: Sequence[float]) -> Level:
    """Return the level of a stretch's finite penalties.

    >>> level_of([4.0, 1.0, 3.0, 2.0])
    Level(middle=2.5, low=1.0, high=4.0, first=4.0)
    """
    ordered = sorted(penalties)
    last = len(ordered) - 1
    return Level(median(ordered), ordered[last // 4], ordered[last - last // 4], max(penalties[:3]))


def fallen(levels: Sequence[Level]) -> str:
    """Return how a run has fallen by the end of these stretches, in words; nothing if it has not.

    It has where for `LASTING` stretches most penalties were further above the lowest level before than half of all that
    was gained, than what was never gained of the first level, than three times the farthest it had risen and come back
    from, and than three times what batches differ by; where it rose there at once; and where it is not on its way back.
    Or else where it rose slowly, but to a hundred times all that; or where it never was better than at its start, and
    has long been at ten times that.

    Args:
        levels: of a run since its start or its last fall, one for each `STRETCH` steps.

    Laws: a positive factor of all penalties changes nothing.

    >>> calm, up = Level(0.3, 0.25, 0.35, 0.3), Level(2.3, 2.2, 2.4, 2.3)
    >>> fallen([up, up, calm, calm, calm, calm] + [up] * 4), fallen([up, up, calm, calm, calm, calm] + [up] * 5)
    ('', 'it rose from about 0.3 to about 2.3 and has stayed there for 100 steps')
    """
    lasting = max(LASTING, len(levels) // 20)
    before, since = levels[:-lasting], levels[-lasting:]
    if len(before) < 3:
        return ""
    middles = [each.middle for each in since]
    if _never_better(levels[0].first, levels[-2 * lasting :]):
        return f"it began at about {levels[0].first:.3g} and has stayed at about {fmean(middles):.3g}"
    risen = ground(before, rising=2)
    floor, height = risen.floor, min(each.low for each in since) - risen.floor
    if _coming_back(middles, floor):
        return ""
    abrupt = 4.0 * (before[-2].middle - floor) < height and 3.0 * (middles[0] - floor) > 2.0 * (max(middles) - floor)
    if height > risen.bar and (abrupt or height > 100.0 * max(risen.bar, abs(levels[0].middle))):
        steps = lasting * STRETCH
        return f"it rose from about {floor:.3g} to about {fmean(middles):.3g} and has stayed there for {steps} steps"
    return ""


def _never_better(start: float, levels: Sequence[Level]) -> bool:
    """Tell whether penalties that began above zero have long been at ten times that, and are not on their way back.

    The start is the highest of three, since where batches differ much their median may lie near zero by chance: with it
    ten of a thousand slow swings were taken for such a run, with the highest none of ten thousand.
    """
    far = start > 0.0 and min(each.low for each in levels) > 10.0 * start
    return far and len(levels) >= 2 * LASTING and not _coming_back([each.middle for each in levels[-LASTING:]], start)


class Ground(NamedTuple):
    """What a run has shown so far: its lowest level, and how far above it is too far."""

    floor: float
    bar: float


def ground(levels: Sequence[Level], rising: int = 0) -> Ground:
    """Return the ground under a run: its lowest level, and the height above it that it does not reach by itself.

    Args:
        levels: of all stretches; one at least.
        rising: how many of the last may already have been rising: what they rose is no measure.
    """
    floor, swing, calm = levels[0].middle, 0.0, levels[: max(1, len(levels) - rising)]
    for each in calm:
        floor = min(floor, each.middle)
        swing = max(swing, each.middle - floor)
    floor = min(each.middle for each in levels)
    scatter = median(each.high - each.low for each in calm[-10:])
    gain = levels[0].middle - floor
    return Ground(floor, max(0.5 * gain, abs(levels[0].middle) - gain, 3.0 * swing, 3.0 * scatter))


def _coming_back(middles: Sequence[float], floor: float) -> bool:
    """Tell whether a rise has lost a fifth of its height since it was highest, but for one stretch."""
    top = sorted(middles[:-2])[-2]
    return top - fmean(middles[-2:]) > 0.2 * (top - floor)


def highest(levels: Sequence[Level], first: float) -> float:
    """Return up to where penalties may lie in a run that stands; early in a run that is ten times its first.

    Args:
        levels: since the start or the last fall.
        first: the first penalty since then.

    >>> highest([], 2.0), highest([Level(2.0, 1.9, 2.1, 2.0)] * 3, 2.0)
    (20.0, 4.0)
    """
    if len(levels) < 3:
        return first + 9.0 * abs(first)
    under = ground(levels, rising=max(LASTING, len(levels) // 20) + 2)
    return under.floor + under.bar
