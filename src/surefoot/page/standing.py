"""A figure of a page as a file that stands for itself: with its look, a white ground, a heading and a legend."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape, unescape

from surefoot.errors import printable
from surefoot.page.assets import text_of
from surefoot.page.drawing import DASHES

LETTER = 7.0
"""Pixels that a letter of a legend takes, about."""

_HEAD, _ROW, _EDGE = 30.0, 20.0, 12.0


def standing(svg: str, labels: Sequence[tuple[str, int]] = (), heading: str = "") -> str:
    """Return a figure as a file of its own, in the page's light colours.

    Args:
        svg: as it stands within a page.
        labels: of its lines, each with the line's ink; where there are two or more they become a legend.
        heading: over it; without one, what the figure is called for those who cannot see it.

    Errors: ValueError if it has no size.
    """
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if size is None:
        raise ValueError("a figure has a viewBox from 0 0")
    width, height = float(size[1]), float(size[2])
    named = re.search(r'aria-label="([^"]*)"', svg[: svg.index(">")])
    above = _heading(heading or (unescape(named[1]) if named else ""), width)
    below, rows = _legend(labels if len({*labels}) > 1 else (), width, height)
    box = (0.0, -_HEAD, width, height + _HEAD + rows * _ROW + (_EDGE if rows else 0.0))
    ground = f'<rect class="sheet" x="0" y="{box[1]:g}" width="{box[2]:g}" height="{box[3]:g}"/>'
    kind = re.search(r'class="([^"]+)"', svg[: svg.index(">")])
    role = f' role="img" aria-label="{named[1]}"' if named else ""
    inside = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{" ".join(f"{each:g}" for each in box)}" '
        f'width="{box[2]:g}" height="{box[3]:g}" class="{kind[1] if kind else ""}"'
        f"{role}><style>{_look()}</style>"
        f"{ground}{above}{inside}{below}</svg>"
    )


@cache
def _look() -> str:
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text_of("figure.css"), flags=re.DOTALL)).strip()


def _heading(text: str, width: float) -> str:
    room = int((width - 2 * _EDGE) / (LETTER * 1.1))
    told = _cut(text[:1].upper() + text[1:], room)
    return f'<text class="heading" x="{_EDGE:g}" y="-10">{escape(told)}</text>' if told else ""


def _cut(text: str, room: int) -> str:
    """Return a text in so many letters, with what no picture may hold written as in Python."""
    plain = printable(text)
    return plain if len(plain) <= room else f"{plain[: room - 1].rstrip()}…"


def _legend(labels: Sequence[tuple[str, int]], width: float, height: float) -> tuple[str, int]:
    """Return a legend under a figure, and how many rows it has; labels that belong together stand there once."""
    x, rows, parts = _EDGE, 0, []
    room = int((width - _EDGE - 56) / LETTER)
    for told, ink in dict.fromkeys(labels):
        label = _cut(told, room)
        wide = 56 + LETTER * len(label)
        if not rows or x + wide > width:
            x, rows = _EDGE, rows + 1
        y, dash = height + rows * _ROW - 4, DASHES[ink % len(DASHES)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(f'<path class="line i{ink % len(DASHES)}"{dashed} d="M{x:g} {y - 4:g}h24"/>')
        parts.append(f'<text class="name" x="{x + 32:g}" y="{y:g}">{escape(label)}</text>')
        x += wide
    return "".join(parts), rows
