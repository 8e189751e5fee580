"""The rules' figures: paths down a valley, by true gradients, in the reference's float64."""

import re
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from surefoot.backends.reference import step
from surefoot.catalogue import Entry
from surefoot.rules import RULES
from surefoot.rules.rule import Rule
from surefoot.training.figure import BLUE, GREY, INK, ORANGE
from writer.drawing import Figure, axes_of, new_figure

Array = NDArray[np.float64]

STEPS = 80
DEPTH = 60.0
"""How much steeper the valley is across than along: enough that plain steps zigzag, few enough that they arrive."""
START, FLOOR = np.array([-3.2, 0.9]), np.array([1.6, 0.5])
"""Neither is 0, where decay pulls to: the paths of rules that decay end beside the floor."""
FRAME = np.array([[-4.4, -2.6], [3.8, 3.3]])
SIZES = 10.0 ** np.arange(-4.0, 2.51, 0.125)
LEAST = 1e-7
"""Heights below this are not drawn."""
_INKS = ((BLUE, 1.5, 1.0), (ORANGE, 3.2, 0.5), (GREY, 3.2, 0.5))
"""Colour, width and opacity of a rule's own path and of those beside it, which stay to be seen under it."""
_ANGLE = np.deg2rad(25.0)
_TURN = np.array([[np.cos(_ANGLE), -np.sin(_ANGLE)], [np.sin(_ANGLE), np.cos(_ANGLE)]])
_BEND = _TURN @ np.diag([1.0 / DEPTH, 1.0]) @ _TURN.T


class Walk(NamedTuple):
    """A rule's path: its label, its step size, its places [STEPS + 1, 2] and their heights."""

    label: str
    step_size: float
    places: Array
    heights: Array


def height(p: Array) -> Array:
    """Return the height of places [..., 2] above the valley's floor."""
    return 0.5 * np.einsum("...i,ij,...j", p - FLOOR, _BEND, p - FLOOR)


def paths(rule: Rule, sizes: Array, steps: int = STEPS) -> Array:
    """Return a rule's paths, one for each step size [steps + 1, sizes, 2]."""
    column = sizes[:, None]
    numbers = {**rule.constants, "step_size": column, "peak": column, "factor": 1.0, "scale": 1.0, "l2": 0.0}
    p = np.repeat(START[None], len(sizes), axis=0)
    slots = [np.zeros_like(p) + rule.start(slot, numbers) for slot in rule.slots]
    carried = rule.first(numbers)
    found = [p]
    for count in range(1, steps + 1):
        row = dict(zip(rule.names, rule.row(count, numbers | carried), strict=True))
        p, *slots = step(rule, p, (p - FLOOR) @ _BEND, tuple(slots), {**row, "scale": 1.0, "l2": 0.0})
        carried |= rule.carry(count, numbers | carried)
        found.append(p)
    return np.array(found)


@cache
def best(name: str) -> Walk:
    """Return a rule's path at the step size with the least mean height, in decades, of all that stay in the frame."""
    with np.errstate(all="ignore"):
        found = paths(RULES[name], SIZES)
        heights = height(found)
        worth = np.log10(heights + 1e-12).mean(axis=0)
    stays = np.all((found >= FRAME[0]) & (found <= FRAME[1]), axis=(0, 2))
    at = int(np.where(stays, worth, np.inf).argmin())
    return Walk(name, float(SIZES[at]), found[:, at], heights[:, at])


def walks(entry: Entry) -> list[Walk]:
    """Return the paths of a rule's figure: its own last, before it sgd's, and that of the rule it is a change of."""
    of = re.search(r"[Ss]teps? as (\w+) does|what (\w+) steps", entry.says)
    parents = [name for name in (of.groups() if of else ()) if name in RULES]
    others = [name for name in dict.fromkeys(["sgd", *parents]) if name != entry.name] or ["sgd"]
    others = ["momentum"] if entry.name == "sgd" else others
    return [best(name) for name in [*others, entry.name]]


def draw(shown: list[Walk]) -> Figure:
    """Draw paths over the valley, and their heights over the steps."""
    figure = new_figure(7.6, 3.5, left=0.01, right=0.985, bottom=0.14, top=0.89, wspace=0.19)
    left, right = axes_of(figure, 2, width_ratios=[1.35, 1])
    _contours(left)
    _heights(right)
    for walk, (ink, width, alpha) in zip(reversed(shown), _INKS, strict=False):
        style: Any = {"color": ink, "linewidth": width, "alpha": alpha, "zorder": 2 + alpha, "label": walk.label}
        left.plot(*walk.places.T, marker="o", markersize=1.2 + width, **style)
        right.plot(np.maximum(walk.heights, LEAST), **style)
    left.plot(*START, "o", markersize=6, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=1.4, zorder=4)
    left.plot(*FLOOR, "+", markersize=9, color=INK, markeredgewidth=1.4, zorder=4)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", ncols=3, frameon=False, labelcolor="linecolor")
    return figure


def _heights(axes: Axes) -> None:
    axes.set(yscale="log", xlim=(0, STEPS), ylim=(LEAST, 10.0), xlabel="step", ylabel="height")
    axes.set_yticks([1e-7, 1e-5, 1e-3, 0.1, 10.0], ["1e-7", "1e-5", "0.001", "0.1", "10"])  # quick: no TeX
    axes.set_yticks([], minor=True)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)


def _contours(axes: Axes) -> None:
    (left, low), (right, high) = FRAME
    x, y = np.meshgrid(np.linspace(left, right, 90), np.linspace(low, high, 60))
    levels = [0.0, *(10.0 ** np.arange(-2.0, 1.4, 0.33))]
    axes.contourf(x, y, height(np.stack([x, y], -1)), levels, cmap="Blues", alpha=0.35, extend="max")
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
