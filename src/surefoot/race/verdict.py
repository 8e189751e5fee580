"""Who has won, and what the win of a short race says for a long run.

Measured on twelve pairs of a task, a rule and a length (digits, conv net and MLP; diabetes; breast cancer; adamw, sgd;
300 to 1500 steps, three seeds, a quarter of them for the search), as the geometric mean of the penalty reached over the
best of a quarter-decade sweep: the winner of a race of 20 steps as it stood 1.2 with adamw and 2.6 to 5.7 with sgd,
whose best falls by a decade on the way to the run; and, in the 24 of 36 cases that had a race, a range test of 60 steps
alone 1.12 and 1.06, the rule's usual step size 1.26 and 1.22 (in all 36: 1.23 and 1.17). So a short race moves what a
range test suggests a little, a long one a lot.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from surefoot.race.candidate import NOTCHES, Line
from surefoot.race.landscape import Landscape, vertex, winner

USUAL = -0.2
"""Decades by which the best step size moves for each decade of length, where nothing is measured: adamw's -0.1 to -0.2,
sgd's -0.4 to -0.8 in the measurement above."""

BOUNDS = (-0.5, 0.0)
"""The least and the greatest such drift that is believed."""

WEIGHT = 0.25
"""How much the measured drift counts beside the usual one: two lengths a factor of four apart are near each other, and
the noise of what is between them is doubled on the way to the run's length."""

PLACED = 120
"""Steps of a race that count as much as what placed the grid: at 30 and 60 the measurement above came out worse."""

APART = 1.5
"""Decades between the two from which on the race is believed and not what placed the grid."""


WORSE = 0.2
"""Part of the penalty before any step by which one is above it that has run away."""


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
    reached = carried(min(best[length], float(notch)), by, length, steps)
    share = length / (length + PLACED) if abs(reached) <= NOTCHES * APART else 1.0
    raced, found = line.step_size(notch), line.step_size(min(share * reached, _highest(landscapes, start)))
    reason = (
        f"{raced:g} won at {length} steps with {landscapes[length][notch]:.4g}, which for {steps} steps is "
        f"{line.step_size(reached):.3g}; the grid's centre {line.step_size(0):g} counts {100 * (1 - share):.0f} %"
    )
    return Verdict(line.rule, found, line.decay, raced, by, reason)


def _highest(landscapes: Mapping[int, Landscape], start: float) -> float:
    """Return the highest notch that may be suggested: half a decade below the lowest that made things worse."""
    tried = [pair for penalties in landscapes.values() for pair in penalties.items()]
    limit = start + WORSE * abs(start)
    if not math.isfinite(start):  # nobody has said: a hundred times the best has run away from any start
        limit = 100.0 * (1.0 + min((abs(each) for _, each in tried if math.isfinite(each)), default=0.0))
    worse = [notch for notch, penalty in tried if penalty > limit or not math.isfinite(penalty)]
    return min(worse, default=math.inf) - NOTCHES / 2


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
