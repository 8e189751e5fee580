"""Curves of a question, drawn with block characters."""

from collections.abc import Sequence
from math import isfinite

from surefoot.study.question import Picture

ROWS = 5
"""Of a curve: four curves and their question fit in 24 lines."""

EIGHTHS = " ▁▂▃▄▅▆▇█"
PLAIN = " ...:::##"
"""The same where the terminal has only ASCII."""

_EDGES = {True: ("│", "└", "─"), False: ("|", "+", "-")}


def drawn(pictures: Sequence[Picture], names: Sequence[str], width: int, blocks: bool) -> list[str]:
    r"""Return the lines of curves, two beside each other.

    Args:
        pictures: the curves.
        names: what each is called.
        width: of all [characters].
        blocks: whether there are block characters.

    >>> print("\n".join(drawn([Picture((0.0, 0.5, 1.0), "")], ["A"], 12, True)).replace(" ", "."))
    A
    │..█
    │..█
    │.▄█
    │.██
    │.██
    └───
    """
    columns = max((width - 4) // 2 - 2, 3)
    each = [_one(picture, name, columns, blocks) for picture, name in zip(pictures, names, strict=True)]
    lines = []
    for left in range(0, len(each), 2):
        pair = each[left : left + 2]
        rows = zip(*pair, strict=True)
        lines += ["    ".join(text.ljust(columns + 1) for text in row).rstrip() for row in rows]
    return lines


def _one(picture: Picture, name: str, columns: int, blocks: bool) -> list[str]:
    wall, corner, floor = _EDGES[blocks]
    signs = EIGHTHS if blocks else PLAIN
    heights = _heights(picture.y, columns)
    rows = [
        wall + "".join(signs[min(max(height - 8 * row, 0), 8)] for height in heights) for row in reversed(range(ROWS))
    ]
    return [name, *rows, corner + floor * len(heights)]


def _heights(values: Sequence[float], columns: int) -> list[int]:
    """Return the height of each column in eighths of a row; what is not finite stands as high as there is room."""
    count = min(columns, len(values)) if len(values) < columns // 2 else columns
    picked = [values[place * len(values) // count] for place in range(count)]
    finite = [value for value in picked if isfinite(value)]
    bottom, top = min([0.0, *finite]), max([0.0, *finite])
    reach = (top - bottom) or 1.0
    return [round((value - bottom) / reach * 8 * ROWS) if isfinite(value) else 8 * ROWS for value in picked]
