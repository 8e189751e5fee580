"""Who has won, and what the win of a short race says for a long run.

A rule whose steps are normalised does well with one step size on most tasks, and a short race is a worse guide than
that: it is believed only where it says something quite different.

"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from surefoot.race.candidate import NOTCHES, Line
from surefoot.race.landscape import AWAY, Landscape, vertex, winner

USUAL = -0.2
"""Decades by which the best step size moves for each decade of length, where nothing is measured: adamw's -0.1 to -0.2,
sgd's -0.4 to -0.8 in the measurement above."""

BOUNDS = (-0.5, 0.0)
"""The least and the greatest such drift that is believed."""

WEIGHT = 0.25
"""How much the measured drift counts beside the usual one: two lengths a factor of four apart are near each other, and
the noise of what is between them is doubled on the way to the run's length."""

APART = 1.5
"""Decades from the usual step size from which on what a race says is believed in full."""

ERR = 0.75
"""Decades by which short runs err: while they say no more, the usual step size stays.

Measured on the six workloads to settle on and the eight to report on in `benchmarks/tuning`, 400 to 1500 steps, a
quarter of them for the search: what a range test and a race said was up to 0.9 decades from the best of a
quarter-decade sweep, without any correlation to it, and came to 1.33 of the best penalty as a geometric mean; the usual
step size of muon to 1.02 and 1.04.
"""

WORSE = 0.2
"""Part of the penalty before any step by which it must have risen at the usual step size for that one to be too high:
where hardly anything has been learned yet, low step sizes come out ahead by doing nothing."""


@final
@dataclass(frozen=True)
class Verdict:
    """Who has won, and what that means for the run.

    Args:
        rule: the winner's.
        step_size: what the run should use, corrected for its length [> 0].
        decay: the winner's.
        raced: the step size that won the race, as it stood.
        drift: decades by which the best falls for each decade of length [at most 0].
        reason: why, as a sentence.
    """

    rule: str
    step_size: float
    decay: float
    raced: float
    drift: float
    reason: str


def verdict_on(line: Line, landscapes: Mapping[int, Landscape], start: float, steps: int) -> Verdict:
    """Return the verdict on the line that leads.

    Args:
        line: the leader's.
        landscapes: its landscapes by length [steps], one at least.
        start: the penalty before any step; inf if that is not known.
        steps: length of the run.
    """
    length = max(landscapes)
    notch = winner(landscapes[length], start)
    best = {each: vertex(landscapes[each], start) for each in landscapes}
    by = drift(best)
    raced = line.step_size(notch)
    both = (raced, line.step_size(carried(min(best[length], float(notch)), by, length, steps)))
    measured = min(both, key=lambda size: abs(math.log10(size / line.usual)))
    left = believed(math.log10(measured / line.usual))
    if left < 0.0 and not _harms(line, landscapes, start):
        left = 0.0
    found = min(rounded(line.usual * 10.0**left), _highest(line, landscapes, notch, start))
    return Verdict(line.rule, found, line.decay, raced, by, _reason(line, raced, measured, found, length, steps))


def _reason(line: Line, raced: float, measured: float, found: float, length: int, steps: int) -> str:
    then = f", which would be {measured:g} at {steps}" if measured != raced else ""
    won = f"{raced:g} won at {length} steps{then}"
    if found == rounded(line.usual):
        why = "short runs err by as much" if measured >= line.usual / 10.0**ERR else "the usual did no harm"
        return f"{won}; {why}, so the usual {found:g} stays"
    if found < min(measured, line.usual):
        return f"{won}; {found:g} is half a decade below what ran away"
    return f"{won}; that is too far from the usual {line.usual:g} to be an error of short runs"


def believed(decades: float) -> float:
    """Return by how many decades to leave the usual step size where short runs say so many: none, part of them or all.

    Laws: the sign stays. Near ones count for nothing, far ones in full, and between the two it is a straight line.

    >>> [believed(decades) for decades in (-2.0, -0.5, 0.5, 1.25, 2.0)]
    [-2.0, 0.0, 0.0, 1.0, 2.0]
    """
    size = abs(decades)
    share = min(max(APART * (size - ERR) / (APART - ERR), 0.0), size)
    return math.copysign(share, decades) if share else 0.0


def rounded(step_size: float) -> float:
    """Return a step size to three digits, so that what is printed is what is used."""
    return float(f"{step_size:.3g}")


def _harms(line: Line, landscapes: Mapping[int, Landscape], start: float) -> bool:
    """Return whether the usual step size made things clearly worse than before any step, as far as is known."""
    notch = round(NOTCHES * math.log10(line.usual / line.centre))
    seen = [penalties[notch] for penalties in landscapes.values() if notch in penalties]
    return not (seen and math.isfinite(start) and max(seen) <= start + WORSE * abs(start))


def _highest(line: Line, landscapes: Mapping[int, Landscape], won: int, start: float) -> float:
    """Return the highest step size that may be suggested: half a decade below the lowest that ran away."""
    tried = [pair for penalties in landscapes.values() for pair in penalties.items()]
    known = (
        abs(start)
        if math.isfinite(start)
        else min((abs(each) for _, each in tried if math.isfinite(each)), default=1.0)
    )
    away = [notch for notch, penalty in tried if notch > won and not penalty <= AWAY * known]
    return line.step_size(min(away) - NOTCHES / 2) if away else math.inf


def unraced(line: Line, step_size: float, reason: str) -> Verdict:
    """Return the verdict where nothing could be measured."""
    return Verdict(line.rule, step_size, line.decay, step_size, 0.0, reason)


def drift(best: Mapping[int, float]) -> float:
    """Return the drift of the best step size in decades for each decade of length, from the best notch by length.

    Laws: within `BOUNDS` whatever is measured; `USUAL` where only one length is known.

    >>> drift({40: 0.0}), drift({10: 8.0, 20: -8.0})
    (-0.2, -0.5)
    """
    short, long = min(best), max(best)
    if short == long:
        return USUAL
    measured = (best[long] - best[short]) / NOTCHES / math.log10(long / short)
    return min(max(WEIGHT * measured + (1.0 - WEIGHT) * USUAL, BOUNDS[0]), BOUNDS[1])


def carried(notch: float, by: float, length: int, steps: int) -> float:
    """Return where a best notch at one length stands at the run's length.

    >>> carried(0.0, by=-0.25, length=20, steps=2000)
    -2.0
    """
    return notch + NOTCHES * by * math.log10(max(steps / length, 1.0))
