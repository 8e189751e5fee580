"""The picture of a fit: that of its run, with the search before its first step and the averaged weights at its end."""

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from surefoot.search import Found
from surefoot.trace import Trace
from surefoot.training.average import Averaged
from surefoot.training.figure import GREY, INK, figure_of
from surefoot.training.loop import Ending

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PURPLE = "#AA4499"
"""Of the averaged weights; told apart from the other four with every common kind of colour blindness."""


def run_figure(trace: Trace, ending: Ending, search: Found | None, *, title: str, best_step: int | None) -> "Figure":
    """Draw a run: penalties and step size by step, its search, its best step and its averaged weights.

    Args:
        trace: of the run.
        ending: how it ended.
        search: what its search found, or None.
        title: what stands above it.
        best_step: where the best check is marked; nowhere if None.

    Errors: MissingPackage if matplotlib is not installed.
    """
    figure = figure_of(trace, title=title, best_step=best_step)
    upper, lower = figure.axes
    if ending.average is not None and math.isfinite(ending.average.penalty):
        _draw_average(upper, ending.average, ending.step)
    if search is not None and search.cost:
        _draw_search(upper, lower, search)
    return figure


def _draw_average(axes: "Axes", average: Averaged, end: int) -> None:
    """Draw the penalty of the averaged weights over the steps that they are the mean of."""
    end_of_axis = axes.get_ylim()
    axes.plot([end - average.steps, end], [average.penalty] * 2, color=PURPLE, linewidth=3, solid_capstyle="butt")
    axes.set_ylim(min(end_of_axis[0], average.penalty), end_of_axis[1])
    fate = "kept" if average.kept else "not kept"
    axes.annotate(
        f"average {average.penalty:.3g}, {fate}", (end, average.penalty), xytext=(-4, 5),
        textcoords="offset points", ha="right", va="bottom", color=PURPLE,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )  # fmt: skip


def _draw_search(upper: "Axes", lower: "Axes", found: Found) -> None:
    """Draw the search's steps before the run's: above what its short runs ended with, beneath their step sizes.

    The axes stay those of the run; what lies beyond one stands at its edge.
    """
    for axes in (upper, lower):
        axes.set_autoscale_on(False)
        axes.axvspan(-found.cost, 0, color=GREY, alpha=0.13, linewidth=0, zorder=0)
    results = sorted(found.race.results, key=lambda each: (each.candidate.length, each.candidate))
    ends = accumulate((each.candidate.length for each in results), initial=-sum(r.candidate.length for r in results))
    for result, begin in zip(results, ends, strict=False):
        stretch = begin, begin + result.candidate.length
        lower.plot(stretch, [_within(lower, result.candidate.step_size)] * 2, color=INK, linewidth=1.3, clip_on=False)
        marker = "o" if math.isfinite(result.penalty) else "x"
        height = _within(upper, result.penalty)
        upper.plot([stretch[1]], [height], marker, color=GREY, markersize=3.5, clip_on=False, zorder=3)
    upper.set_xlim(-1.02 * found.cost, upper.get_xlim()[1])
    lower.set_xticks([tick for tick in lower.get_xticks() if 0 <= tick <= lower.get_xlim()[1]])
    lower.annotate(
        f"search: {found.cost} steps", (-found.cost, 0), xytext=(0, -14), textcoords="offset points", va="top",
        annotation_clip=False, color=GREY,
    )  # fmt: skip


def _within(axes: "Axes", value: float) -> float:
    low, high = axes.get_ylim()
    return min(max(value, low), high)
