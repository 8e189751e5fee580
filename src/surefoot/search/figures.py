"""The pictures of a search: penalties over the step size, on a logarithmic axis."""

import math
from typing import TYPE_CHECKING

from surefoot.errors import MissingPackage
from surefoot.training.figure import BLUE, GREEN, GREY, INK, ORANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from surefoot.race import Race
    from surefoot.search.ramp import Ramp

COLORS = (BLUE, ORANGE, "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's, in the order in which lines of a race take them; past the last they begin again."""


def range_figure(title: str, ramps: "Sequence[Ramp]", interval: tuple[float, float, float] | None) -> "Figure":
    """Draw the penalty over the step size of a range test, with its suggestion and interval.

    Args:
        title: what was tested.
        ramps: what it gave.
        interval: lower end, suggestion and upper end; None if the penalty never fell.

    Errors: MissingPackage if matplotlib is not installed.
    """
    figure, axes = _axes(title)
    for ramp in ramps:
        _draw_ramp(axes, ramp)
    axes.set_ylabel("training penalty", color=INK)
    highest = [ramp.smoothed for ramp in ramps if ramp.smoothed]
    if highest:
        low, high = min(map(min, highest)), max(map(max, highest))
        margin = 0.12 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)
    if interval is not None:
        low, middle, high = interval
        axes.axvspan(low, high, color=GREEN, alpha=0.14, linewidth=0)
        _mark(axes, middle, f"suggested: {middle:.2g}\n({low:.2g} to {high:.2g})")
    return figure


def race_figure(title: str, race: "Race", step_size: float) -> "Figure":
    """Draw a race: the validation penalties over the step size at both lengths, and the step size for the run.

    Args:
        title: what was raced for.
        race: at its end.
        step_size: what it found.

    Errors: MissingPackage if matplotlib is not installed.
    """
    figure, axes = _axes(title)
    results = [result for result in race.results if math.isfinite(result.penalty)]
    lengths = sorted({result.candidate.length for result in results})
    for number, line in enumerate(race.lines):
        for place, length in enumerate(lengths):
            rows = [r for r in results if (r.candidate.line, r.candidate.length) == (number, length)]
            sizes, values = [r.candidate.step_size for r in rows], [r.penalty for r in rows]
            name = f"{line.rule}, decay {line.decay:g}, " if len(race.lines) > 1 else ""
            label = f"{name}{length} steps" if rows else None
            style, color = ("o:", "o-")[place == len(lengths) - 1], COLORS[number % len(COLORS)]
            axes.plot(sizes, values, style, color=color, markersize=5, linewidth=1.5, label=label)
    if results:
        axes.legend(frameon=False, labelcolor="linecolor", loc="best")
        _zoom(axes, [result.penalty for result in results])
        axes.margins(y=0.2)  # room for what is written at the bottom
    _cross(axes, [r.candidate.step_size for r in race.results if not math.isfinite(r.penalty)])
    axes.set_ylabel("validation penalty", color=INK)
    _mark(axes, step_size, f"for the run: {step_size:.2g}")
    return figure


def _axes(title: str) -> "tuple[Figure, Axes]":
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackage("a figure needs matplotlib; install it with: pip install 'surefoot[figures]'") from error
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xscale("log")
    axes.set_xlabel("step size", color=INK)
    axes.set_title(title, loc="left", color=INK, fontweight="bold")
    return figure, axes


def _draw_ramp(axes: "Axes", ramp: "Ramp") -> None:
    known = len(ramp.penalties)
    values = [value if math.isfinite(value) else math.nan for value in ramp.penalties]
    axes.plot(ramp.step_sizes[:known], values, color=BLUE, linewidth=0.8, alpha=0.3)
    axes.plot(ramp.step_sizes[: len(ramp.smoothed)], ramp.smoothed, color=BLUE, linewidth=1.6)
    if ramp.diverged is not None:
        axes.axvline(ramp.diverged, color=GREY, linewidth=0.8, linestyle=(0, (2, 3)))


def _mark(axes: "Axes", step_size: float, text: str) -> None:
    axes.axvline(step_size, color=GREEN, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.annotate(
        text, (step_size, 0), xycoords=("data", "axes fraction"), xytext=(5, 5), textcoords="offset points",
        ha="left", va="bottom", color=GREEN, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )  # fmt: skip


def _cross(axes: "Axes", sizes: list[float]) -> None:
    """Mark the step sizes that diverged at the top, where their penalties would be if there were room."""
    if sizes:
        axes.plot(sizes, [1.0] * len(sizes), "x", color=GREY, transform=axes.get_xaxis_transform(), clip_on=False)


def _zoom(axes: "Axes", penalties: list[float]) -> None:
    """Use a logarithmic axis where penalties span a decade."""
    if min(penalties) > 0 and max(penalties) > 10 * min(penalties):
        axes.set_yscale("log")
