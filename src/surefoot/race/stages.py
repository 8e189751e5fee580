"""The stages of a race: which places on which lines to try next, from what has been told so far.

Each takes the field and what was told, and returns spots in the order in which the budget is spent on them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, final

from surefoot.race.candidate import NOTCHES, Candidate
from surefoot.race.landscape import winner

HALF = NOTCHES // 2
"""Notches between two points of the grid, half a decade."""

FINALISTS = 2
"""Candidates that start over at the second length, at least; where more than six began, a third."""

GROWN = 4
"""How often the grid may grow: two decades beyond where it was placed."""

Told: TypeAlias = Mapping[Candidate, float]


class Spot(NamedTuple):
    """A place to try: line, notch, length."""

    line: int
    notch: int
    length: int


@final
@dataclass(frozen=True)
class Field:
    """Who starts.

    Args:
        lines: how many lines.
        grid: step sizes on each.
        short: the first length [steps].
        long: the second.
        start: the penalty before any step; inf if that is not known.
    """

    lines: int
    grid: int
    short: int
    long: int
    start: float = math.inf

    @property
    def finalists(self) -> int:
        """How many start over at the second length."""
        return max(FINALISTS, -(-self.lines * self.grid // 3))

    @property
    def units(self) -> int:
        """Steps of a race that need not grow: the grid, the finalists, one beside them."""
        return self.lines * self.grid * self.short + (self.finalists + 1) * self.long


def landscape(told: Told, line: int, length: int) -> dict[int, float]:
    """Return the penalties of one line at one length, by notch."""
    return {each.notch: value for each, value in told.items() if (each.line, each.length) == (line, length)}


def leader(field: Field, told: Told, length: int) -> tuple[int, int] | None:
    """Return line and notch of the best at a length: of level ones the first line's, and there the lowest."""
    there = {(each.line, each.notch): value for each, value in told.items() if each.length == length}
    return winner(there, field.start) if there else None


def scouts(field: Field, told: Told) -> list[Spot]:
    """Return the grid, at the first length."""
    del told
    middle = field.grid // 2
    notches = [HALF * (place - middle) for place in range(field.grid)]
    return [Spot(line, notch, field.short) for line in range(field.lines) for notch in notches]


def grown(field: Field, told: Told) -> list[Spot]:
    """Return the point beyond the edge of the grid that the best stands at, if it does."""
    best = leader(field, told, field.short)
    if best is None:
        return []
    line, notch = best
    known = landscape(told, line, field.short)
    beyond = {min(known): notch - HALF, max(known): notch + HALF}
    return [Spot(line, beyond[notch], field.short)] if notch in beyond else []


def finals(field: Field, told: Told) -> list[Spot]:
    """Return the best of the first length, for the second, and the middle of the grid that the first of them is on.

    Those that were not finite are out if any was. The middle is the usual step size: whatever wins is compared with it.
    """
    ranked = sorted((value, each.line, each.notch) for each, value in told.items() if each.length == field.short)
    finite = [row for row in ranked if math.isfinite(row[0])]
    best = [(line, notch) for _, line, notch in (finite or ranked)[: field.finalists]]
    usual = (best[0][0], 0)
    chosen = best if usual in best else [*best[:-1], usual]
    return [Spot(line, notch, field.long) for line, notch in chosen]


def beside(field: Field, told: Told) -> list[Spot]:
    """Return the grid's neighbours of the best at the second length, the one nearer the middle first."""
    best = leader(field, told, field.long)
    ways = (-HALF, HALF) if best is None or best[1] >= 0 else (HALF, -HALF)
    return [] if best is None else [Spot(best[0], best[1] + way, field.long) for way in ways]


STAGES: tuple[Callable[[Field, Told], list[Spot]], ...] = (scouts, *[grown] * GROWN, finals, beside, beside)
