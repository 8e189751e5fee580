"""Dots: a schedule's curve as a grid of Braille characters, each two dots wide and four high."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from surefoot.schedules.schedule import Schedule

_BITS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))  # of a character, from its lowest dots up: left, right
_SAMPLES = 16  # steps looked at in each column of dots, its first and last among them

Cells: TypeAlias = dict[tuple[int, int], int]


class Reach(NamedTuple):
    """The factors in one column of dots: at its first and last step, and the least and greatest between."""

    first: float
    last: float
    least: float
    greatest: float


def reaches(schedule: Schedule, steps: int, columns: int) -> list[Reach]:
    """Return what a schedule does in each of so many columns of dots; where steps are few, a step is many columns wide.

    >>> from surefoot.schedules import linear
    >>> [reach.last for reach in reaches(linear(2), steps=2, columns=4)]
    [0.5, 0.5, 0.0, 0.0]
    """
    found = []
    for column in range(columns):
        first = column * steps // columns
        last = max(first, -(-(column + 1) * steps // columns) - 1)
        count = min(last - first, _SAMPLES - 1)
        values = [schedule(first + (last - first) * index // max(count, 1)) for index in range(count + 1)]
        found.append(Reach(values[0], values[-1], min(values), max(values)))
    return found


def cells_of(curve: Sequence[Reach], unit: float) -> Cells:
    """Return the bits of a curve by (row, column) of characters, row 0 the lowest.

    Zero is the second dot of row 0 from below, level with the middle of a label that stands there.

    Args:
        curve: its columns of dots.
        unit: the height of a dot [in the values' unit].

    >>> cells_of([Reach(0.0, 0.0, 0.0, 0.0)] * 2, unit=1.0)
    {(0, 0): 36}
    """
    cells: Cells = {}
    for column, (low, high) in enumerate(_columns(curve, unit)):
        for dot in range(low, high + 1):
            place = (dot // 4, column // 2)
            cells[place] = cells.get(place, 0) | _BITS[dot % 4][column % 2]
    return cells


def _columns(curve: Sequence[Reach], unit: float) -> list[tuple[int, int]]:
    """Return the lowest and the highest dot of each column, which reaches to where the column before it ended."""

    def dot(value: float) -> int:
        return round(value / unit) + 1

    spans = [(dot(curve[0].least), dot(curve[0].greatest))] if curve else []
    for before, here in pairwise(curve):
        left, low, high = dot(before.last), dot(here.least), dot(here.greatest)
        spans.append((min(low, left + 1), max(high, left - 1)))
    return spans
