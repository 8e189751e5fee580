"""The picture of a run: its penalties over the step size, on one axis of steps."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import MissingPackage
from surefoot.trace import Series, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#8A8A8A", "#333333"
"""Okabe and Ito's colours, told apart with every common kind of colour blindness."""


def figure_of(trace: Trace, *, title: str, best_step: int | None = None) -> "Figure":
    """Draw the penalties of a run with the step size beneath.

    Args:
        trace: what the run recorded.
        title: what ran.
        best_step: the step whose weights were kept, to be marked; None marks nothing.

    Errors: MissingPackage if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # no pyplot: no global state, no window, nothing to close
    except ImportError as error:
        raise MissingPackage("a figure needs matplotlib; install it with: pip install 'surefoot[figures]'") from error
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.01)
    judged = _finite(trace["validation_penalty"])
    _draw_penalties(upper, _finite(trace["penalty"]), judged)
    _draw_step_size(lower, trace["step_size"])
    if best_step is not None and best_step in judged.steps:
        _mark_best(upper, lower, best_step, judged.at(best_step))
    _mark_end(upper, lower, trace)
    upper.set_title(title, loc="left", color=INK, fontweight="bold")
    return figure


def _draw_penalties(axes: "Axes", train: Series, judged: Series) -> None:
    labels = []
    if len(train):
        steps, low, mean, high = _binned(train)
        axes.fill_between(steps, low, high, color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(steps, mean, color=BLUE, linewidth=1.3)
        labels.append(("training", steps[-1], mean[-1], BLUE))
    if len(judged):
        axes.plot(judged.steps, judged.values, color=ORANGE, linewidth=1.6)
        labels.append(("validation", judged.steps[-1], judged.values[-1], ORANGE))
    _scale(axes, train, judged)
    axes.set_ylabel("penalty", color=INK)
    _label_ends(axes, labels)


def _scale(axes: "Axes", *columns: Series) -> None:
    """Use a logarithmic axis when the values span a decade; leave room where labels go."""
    from matplotlib.ticker import LogLocator

    values = np.concatenate([column.values for column in columns])
    if len(values) and values.min() > 0 and values.max() > 10 * values.min():
        axes.set_yscale("log")
        if values.max() < 200 * values.min():  # hardly a power of ten among the ticks
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda *_: "")
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)


def _label_ends(axes: "Axes", labels: list[tuple[str, float, float, str]]) -> None:
    """Write each line's name at its right end, pushed apart where they would meet."""
    axes.autoscale_view()  # else done on drawing, and the places below are those of an empty picture
    places = [axes.transAxes.inverted().transform(axes.transData.transform((x, y)))[1] for _, x, y, _ in labels]
    if len(places) == 2 and abs(places[0] - places[1]) < 0.07:
        middle, sign = sum(places) / 2, 1 if places[0] >= places[1] else -1
        places = [middle + 0.035 * sign, middle - 0.035 * sign]
    for (text, _, _, color), place in zip(labels, places, strict=True):
        axes.text(1.01, place, text, transform=axes.transAxes, color=color, va="center")


def _draw_step_size(axes: "Axes", sizes: Series) -> None:
    axes.plot(sizes.steps, sizes.values, color=INK, linewidth=1.3)
    axes.fill_between(sizes.steps, 0, sizes.values, color=INK, alpha=0.08, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("step size", color=INK)
    axes.set_xlabel("step", color=INK)


def _mark_best(upper: "Axes", lower: "Axes", step: int, value: float) -> None:
    upper.plot([step], [value], "o", markersize=7, markerfacecolor="white", markeredgecolor=GREEN, markeredgewidth=2)
    _rule(upper, lower, step, f"best {value:.3g} at step {step}", GREEN, row=0)


def _mark_end(upper: "Axes", lower: "Axes", trace: Trace) -> None:
    """Mark an end that came before the last step."""
    for kind in ("stopped", "diverged", "interrupted", "failed"):
        if event := trace.last(kind):
            _rule(upper, lower, event.step, f"{kind} at step {event.step}", GREY, row=1)


def _rule(upper: "Axes", lower: "Axes", step: int, text: str, color: str, row: int) -> None:
    """Draw a line down both axes, its text at the top: penalties fall, so that corner is the emptiest."""
    for axes in (upper, lower):
        axes.axvline(step, color=color, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    left = step > 0.5 * upper.get_xlim()[1]
    upper.annotate(
        text, (step, 1), xycoords=("data", "axes fraction"), xytext=(-5 if left else 5, -2 - 14 * row),
        textcoords="offset points", ha="right" if left else "left", va="top", color=color,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )  # fmt: skip


def _finite(series: Series) -> Series:
    good = np.isfinite(series.values)
    return Series(series.steps[good], series.values[good])


def _binned(series: Series, most: int = 120) -> tuple[NDArray[Any], ...]:
    """Return step, least, mean and greatest of up to `most` stretches, so a long run draws as fast as a short one."""
    parts = np.array_split(np.arange(len(series)), min(most, len(series)))
    rows = [(series.steps[part].mean(), *(f(series.values[part]) for f in (np.min, np.mean, np.max))) for part in parts]
    return tuple(np.array(rows, dtype=float).T)
