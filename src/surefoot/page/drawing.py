"""Charts as the text of SVG, drawn here and so the same in a page, in a file and in a test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias, final

Values: TypeAlias = Sequence[float]
Box: TypeAlias = tuple[float, float, float, float]

DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2")
"""How lines are told apart without their colours."""


@final
@dataclass(frozen=True)
class Line:
    """One thing to draw.

    Args:
        label: its name in the legend.
        x, y: its points; what is not finite is left out.
        band: least and greatest at each x, filled behind the line.
        ink: its colour and dashes; other lines of the same ink belong together.
        dots: whether it is points and no line.
        full: whether its points are filled.
    """

    label: str
    x: Values
    y: Values
    band: tuple[Values, Values] | None = None
    ink: int = 0
    dots: bool = False
    full: bool = True


@final
@dataclass(frozen=True)
class Axis:
    """One direction of a chart: from low to high, linear or logarithmic.

    Args:
        label: what it measures, with its unit.
        low, high: its ends.
        log: whether it is logarithmic; both ends are above 0 then.
    """

    label: str
    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value is, from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def has(self, value: float) -> bool:
        """Tell whether a value has a place."""
        return math.isfinite(value) and (value > 0 or not self.log)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values within it.

        >>> Axis("step", 0, 400).ticks(), Axis("size", 1e-3, 1, log=True).ticks()
        ([0.0, 100.0, 200.0, 300.0, 400.0], [0.001, 0.01, 0.1, 1.0])
        """
        if self.log and self.high / self.low >= 2:
            return _decades(self.low, self.high, about)
        raw = (self.high - self.low) / about
        unit = 10.0 ** math.floor(math.log10(raw))
        step = next(unit * times for times in (1, 2, 2.5, 5, 10) if unit * times >= raw * 0.999)
        return [
            step * count for count in range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        ]


def _decades(low: float, high: float, about: int) -> list[float]:
    """Return powers of ten, or where these are too few 1, 2 and 5 times them."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high) + 1e-9)
    every = max(1, round((last - first + 1) / (about + 2)))
    tens = [10.0**power for power in range(first, last + 1) if power % every == 0]
    for times in ((1,), (1, 3), (1, 2, 5)):
        found = [ten * each for ten in tens for each in times if low * 0.999 <= ten * each <= high * 1.001]
        if len(found) >= 3:
            break
    return [float(f"{value:.3g}") for value in found]


def axis_over(label: str, values: Values, *, log: bool = False, zero: bool = False) -> Axis:
    """Return an axis that holds all values.

    Args:
        label: what it measures.
        values: those to hold; what has no place on it is passed over.
        log: whether it is logarithmic.
        zero: whether it begins at 0.
    """
    there = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    low, high = (min(there), max(there)) if there else (0.1 if log else 0.0, 1.0)
    low = 0.0 if zero and not log else low
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2)
    if log:
        return Axis(label, low / (high / low) ** 0.03, high * (high / low) ** 0.03, log=True)
    room = (high - low) * 0.04
    return Axis(label, low if zero else low - room, high + room)


def chart(
    lines: Sequence[Line],
    across: Axis,
    up: Axis,
    *,
    title: str,
    width: int = 720,
    height: int = 320,
) -> str:
    """Return a chart as SVG.

    Args:
        lines: what to draw.
        across: the axis from left to right.
        up: the axis from below.
        title: a sentence for those who cannot see it.
        width: in pixels.
        height: in pixels.
    """
    box = box_of(up, width, height)
    parts = [_frame(across, up, box), *(_drawn(line, across, up, box) for line in lines)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" class="chart" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def box_of(up: Axis, width: int, height: int) -> Box:
    """Return the left, top, right and bottom of what a chart's axes enclose, in pixels."""
    wide = max((len(f"{value:g}") for value in up.ticks()), default=1)
    return 34.0 + 7.0 * wide, 12.0, width - 16.0, height - 42.0


def spark(x: Values, y: Values, title: str, width: int = 110, height: int = 26) -> str:
    """Return a curve as small as a word; "" if there is too little of it."""
    there = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]
    if len(there) < 2:
        return ""
    log = min(b for _, b in there) > 0
    across, up = Axis("", there[0][0], there[-1][0]), axis_over("", [b for _, b in there], log=log)
    points = _path(there, across, up, (1.0, 2.0, width - 3.0, height - 2.0))
    end = points.rsplit("L", 1)[-1].split(" ")
    return (
        f'<svg viewBox="0 0 {width} {height}" class="spark" role="img" aria-label="{escape(title)}">'
        f'<path d="{points}"/><circle cx="{end[0]}" cy="{end[1]}" r="2"/></svg>'
    )


def _at(x: float, y: float, across: Axis, up: Axis, box: Box) -> tuple[float, float]:
    left, top, right, bottom = box
    return left + across.place(x) * (right - left), bottom - up.place(y) * (bottom - top)


def _path(points: Sequence[tuple[float, float]], across: Axis, up: Axis, box: Box) -> str:
    places = [_at(x, y, across, up, box) for x, y in points if across.has(x) and up.has(y)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) if places else ""


def _drawn(line: Line, across: Axis, up: Axis, box: Box) -> str:
    ink = f"i{line.ink % len(DASHES)}"
    points = list(zip(line.x, line.y, strict=True))
    if line.dots:
        full = " full" if line.full else ""
        places = [_at(x, y, across, up, box) for x, y in points if across.has(x) and up.has(y)]
        return "".join(f'<circle class="dot {ink}{full}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places)
    band = ""
    if line.band is not None:
        ends = [*zip(line.x, line.band[1], strict=True), *reversed(list(zip(line.x, line.band[0], strict=True)))]
        band = f'<path class="band {ink}" d="{_path(ends, across, up, box)}Z"/>'
    dash = DASHES[line.ink % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'{band}<path class="line {ink}"{dashed} d="{_path(points, across, up, box)}"/>'


def _frame(across: Axis, up: Axis, box: Box) -> str:
    left, top, right, bottom = box
    parts = []
    for value in across.ticks(7):
        x = left + across.place(value) * (right - left)
        parts += [_stroke("grid", f"M{x:.1f} {top}V{bottom}"), _word("tick", f"{value:g}", x, bottom + 16, "middle")]
    for value in up.ticks(5):
        y = bottom - up.place(value) * (bottom - top)
        parts += [_stroke("grid", f"M{left} {y:.1f}H{right}"), _word("tick", f"{value:g}", left - 6, y + 4, "end")]
    parts.append(_stroke("frame", f"M{left} {top}V{bottom}H{right}"))
    middle = (top + bottom) / 2
    parts.append(_word("axis", across.label, (left + right) / 2, bottom + 32, "middle"))
    parts.append(_word("axis", up.label, 14, middle, "middle", f' transform="rotate(-90 14 {middle})"'))
    return "".join(parts)


def _stroke(kind: str, path: str, more: str = "") -> str:
    return f'<path class="{kind}"{more} d="{path}"/>'


def _word(kind: str, text: str, x: float, y: float, anchor: str = "start", more: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
