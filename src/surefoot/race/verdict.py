"""Who has won, and what the win of a short race says for a long run.

A rule whose steps do not grow with the gradient does well with one step size on most tasks, and a short race is a worse
guide than that: it is believed only where it says something quite different. Measured on seventeen workloads of 400 to
1500 steps with a quarter of them for the search (`benchmarks/tuning`): muon's usual step size came to 1.02 (those to
settle on) and 1.04 (to report on) of the best of a sweep; what a range test and a race said, to 1.33.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from surefoot.race.candidate import NOTCHES, Line
from surefoot.race.landscape import AWAY, Landscape, vertex, winner

USUAL = -0.4
"""Decades by which the best step size moves for each decade of length, where nothing is measured. On those workloads
what won at a seventeenth of the run was 0 to 1 decades above muon's best, 0 to 0.5 above adamw's."""

BOUNDS = (-0.6, 0.0)
"""The least and the greatest such drift that is believed."""

WEIGHT = 0.25
"""How much the measured drift counts beside the usual one: two lengths a factor of four apart are near each other, and
the noise of what is between them is doubled on the way to the run's length."""

ERR = 0.75
"""Decades by which short runs err beside their drift: while they say no more, the usual step size stays. With 0.6 every
third workload was pulled up by a tenth of a decade, which the steep ones did not bear; so was a pull of two decades for
each beyond this."""

CLEAR = 0.1
"""Part of its penalty by which the usual step size must be worse than a lower one: short runs favour higher ones, so
that one which favours a lower is right, unless next to nothing was learned and doing nothing came out ahead."""

PLACED = 120
"""Steps of a race that count as much as the range test, for a rule without a usual step size: with sgd at 30 and 60 the
penalties reached were higher."""

APART = 1.5
"""Decades between the two from which on the race is believed and not the range test."""


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
    if line.usual is None:
        wanted, why = _measured(line, carried(min(best[length], float(notch)), by, length, steps), length, steps)
    else:
        wanted, why = _kept(line, line.usual, notch, landscapes[length], by * math.log10(max(steps / length, 1.0)))
    most = _highest(line, landscapes, notch, start)
    found, raced = rounded(min(wanted, most)), line.step_size(notch)
    why = why if wanted <= most else f"{most:g} is half a decade below what ran away"
    return Verdict(line.rule, found, line.decay, raced, by, f"{raced:g} won at {length} steps; {why}")


def _measured(line: Line, reached: float, length: int, steps: int) -> tuple[float, str]:
    """Return the step size between what placed the grid and what the race says for the run's length, and why."""
    share = length / (length + PLACED) if abs(reached) <= NOTCHES * APART else 1.0
    said = f"for {steps} steps that would be {line.step_size(reached):g}"
    return line.step_size(share * reached), f"{said}, and what placed the grid counts {100 * (1 - share):.0f} %"


def _kept(line: Line, usual: float, notch: int, penalties: Landscape, drift: float) -> tuple[float, str]:
    """Return the usual step size, or another if the race says something quite different, and why.

    Args:
        line: the leader's.
        usual: its step size that does well on most tasks.
        notch: what won.
        penalties: at the second length.
        drift: decades between the best at that length and at the run's [at most 0].
    """
    raced = line.step_size(notch)
    left = pulled(math.log10(raced / usual), drift)
    at_usual = penalties.get(round(NOTCHES * math.log10(usual / line.centre)), math.inf)
    if left < 0.0 and at_usual - penalties[notch] < CLEAR * abs(at_usual):
        return usual, f"but by little, so the usual {usual:g} stays"
    if left == 0.0:
        return usual, f"short runs err by as much, so the usual {usual:g} stays"
    found = usual * 10.0**left
    if left < 0.0:
        return found, f"short runs favour larger ones than the usual {usual:g}, so one that does not is right"
    return found, f"short runs favour larger ones; what is beyond that moves the usual {usual:g} to {found:.3g}"


def pulled(decades: float, drift: float) -> float:
    """Return by how many decades to leave the usual step size, where a short race is so many above it.

    Laws: never farther than the race says, and never the other way. Below the usual it is followed; above, only by what
    is beyond the drift and the error of short runs.

    >>> [pulled(decades, drift=-0.5) for decades in (-1.0, 0.0, 1.0, 1.5, 3.0)]
    [-1.0, 0.0, 0.0, 0.25, 1.75]
    """
    return decades if decades < 0.0 else max(decades + drift - ERR, 0.0)


def rounded(step_size: float) -> float:
    """Return a step size to three digits, so that what is printed is what is used."""
    return float(f"{step_size:.3g}")


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
    (-0.4, -0.6)
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
