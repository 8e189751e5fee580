"""The picture of schedules in a terminal: their curves on one pair of axes, and their texts beneath."""

import re
from collections.abc import Sequence
from string import ascii_lowercase
from typing import NamedTuple, TypeAlias

from surefoot.schedules.axes import labels, ruler, scale
from surefoot.schedules.dots import Cells, cells_of, reaches
from surefoot.schedules.schedule import Schedule


class Span(NamedTuple):
    """A piece of a line, and which schedule's ink it has; None is the ink of the axes."""

    text: str
    ink: int | None = None


Line: TypeAlias = list[Span]
Place: TypeAlias = tuple[int, int]  # row, from below, and column

ASCII = str.maketrans(dict.fromkeys(map(chr, range(0x2801, 0x2900)), "*") | dict(zip("┤│└─┬", "||+-+", strict=True)))
"""What to translate a picture's text with where the terminal has only ASCII."""


def picture(
    schedules: Sequence[Schedule], *, steps: int, step_size: float | None = None, width: int = 80, height: int = 17
) -> list[Line]:
    """Return the lines of a picture that compares schedules over a run.

    Args:
        schedules: those to draw, every length known; more than one are told apart by letters.
        steps: how long the run is [steps, at least 1].
        step_size: the peak, which the factors are multiplied with, or None: the factors themselves.
        width: of the picture [characters]; below 40 it is drawn as for 40.
        height: of the plot, about [characters].

    >>> from surefoot.schedules import linear
    >>> text_of(picture([linear(4)], steps=4, width=40, height=5)).splitlines()[1]
    '0.75 ┤⠤⠤⠤⠤⠤⠤⢤'
    """
    peak = 1.0 if step_size is None else step_size
    width = max(width, 40)
    columns = width - 13  # the widest labels and a little at the right, for the last number under the axis
    curves = [reaches(schedule, steps, 2 * columns) for schedule in schedules]
    top, parts = scale(peak * max(reach.greatest for curve in curves for reach in curve))
    rows = max(1, round((height - 1) / parts))
    cells = [cells_of(curve, top / peak / (4 * rows * parts)) for curve in curves]
    written = labels(top, parts)
    gutter = max(len("step"), *map(len, written))
    edges = [
        f"{written[row // rows]:>{gutter}} ┤" if row % rows == 0 else " " * gutter + " │"
        for row in range(rows * parts + 1)
    ]
    title = "factor of the peak" if step_size is None else f"step size, of a peak of {step_size:g}"
    axis, numbers = ruler(steps, columns)
    return [
        [Span(title)],
        *reversed(_plot(edges, cells, columns)),
        [Span(f"{'':{gutter}} └{axis}")],
        [Span(f"{'step':>{gutter}}  {numbers}")],
        *_legend(schedules, width),
    ]


def text_of(lines: Sequence[Line]) -> str:
    """Return a picture as plain text, a line a row."""
    return "\n".join("".join(span.text for span in line) for line in lines)


def wrapped(text: str, width: int) -> list[str]:
    """Return a schedule's text in lines that break before its signs, those after the first a little to the right.

    >>> wrapped("warmup(5) >> linear(10, to=0.0)", 25)
    ['warmup(5)', '  >> linear(10, to=0.0)']
    """
    lines = [""]
    for piece in re.split(r"(?= (?:>>|\*) )", text):
        if len(lines[-1]) + len(piece) <= width:
            lines[-1] += piece
        else:
            lines.append(f"  {piece.lstrip()}")
    return lines


def _plot(edges: Sequence[str], cells: Sequence[Cells], columns: int) -> list[Line]:
    marks = _marks(cells, columns, len(edges) - 1) if len(cells) > 1 else {}
    lines = []
    for row, edge in enumerate(edges):
        places = [(row, column) for column in range(columns)]
        used = [place for place in places if place in marks or any(place in each for each in cells)]
        last = used[-1][1] if used else -1
        lines.append([Span(edge), *(_cell(cells, marks, place) for place in places[: last + 1])])
    return lines


def _cell(cells: Sequence[Cells], marks: dict[Place, int], place: Place) -> Span:
    if place in marks:
        return Span(_letter(marks[place]), marks[place])
    bits, ink = 0, None
    for index, curve in enumerate(cells):
        if place in curve:
            bits, ink = bits | curve[place], index
    return Span(chr(0x2800 + bits) if bits else " ", ink)


def _letter(index: int) -> str:
    return ascii_lowercase[index % len(ascii_lowercase)]


def _marks(cells: Sequence[Cells], columns: int, highest: int) -> dict[Place, int]:
    """Return where each curve's letter stands: beside it, far from the others, spread from left to right."""
    marks: dict[Place, int] = {}
    for index, curve in enumerate(cells):
        others = [other for at, other in enumerate(cells) if at != index]
        taken = set(marks).union(*cells)
        free = [place for column in range(columns) for place in _beside(curve, column, highest) if place not in taken]
        wanted = (index + 0.5) / len(cells) * columns
        worth = {place: _room(others, place) - 8 * abs(place[1] - wanted) / columns for place in free}
        if worth:
            marks[max(worth, key=lambda place: worth[place])] = index
    return marks


def _beside(curve: Cells, column: int, highest: int) -> list[Place]:
    rows = [row for row in range(highest + 1) if (row, column) in curve]
    return [(row, column) for row in (rows[-1] + 1, rows[0] - 1) if 0 <= row <= highest]


def _room(others: Sequence[Cells], place: Place, most: int = 4) -> int:
    """Return how many rows above and below are free of other curves, up to the most that counts."""
    row, column = place
    near = [abs(step) for other in others for step in range(-most, most + 1) if (row + step, column) in other]
    return min(near, default=most)


def _legend(schedules: Sequence[Schedule], width: int) -> list[Line]:
    lines: list[Line] = [[]]
    for index, schedule in enumerate(schedules):
        name = f"{_letter(index)}  " if len(schedules) > 1 else ""
        for piece in wrapped(str(schedule), width - len(name)):
            lines.append([Span(f"{name}{piece}", index)])
            name = " " * len(name)
    return lines
