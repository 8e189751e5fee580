"""Contour maps as the text of SVG: a ground of labelled lines, and trails over it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from itertools import pairwise
from typing import Any, TypeAlias, final

import numpy as np
from contourpy import FillType, LineType, contour_generator
from numpy.typing import NDArray

from surefoot.page.drawing import DASHES, Axis

Floats: TypeAlias = NDArray[np.float64]
Point: TypeAlias = tuple[float, float]

WIDTH, LEFT, TOP, RIGHT, BOTTOM = 760.0, 44.0, 8.0, 8.0, 34.0
"""Of the picture and of what stands around the map [pixels]."""

MOST = 11
"""Lines of a map: more are a grey field."""


@final
@dataclass(frozen=True, eq=False)
class Ground:
    """Heights over a window, and their map.

    Args:
        x: places along the first direction [n], rising evenly.
        y: along the second [m].
        heights: the penalty there [m, n]; what is not finite is left blank.
        names: of the two directions.
    """

    x: Floats
    y: Floats
    heights: Floats
    names: tuple[str, str] = ("first parameter", "second parameter")

    @cached_property
    def across(self) -> Axis:
        """The first direction."""
        return Axis(self.names[0], float(self.x[0]), float(self.x[-1]))

    @cached_property
    def up(self) -> Axis:
        """The second direction."""
        return Axis(self.names[1], float(self.y[0]), float(self.y[-1]))

    @cached_property
    def height(self) -> float:
        """Of the picture [pixels]: a unit is as long up as across, so that right angles look right."""
        inner = (WIDTH - LEFT - RIGHT) * (self.up.high - self.up.low) / (self.across.high - self.across.low)
        return inner + TOP + BOTTOM

    @cached_property
    def svg(self) -> str:
        """The map: what lies below each level, their labels, and a frame with ticks; silent to a screen reader."""
        there = np.ma.masked_invalid(self.heights)
        lines = contour_generator(*self._places, there, line_type=LineType.Separate, fill_type=FillType.OuterOffset)
        found = levels(self.heights)
        shades = "".join(self._shade(lines.filled(there.min() - 1.0, level)) for level in found)
        drawn: list[Any] = [lines.lines(level) for level in found]
        labels = _labels([(f"{level:g}", each) for level, each in zip(found, drawn, strict=True)], self.height)
        return f'<g aria-hidden="true">{shades}{labels}{self._frame()}</g>'

    def place(self, point: Point) -> Point:
        """Return where a point is in the picture [pixels]; one far outside is put just far enough."""
        ((x, y),) = self.spots(np.array([point]))
        return x, y

    def spots(self, points: Floats) -> list[Point]:
        """Return where points [n, 2] are in the picture, as `place` does."""
        inner, low = WIDTH - LEFT - RIGHT, self.height - BOTTOM
        across, up = self.across, self.up
        x = LEFT + (points[:, 0] - across.low) * (inner / (across.high - across.low))
        y = low - (points[:, 1] - up.low) * ((low - TOP) / (up.high - up.low))
        return list(zip(np.clip(x, -9e3, 9e3).tolist(), np.clip(y, -9e3, 9e3).tolist(), strict=True))

    @property
    def _places(self) -> tuple[Floats, Floats]:
        right, low = WIDTH - RIGHT, self.height - BOTTOM
        return np.linspace(LEFT, right, len(self.x)), np.linspace(low, TOP, len(self.y))

    def _shade(self, filled: Any) -> str:
        pieces = []
        for points, ends in zip(*filled, strict=True):
            pieces += [_path(points[a:b]) for a, b in pairwise(ends)]
        return f'<path class="shade" d="{"".join(pieces)}"/>'

    def _frame(self) -> str:
        right, low = WIDTH - RIGHT, self.height - BOTTOM
        parts = [f'<path class="frame" d="M{LEFT} {TOP}H{right}V{low:.1f}H{LEFT}Z"/>']
        for value in self.across.ticks(7):
            x = self.place((value, 0.0))[0]
            parts.append(f'<text class="tick" x="{x:.1f}" y="{low + 15:.1f}" text-anchor="middle">{value:g}</text>')
        for value in self.up.ticks(6):
            y = self.place((0.0, value))[1]
            parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        middle, half = (LEFT + right) / 2, (TOP + low) / 2
        parts.append(f'<text class="axis" x="{middle}" y="{low + 30:.1f}" text-anchor="middle">{self.names[0]}</text>')
        parts.append(
            f'<text class="axis" x="11" y="{half:.1f}" transform="rotate(-90 11 {half:.1f})" text-anchor="middle">'
            f"{self.names[1]}</text>"
        )
        return "".join(parts)


@final
@dataclass(frozen=True, eq=False)
class Trail:
    """A path over a ground.

    Args:
        label: its name.
        ink: its colour and dashes.
        points: where it has been [n, 2].
        mean: of its last points; None for none.
        left: whether it went away for good, so that it has no end to show.
    """

    label: str
    ink: int
    points: Floats
    mean: Point | None = None
    left: bool = False


@final
@dataclass(frozen=True, eq=False)
class Map:
    """A ground, what is marked on it, and trails over it.

    Args:
        ground: the contours.
        title: what it is, for those who cannot see it.
        says: what is to be seen on it, for the same.
        trails: the paths.
        minima: where the ground is lowest.
        start: where the paths begin; it can be moved.
    """

    ground: Ground
    title: str
    says: str
    trails: Sequence[Trail] = ()
    minima: Sequence[Point] = ()
    start: Point | None = None
    key: str = field(default="map")

    def svg(self) -> str:
        """Return the whole picture."""
        ground, key = self.ground, self.key
        right, low = WIDTH - RIGHT, ground.height - BOTTOM
        edges = f"{ground.across.low:g} {ground.across.high:g} {ground.up.low:g} {ground.up.high:g}"
        box = f"{LEFT} {right} {TOP} {low:.1f}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {ground.height:.0f}" class="map" '
            f'role="group" aria-labelledby="{key}-title {key}-says" data-window="{edges}" data-box="{box}">'
            f'<title id="{key}-title">{escape(self.title)}</title><desc id="{key}-says">{escape(self.says)}</desc>'
            f'<clipPath id="{key}-box"><rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{low - TOP:.1f}"/>'
            f'</clipPath>{ground.svg}<g clip-path="url(#{key}-box)">{self._marks()}</g>{self._handle()}</svg>'
        )

    def _marks(self) -> str:
        parts = [self._line(trail) for trail in self.trails]
        parts += [_cross(self.ground.place(point)) for point in self.minima]
        parts += [self._ends(trail) for trail in self.trails]
        return f'<g aria-hidden="true">{"".join(parts)}</g>'

    def _line(self, trail: Trail) -> str:
        ink = trail.ink % len(DASHES)
        places = self.ground.spots(trail.points)
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places[1:]) if len(places) <= 160 else ""
        dash = f' stroke-dasharray="{DASHES[ink]}"' if DASHES[ink] else ""
        kind = "trail" if dots else "trail long"
        stops = f'<path class="stops i{ink}" d="{dots}"/>' if dots else ""
        return f'<path class="halo" d="M{line}"/><path class="{kind} i{ink}"{dash} d="M{line}"/>{stops}'

    def _ends(self, trail: Trail) -> str:
        ink, parts = trail.ink % len(DASHES), ""
        if trail.mean is not None and not trail.left:
            x, y = self.ground.place(trail.mean)
            shape = f"M{x:.1f} {y - 7.5:.1f}l7.5 7.5l-7.5 7.5l-7.5 -7.5z"
            parts += f'<path class="halo wide" d="{shape}"/><path class="mean i{ink}" d="{shape}"/>'
        if not trail.left:
            x, y = self.ground.place((float(trail.points[-1, 0]), float(trail.points[-1, 1])))
            parts += f'<rect class="end i{ink}" x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"/>'
        return parts

    def _handle(self) -> str:
        if self.start is None:
            return ""
        x, y = self.ground.place(self.start)
        where = f"start at {self.start[0]:.3g}, {self.start[1]:.3g}; arrow keys move it"
        return (
            f'<g class="handle" tabindex="0" role="button" aria-label="{where}" data-start="">'
            f'<circle class="grip" cx="{x:.1f}" cy="{y:.1f}" r="16"/>'
            f'<circle class="start" cx="{x:.1f}" cy="{y:.1f}" r="6.5"/></g>'
        )


def levels(heights: Floats) -> list[float]:
    """Return round heights to draw lines at: 1, 2, 5 and so on where they span decades, even steps where they do not.

    >>> levels(np.linspace(0.0, 100.0, 2001)[None, :])[:5]
    [0.5, 1.0, 2.0, 5.0, 10.0]
    """
    there = heights[np.isfinite(heights)]
    if not there.size or there.min() == there.max():
        return []
    low, high = (float(each) for each in np.quantile(there, (0.005, 0.998)))
    if low > 0.0 and high / low > 12.0:
        first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
        for units in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
            found = [float(f"{unit:g}e{power}") for power in range(first, last + 1) for unit in units]
            found = [level for level in found if low <= level <= high]
            if len(found) <= MOST:
                return found
    span = Axis("", low, high).ticks(8)
    return [level for level in span if there.min() < level < there.max()][:MOST]


def _path(points: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())


def _cross(place: Point) -> str:
    x, y = place
    shape = f"M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12"
    return f'<path class="halo" d="{shape}"/><path class="minimum" d="{shape}"/>'


def _labels(drawn: Sequence[tuple[str, Sequence[Floats]]], height: float) -> str:
    """Return a label on the longest line of each level, as far from the others as it can be and off the edges."""
    taken: list[Point] = []
    parts = []
    for text, lines in drawn:
        spots = [spot for line in lines if len(line) > 12 for spot in line[:: max(1, len(line) // 40)].tolist()]
        spots = [s for s in spots if LEFT + 22 < s[0] < WIDTH - RIGHT - 22 and TOP + 12 < s[1] < height - BOTTOM - 12]
        if not spots:
            continue
        x, y = max(spots, key=lambda s: min((np.hypot(s[0] - a, s[1] - b) for a, b in taken), default=-s[1]))
        if taken and min(np.hypot(x - a, y - b) for a, b in taken) < 24.0:
            continue
        taken.append((x, y))
        parts.append(f'<text class="level" x="{x:.1f}" y="{y + 3.5:.1f}" text-anchor="middle">{text}</text>')
    return "".join(parts)
