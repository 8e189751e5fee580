"""A view of the landscapes as it is drawn and told: the map with its paths, the penalties, a table and sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np

from surefoot.landscapes import Limit, Path, Surface, limit, mean_of_last, path, seen
from surefoot.page.contours import Ground, Map, Point, Trail
from surefoot.page.drawing import Axis, Line, axis_over, chart
from surefoot.page.land import Asked, Choice, spot

GRID = (121, 91)
"""Places at which a surface is computed for its map: contours are smooth, and a map is drawn in 10 to 20 ms."""

LEAST, GREATEST = 1e-12, 1e9
"""Penalties that the chart shows; what is lower is drawn at the lowest."""


@final
@dataclass(frozen=True)
class Row:
    """One rule as the page tells of it.

    Args:
        choice: the rule and its step size.
        limit: its stability limit at the minimum, where there is one.
        mark: where that is on the slider [0 to 100]; None if it is not on it.
        steps: it took.
        end: where it is then; None if it diverged.
        penalty: there.
        away: from the nearest minimum.
        mean: of the last places; None if it diverged.
        mean_penalty: there.
        mean_away: from the nearest minimum.
        says: what is to be seen of it.
    """

    choice: Choice
    limit: Limit
    mark: float | None
    steps: int
    end: Point | None
    penalty: float
    away: float
    mean: Point | None
    mean_penalty: float
    mean_away: float
    says: str


@final
@dataclass(frozen=True)
class Picture:
    """All that a page shows of a view.

    Args:
        map: the contours with the paths, as SVG.
        penalties: by step, as SVG.
        rows: one for each rule.
        curvature: the greatest at the minimum.
    """

    map: str
    penalties: str
    rows: tuple[Row, ...]
    curvature: float


def picture(asked: Asked) -> Picture:
    """Return what a page shows of a view."""
    surface = asked.surface
    found = [
        _path(surface, choice.rule, asked.start, asked.steps, tuple(asked.settings(choice).items()), asked.schedule)
        for choice in asked.choices
    ]
    rows = tuple(_row(asked, choice, each) for choice, each in zip(asked.choices, found, strict=True))
    trails = [
        Trail(row.choice.rule, ink, each.positions, row.mean, left=row.end is None)
        for ink, (row, each) in enumerate(zip(rows, found, strict=True))
    ]
    says = " ".join(f"{row.choice.rule} {row.says}" for row in rows)
    title = (
        f"Contours of the penalty of {_named(surface)}, and the paths of {', '.join(row.choice.rule for row in rows)}"
    )
    drawn = Map(ground(surface), title, says, trails, surface.minima, asked.start).svg()
    return Picture(drawn, _penalties(found, rows, asked.steps), rows, surface.steepest)


@lru_cache(maxsize=24)
def ground(surface: Surface) -> Ground:
    """Return the ground of a surface; its map is drawn once."""
    left, right, low, high = surface.window
    x, y = np.linspace(left, right, GRID[0]), np.linspace(low, high, GRID[1])
    return Ground(x, y, surface.value(np.stack(np.meshgrid(x, y), axis=-1)))


@lru_cache(maxsize=48)
def _path(
    surface: Surface, rule: str, start: Point, steps: int, settings: tuple[tuple[str, float], ...], course: str
) -> Path:
    """Return a path; while one rule's slider moves, the others stay as they are."""
    from surefoot.schedules import parse

    schedule = parse(course).over(steps=steps) if course else None
    return path(surface, rule, start, steps, dict(settings), schedule)


def _row(asked: Asked, choice: Choice, found: Path) -> Row:
    surface, says = asked.surface, seen(asked.surface, found, asked.share)
    bound = limit(choice.rule, found.settings, surface.steepest)
    mean = mean_of_last(found, asked.share)
    left = found.diverged or says.startswith("diverges")
    return Row(
        choice, bound, spot(bound.step_size) if bound.known and spot(bound.step_size) < 100 else None, found.steps,
        None if left else found.end, float(found.values[-1]), surface.away(found.end), None if left else mean,
        float(surface.value(np.array(mean))), surface.away(mean), says,
    )  # fmt: skip


def _penalties(found: Sequence[Path], rows: Sequence[Row], steps: int) -> str:
    lines = []
    for ink, (each, row) in enumerate(zip(found, rows, strict=True)):
        values = np.clip(each.values, LEAST, GREATEST)
        lines.append(Line(row.choice.rule, range(len(values)), values.tolist(), ink=ink))
        if row.mean is not None:
            lines.append(Line("mean", [each.steps], [max(row.mean_penalty, LEAST)], ink=ink, dots=True, full=False))
    every = [value for line in lines for value in line.y]
    title = f"penalty by step: {'; '.join(f'{row.choice.rule} ends at {row.penalty:.3g}' for row in rows)}"
    across, up = Axis("step", 0, max(1, steps) * 1.01), axis_over("penalty", every, log=True)
    return chart(lines, across, up, title=title, width=760, height=300)


def _named(surface: Surface) -> str:
    return {"quadratic": "a quadratic bowl", "noisy": "a noisy bowl", "saddle": "a saddle", "ravine": "a ravine"}.get(
        surface.name, f"{surface.name.capitalize()}'s function"
    )
