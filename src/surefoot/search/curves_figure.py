"""Pictures of several curves over one axis of steps: each line's name stands at its end, none on top of another."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from surefoot.errors import MissingPackage
from surefoot.training.figure import BLUE, GREEN, INK, ORANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from surefoot.search.curve import Curve

    Row = NDArray[Any]

COLORS = BLUE, GREEN, ORANGE
"""Of a step size too low, the good one, marked green in all pictures of a search, and one too high."""

APART = 0.062
"""Height of a name, as a part of the axes': one line of text with the room it needs."""

ABOVE = 0.3
"""How far above its start a penalty is shown, as a part of what was gained; what runs away leaves the picture."""


def curves_figure(title: str, curves: "Sequence[Curve]", labels: "Sequence[str]") -> "Figure":
    """Draw training penalties by step: smoothed, with the raw ones thin behind them.

    Args:
        title: what was trained.
        curves: at a step size too low, at the good one, and at one too high.
        labels: what each is, in words.

    Errors: MissingPackage if matplotlib is not installed.
    """
    figure, axes = frame(title, "training penalty")
    lines = []
    for curve, color in zip(curves, COLORS, strict=True):
        raw, shown = (np.array(row, dtype=float) for row in (curve.penalties, curve.smoothed))
        raw[~np.isfinite(raw)] = shown[~np.isfinite(shown)] = math.nan
        axes.plot(raw, color=color, linewidth=0.7, alpha=0.3)
        axes.plot(shown, color=color, linewidth=1.8)
        lines.append(shown)
    _limit(axes, np.concatenate(lines), curves)
    ends = [visible_end(axes, np.arange(len(line)), line) for line in lines]
    named = zip(labels, ends, COLORS, strict=True)
    label_ends(axes, [(text, *end, color) for text, end, color in named if end is not None])
    return figure


def frame(title: str, what: str) -> "tuple[Figure, Axes]":
    """Return an empty figure over steps, in the style of all.

    Args:
        title: at the upper left.
        what: stands at the vertical axis.

    Errors: MissingPackage if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # no pyplot: no global state, no window, nothing to close
    except ImportError as error:
        raise MissingPackage("a figure needs matplotlib; install it with: pip install 'surefoot[figures]'") from error
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel(what, color=INK)
    axes.set_title(title, loc="left", color=INK, fontweight="bold")
    return figure, axes


def set_scale(axes: "Axes", low: float, high: float) -> None:
    """Show what is between two values: on a logarithmic axis where they are a decade apart, with ticks as they are."""
    from matplotlib.ticker import LogLocator

    if 0.0 < 10.0 * low < high:
        axes.set_yscale("log")
        axes.set_ylim(low * (low / high) ** 0.05, high)
        if high < 200.0 * low:  # hardly a power of ten among the ticks
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda *_: "")
    elif low < high:
        axes.set_ylim(low - 0.05 * (high - low), high)


def label_ends(axes: "Axes", ends: "Sequence[tuple[str, float, float, str]]") -> None:
    """Write each line's name right of the axes, as near the height of its end as the others allow.

    Args:
        axes: with its lines drawn and its limits set.
        ends: text, step and value of the end, and colour of each line.
    """
    into = axes.transData + axes.transAxes.inverted()
    heights = [min(1.0, max(0.0, float(into.transform((step, value))[1]))) for _, step, value, _ in ends]
    for (text, step, _, color), height, place in zip(ends, heights, spread(heights, APART), strict=True):
        axes.annotate(
            text, (step, height), xycoords=("data", "axes fraction"), xytext=(1.035, place),
            textcoords="axes fraction", color=color, va="center", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.8, "linestyle": (0, (1, 2)),
                        "relpos": (0.0, 0.5), "shrinkA": 1, "shrinkB": 2},
        )  # fmt: skip


def spread(heights: "Sequence[float]", apart: float) -> list[float]:
    """Return heights moved as little as can be so that no two are nearer than they may, from 0 upwards.

    Those that would meet share the middle of where they want to be: the least squares under an order.

    >>> [round(height, 2) for height in spread([0.5, 0.9, 0.5], 0.1)]
    [0.45, 0.9, 0.55]
    """
    order = sorted(range(len(heights)), key=lambda each: heights[each])
    blocks = list[tuple[float, int]]()
    for rank, each in enumerate(order):
        wanted, size = heights[each] - rank * apart, 1
        while blocks and blocks[-1][0] >= wanted:
            before, many = blocks.pop()
            wanted, size = (before * many + wanted * size) / (many + size), many + size
        blocks.append((wanted, size))
    flat = [max(0.0, wanted) for wanted, size in blocks for _ in range(size)]
    places = dict(zip(order, (base + rank * apart for rank, base in enumerate(flat)), strict=True))
    return [places[each] for each in range(len(heights))]


def visible_end(axes: "Axes", steps: "Row", values: "Row") -> tuple[float, float] | None:
    """Return where a line ends or leaves the picture for good, as step and value; None if it has no finite value.

    Args:
        axes: with its limits set.
        steps: of the line [n].
        values: of the line [n]; nan where there is none.
    """
    top = axes.get_ylim()[1]
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    seen = known[values[known] <= top]
    last = int(seen[-1]) if len(seen) else int(known[0])
    return float(steps[last]), float(values[last]) if last == known[-1] else top


def _limit(axes: "Axes", values: "Row", curves: "Sequence[Curve]") -> None:
    """Show all that was gained, and a little above the start, which is the same for all."""
    finite, starts = values[np.isfinite(values)], [curve.penalties[0] for curve in curves if curve.penalties]
    if len(finite):
        low, start = float(finite.min()), max(float(finite.min()), *(each for each in starts if math.isfinite(each)))
        wide = 0.0 < 10.0 * low < start
        top = start * (start / low) ** 0.1 if wide else start + ABOVE * (start - low)
        set_scale(axes, low, top if top > low else float(finite.max()))
