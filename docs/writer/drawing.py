"""How figures look, and how they become the text of an SVG file, the same at every build."""

import io
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn

from surefoot.training.figure import INK

Figure: TypeAlias = Drawn
_LOOK = {
    "svg.fonttype": "none",  # letters stay letters: crisp, small, found by a search in the page
    "svg.hashsalt": "surefoot",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "sans-serif"],
    "font.size": 9,
    "axes.edgecolor": "#9AA2AB",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#5C6570",
    "ytick.color": "#5C6570",
    "path.simplify_threshold": 0.3,
}


def new_figure(width: float, height: float, **margins: float) -> Figure:
    """Return an empty figure [inches]; margins given save the time of finding them."""
    figure = Drawn(figsize=(width, height), layout=None if margins else "constrained")
    if margins:
        figure.subplots_adjust(**margins)
    return figure


def axes_of(figure: Figure, columns: int, **given: Any) -> list[Axes]:
    """Return axes side by side, without frames at the top and the right."""
    found = figure.subplots(1, columns, **given)
    for axes in found:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
    return list(found)


def svg_of(figure: Figure) -> str:
    """Return a figure as the text of an SVG file."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def look() -> AbstractContextManager[None]:
    """Return the context in which figures are drawn and saved."""
    return mpl.rc_context(_LOOK)
