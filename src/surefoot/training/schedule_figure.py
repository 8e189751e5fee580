"""The figure of schedules, for files and notebooks: their curves on one pair of axes, and their texts above."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from surefoot.errors import MissingPackage
from surefoot.schedules import Schedule
from surefoot.schedules.drawing import wrapped
from surefoot.training.figure import BLUE, GREEN, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's, in the order in which schedules take them; past the last they begin again, dashed."""

_POINTS = 4000  # a run of more steps is drawn at so many of them, and at both sides of each phase's end


def schedule_figure(schedules: Sequence[Schedule], *, steps: int, step_size: float | None = None) -> "Figure":
    """Draw schedules over a run, to be compared.

    Args:
        schedules: those to draw, every length known.
        steps: how long the run is [steps, at least 1].
        step_size: the peak, which the factors are multiplied with, or None: the factors themselves.

    Errors: MissingPackage if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackage("a figure needs matplotlib; install it with: pip install 'surefoot[figures]'") from error
    lines = sum(_label(schedule).count("\n") + 1.5 for schedule in schedules)
    figure = Figure(figsize=(7.2, 3.6 + 0.16 * lines), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    for index, schedule in enumerate(schedules):
        _draw(axes, schedule, steps, 1.0 if step_size is None else step_size, index)
    if len(schedules) == 1:
        line = axes.lines[0]
        axes.fill_between(line.get_xdata(), 0, line.get_ydata(), color=BLUE, alpha=0.1, linewidth=0, step=_step(steps))
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, steps)
    axes.set_ylabel("factor of the peak" if step_size is None else "step size", color=INK)
    axes.set_xlabel("step", color=INK)
    figure.legend(
        loc="outside upper left", frameon=False, labelcolor="linecolor", prop={"family": "monospace", "size": 8}
    )
    return figure


def _draw(axes: "Axes", schedule: Schedule, steps: int, peak: float, index: int) -> None:
    at = _steps(schedule, steps)
    axes.plot(
        np.append(at, steps), peak * schedule(np.append(at, at[-1])), color=COLORS[index % len(COLORS)],
        linestyle="-" if index < len(COLORS) else "--", linewidth=1.6, label=_label(schedule), clip_on=False,
        drawstyle="steps-post" if _step(steps) else "default",
    )  # fmt: skip


def _label(schedule: Schedule) -> str:
    return "\n".join(wrapped(str(schedule), 98))


def _step(steps: int) -> Literal["post"] | None:
    """Return how to draw what is between two steps: where they are few enough to be seen, each is a stair."""
    return "post" if steps <= 200 else None


def _steps(schedule: Schedule, steps: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    ends = np.cumsum([length for _, length, _, _ in schedule.phases if length is not None])
    places = np.concatenate([np.linspace(0, steps - 1, _POINTS), ends - 1, ends]).astype(np.int64)
    return np.unique(places[(places >= 0) & (places < steps)])
