"""The picture that explains averaging: checkpoints around a minimum, their mean, and the penalty in their plane."""

from typing import TYPE_CHECKING

import numpy as np

from surefoot.errors import MissingPackage
from surefoot.training.figure import BLUE, GREEN, GREY, INK, ORANGE
from surefoot.training.plane import ALONG, EndOfRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plane_figure(end: EndOfRun) -> "Figure":
    """Draw the plane of a run's last checkpoints, and the penalty along the lines between them.

    Args:
        end: what was measured.

    Errors: MissingPackage if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # no pyplot: no global state, no window, nothing to close
    except ImportError as error:
        raise MissingPackage("a figure needs matplotlib; install it with: pip install 'surefoot[figures]'") from error
    figure = Figure(figsize=(9.2, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _draw_plane(left, end)
    _draw_lines(right, end)
    title = "convex between the checkpoints" if end.convex else f"not convex: a rise of {end.rise:.3g} between them"
    figure.suptitle(f"The end of the run is {title}", x=0.01, ha="left", color=INK, fontweight="bold")
    return figure


def _draw_plane(axes: "Axes", end: EndOfRun) -> None:
    if end.grid.size:
        shades = axes.contourf(end.across, end.across, end.grid, levels=14, cmap="Blues", alpha=0.85)
        axes.contour(end.across, end.across, end.grid, levels=14, colors="white", linewidths=0.5)
        bar = axes.figure.colorbar(shades, ax=axes, shrink=0.85)
        bar.set_label("penalty", color=INK)
        bar.outline.set_visible(False)
    x, y = end.places.T
    axes.plot(x, y, color=ORANGE, linewidth=1.2, marker="o", markersize=4.5, markeredgecolor="white")
    axes.annotate("first", (x[0], y[0]), xytext=(5, 5), textcoords="offset points", color=INK)
    axes.annotate("last", (x[-1], y[-1]), xytext=(5, 5), textcoords="offset points", color=INK)
    axes.plot([0], [0], "*", markersize=15, markerfacecolor=GREEN, markeredgecolor="white")
    axes.annotate(f"mean {end.mean:.3g}", (0, 0), xytext=(-8, -16), textcoords="offset points", color=GREEN, ha="right")
    axes.set_aspect("equal")
    axes.set_xlabel("first direction of the spread", color=INK)
    axes.set_ylabel("second direction", color=INK)
    axes.set_title(f"the plane holds {end.seen:.0%} of it", loc="left", color=INK, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_lines(axes: "Axes", end: EndOfRun) -> None:
    for line in end.lines:
        whole = line is end.lines[-1]
        axes.plot(
            ALONG, line.penalties, color=BLUE if whole else GREY, linewidth=2 if whole else 1, zorder=3 - (not whole)
        )
        if whole:
            axes.plot((0, 1), line.penalties[[0, -1]], color=BLUE, linewidth=1, linestyle=(0, (4, 3)))
    axes.axhline(end.mean, color=GREEN, linewidth=1.2)
    axes.annotate("mean of all", (1, end.mean), xytext=(-2, 4), textcoords="offset points", color=GREEN, ha="right")
    axes.set_xticks(np.array([0, 0.5, 1]), ["one", "half-way", "the other"])
    axes.set_ylabel("penalty", color=INK)
    axes.set_title("between checkpoints; blue: first to last", loc="left", color=INK, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
