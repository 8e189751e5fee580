"""Flat: stop when the second half of a run surely brought less than the scatter of a single check."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import final

from surefoot.errors import refuse
from surefoot.stopping.judge import Goal, Verdict, best_of, told

SPIKE = 4.0
"""Noises above the level before from which on a value is a spike: one in 30,000 values of a normal noise is."""

SURE = 1.5
"""Standard errors that are added to a gain: fewer stopped slow falls under noise, more waited twice as long."""

NORMAL = 1.4826
"""The standard deviation of a normal noise in units of the median of its absolute values."""


@final
@dataclass(frozen=True)
class Flat:
    """Stops when the values no longer get better, by a test that knows their noise and tells a spike from a plateau.

    A line is laid through the second half of the checks: its slope is the median of the slopes between all pairs of
    them (Theil 1950, Sen 1968), which lone values do not move. The run is flat when what that line gained, and one and
    a half standard errors more, is less than the scatter of a single check, or than `worth` of all that the run has
    gained: where there is more noise the line has to be longer. The scatter is what neighbours differ by. Values far
    above those before them are a spike: they are left out, and while one lasts the run goes on, for `least` checks.

    Args:
        least: checks that a half has at least [>= 3].
        worth: the least gain of a half that counts, as a part of all the gain so far [0 to 1].
        goal: "min" when lower is better, "max" when higher is.

    Errors: InvalidValue if a bound above is broken.

    Laws: the same values give the same verdict. The verdict for "min" is that for "max" on the values' negatives. A
    shift of all values, or a positive factor, changes no verdict.

    >>> falling = [2.0 - i / 20 for i in range(20)]
    >>> Flat().verdict(falling).stop, Flat().verdict(falling + [1.05] * 60).stop
    (False, True)
    """

    least: int = 10
    worth: float = 0.05
    goal: Goal = "min"

    def __post_init__(self) -> None:
        faults = [] if self.least >= 3 else [f"least is {self.least}; it is a number of checks, 3 at least"]
        if not 0.0 <= self.worth <= 1.0:
            faults.append(f"worth is {self.worth}; it is a part of the gain, from 0 to 1")
        if self.goal not in ("min", "max"):
            faults.append(f"goal is {self.goal!r}; it must be 'min' or 'max'")
        refuse("Flat", faults)

    def verdict(self, values: Sequence[float]) -> Verdict:
        """Return whether the run is flat after the latest of these values, one for each check."""
        best = best_of(values, self.goal)
        bad = len(values) if best is None else len(values) - 1 - best
        news = told(values, best)
        if len(values) and not math.isfinite(values[-1]):
            return Verdict(True, best, bad, f"Stop: check {len(values) - 1} gave {values[-1]}; {news}.")
        if len(values) < 2 * self.least:
            return Verdict(False, best, bad, f"Go on: {len(values)} checks are too few to call it flat; {news}.")
        signed = [value if self.goal == "min" else -value for value in values]
        width = len(values) // 2
        noise, spiked = _noise(signed), _spikes(signed, width)
        if spiked and spiked[-1] == len(values) - 1 and _run_of(spiked) <= self.least:
            return Verdict(False, best, bad, f"Go on: a spike since {_run_of(spiked)} checks; {news}.")
        return self._judged(signed, width, noise, set(spiked), Verdict(False, best, bad, news))

    def _judged(self, values: list[float], width: int, noise: float, spiked: set[int], so_far: Verdict) -> Verdict:
        places = [at for at in range(len(values) - width, len(values)) if at not in spiked]
        if _run_of(sorted(spiked)) > self.least:
            places = [*range(len(values) - width, len(values))]  # what lasts is no spike
        gained = -_slope(places, values) * width
        error = SURE * noise * math.sqrt(12.0 / len(places))  # of a line's rise over its whole length
        whole = max(values[0] - min(value for value in values if math.isfinite(value)), 0.0)
        flat = gained + error <= max(noise, self.worth * whole)
        said = f"the last {width} checks gained {gained:.3g}, give or take {error:.2g}"
        text = f"{'Stop' if flat else 'Go on'}: {said}; {so_far.reason}."
        return Verdict(flat, so_far.best, so_far.bad_checks, text)


def _noise(values: list[float]) -> float:
    """Return the standard deviation of a value about its level, from what neighbours differ by."""
    finite = [value for value in values if math.isfinite(value)]
    apart = [later - earlier for earlier, later in pairwise(finite)]
    apart = apart[-max(8, len(apart) // 2) :]
    if not apart:
        return 0.0
    middle = median(apart)
    return NORMAL * median(abs(each - middle) for each in apart) / math.sqrt(2.0)


def _spikes(values: list[float], width: int) -> list[int]:
    """Return the places of the values that stand far above the `width` before them, of those that are no spikes."""
    found: list[int] = []
    calm: list[float] = []
    for at, value in enumerate(values):
        before = calm[-width:]
        limit = median(before) + SPIKE * _noise(before) if len(before) >= 3 else math.inf
        if value > limit and value > max(before[-3:]):
            found.append(at)
        else:
            calm.append(value)
    return found


def _run_of(places: list[int]) -> int:
    """Return how many places in a row, without a gap, the last ones are.

    >>> _run_of([2, 5, 6, 7]), _run_of([])
    (3, 0)
    """
    length = 0
    for at in reversed(places):
        if places[-1] - at != length:
            break
        length += 1
    return length


def _slope(places: list[int], values: list[float]) -> float:
    """Return the median of the slopes between all pairs."""
    pairs = [(values[b] - values[a]) / (b - a) for n, a in enumerate(places) for b in places[n + 1 :]]
    finite = [each for each in pairs if math.isfinite(each)]
    return median(finite) if finite else 0.0
