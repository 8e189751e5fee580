"""The picture of a comparison: the validation penalties of all rules by step, each rule's name at its line's end."""

import math
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from surefoot.search.curves_figure import frame, label_ends, set_scale, visible_end
from surefoot.search.figures import COLORS
from surefoot.trace import Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from surefoot.fitting.attempts import Entry

TALLEST = 3.0
"""Times the middle one of the first penalties, above which nothing is shown: what runs away would flatten all else."""


def comparison_figure(title: str, steps: int, entries: "Sequence[Entry]", best: "Entry | None") -> "Figure":
    """Draw the validation penalties of all rules by step: means over seeds, with each seed thin behind its rule's mean.

    A mean goes as far as all of a rule's seeds do. The number at a line's end is the rule's best, and a star marks the
    best of all.

    Args:
        title: what was compared.
        steps: length of a run.
        entries: the rules.
        best: the best of them, if there is one.

    Errors: MissingPackage if matplotlib is not installed.
    """
    figure, axes = frame(title, "validation penalty")
    axes.set_xlim(0, steps)
    lines = [_draw(axes, entry, _color(place), dashed=place >= len(COLORS)) for place, entry in enumerate(entries)]
    _limit(axes, [line for drawn in lines for line in drawn])
    ends = [visible_end(axes, drawn[-1].steps, drawn[-1].values) if drawn else None for drawn in lines]
    label_ends(axes, [
        (_label(entry, " *" if entry is best else ""), *end, _color(place))
        for place, (entry, end) in enumerate(zip(entries, ends, strict=True)) if end is not None
    ])  # fmt: skip
    return figure


def _color(place: int) -> str:
    return COLORS[place % len(COLORS)]


def _label(entry: "Entry", star: str) -> str:
    return f"{entry.rule}: best {entry.mean:.3g}{star}" if entry.mean < math.inf else f"{entry.rule}: none"


def mean_of(lines: list[Series]) -> Series:
    """Return the mean of lines, at the steps that all of them have.

    >>> found = mean_of([Series([10, 20, 30], [3.0, 2.0, 1.0]), Series([10, 20], [1.0, 1.0])])
    >>> found.steps.tolist(), found.values.tolist()
    ([10, 20], [2.0, 1.5])
    """
    steps: NDArray[np.int64] = reduce(np.intersect1d, (line.steps for line in lines))
    return Series(steps, np.mean([[line.at(step) for step in steps] for line in lines], axis=0) if len(steps) else [])


def _draw(axes: "Axes", entry: "Entry", color: str, *, dashed: bool) -> list[Series]:
    """Draw a rule's lines; return them, the one that bears its name last."""
    lines = [line for each in entry.counted if len(line := _finite(each.curve))]
    if len(lines) > 1:
        for line in lines:
            axes.plot(line.steps, line.values, color=color, linewidth=0.7, alpha=0.4)
        lines += [mean] if len(mean := mean_of(lines)) else []
    for line in lines[-1:]:
        axes.plot(line.steps, line.values, color=color, linewidth=1.8, linestyle="--" if dashed else "-")
        if len(line) == 1:
            axes.plot(line.steps, line.values, "o", color=color, markersize=5)
    return lines


def _limit(axes: "Axes", lines: list[Series]) -> None:
    values = np.concatenate([line.values for line in lines]) if lines else np.zeros(0)
    if len(values):
        low, high, first = values.min(), values.max(), float(np.median([line.values[0] for line in lines]))
        if low > 0:
            high = min(high, TALLEST * first)
        set_scale(axes, float(low), float(high * 1.05 if high > 0 else high))


def _finite(series: Series) -> Series:
    good = np.isfinite(series.values)
    return Series(series.steps[good], series.values[good])
