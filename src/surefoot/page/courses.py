"""Schedules on a page: their curves, formulas and code, from what a person has typed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, final

import numpy as np

from surefoot.catalogue.schedules import SETTINGS, python_of
from surefoot.errors import InvalidValue
from surefoot.page.drawing import Axis, Line, axis_over, chart
from surefoot.schedules import Schedule, parse
from surefoot.schedules.phase import PRODUCT, Phases

MOST, LONGEST, STEPS = 6, 2000, 10_000_000
"""Schedules at a time, characters of a text, and steps of a run that a page draws."""

POINTS = 700
"""Steps of a curve that are drawn; all of them where a run has fewer."""

EXAMPLES = tuple(SETTINGS[name][0] for name in SETTINGS)
"""Texts to begin with."""


@final
@dataclass(frozen=True)
class Course:
    """One schedule as the page shows it.

    Args:
        text: as it was typed.
        fault: what is wrong with it; "" if nothing is, and the rest is empty if something is.
        written: as the library writes it, over the run.
        code: the Python that makes it.
        formulas: for each kind of phase in it its name and its formula as MathML.
        facts: what to know of its values.
    """

    text: str
    fault: str = ""
    written: str = ""
    code: str = ""
    formulas: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def courses(texts: Sequence[str], steps: int, step_size: float, *, log: bool) -> tuple[list[Course], str]:
    """Return schedules as a page shows them, and the picture of those that can be drawn.

    Args:
        texts: such as "warmup(5%) >> cosine()".
        steps: length of the run.
        step_size: the peak.
        log: whether the picture's step sizes are logarithmic.
    """
    found, lines = [], []
    for ink, text in enumerate(texts[:MOST]):
        try:
            given = parse(text)
            sized = given.over(steps=steps)
        except InvalidValue as error:
            found.append(Course(text, str(error)))
            continue
        at = _steps(steps)
        values = step_size * sized(at)
        lines.append(Line(str(given), at.tolist(), values.tolist(), ink=ink))
        found.append(_course(text, given, sized, values))
    return found, _picture(lines, steps, log=log) if lines else ""


def _steps(steps: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    return np.unique(np.linspace(0, steps - 1, min(steps, POINTS)).round().astype(np.int64))


def _picture(lines: Sequence[Line], steps: int, *, log: bool) -> str:
    values = [value for line in lines for value in line.y]
    up = axis_over("step size", values, log=log, zero=True)
    across = Axis("step", 0, max(steps - 1, 1))
    title = f"step size over {steps} steps: {'; '.join(line.label for line in lines)}"
    return chart(lines, across, up, title=title, width=960, height=380)


def _course(text: str, given: Schedule, sized: Schedule, values: Any) -> Course:
    facts = (
        ("first", f"{values[0]:.4g}"), ("highest", f"{values.max():.4g}"), ("last", f"{values[-1]:.4g}"),
        ("mean", f"{values.mean():.4g}"),
    )  # fmt: skip
    shapes = tuple((shape, _formulas()[shape]) for shape in _shapes(given.phases) if shape in _formulas())
    return Course(text, "", str(sized), python_of(str(given)), shapes, facts)


def _shapes(phases: Phases) -> dict[str, None]:
    found: dict[str, None] = {}
    for shape, _, _, knobs in phases:
        found |= {name: None for factor in knobs for name in _shapes(factor)} if shape == PRODUCT else {shape: None}
    return found


@cache
def _formulas() -> dict[str, str]:
    """Return the formula of each shape as MathML, of two the first."""
    told = json.loads(files("surefoot").joinpath("formulas.json").read_text(encoding="utf-8"))["schedules"]
    return {name: each["mathml"] for name, each in told.items()}
