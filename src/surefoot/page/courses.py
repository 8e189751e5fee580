"""Schedules on a page: their curves, formulas and code, from what a person has typed, and what of them can be moved."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any, final

import numpy as np
from starlette.datastructures import QueryParams

from surefoot.catalogue.schedules import SETTINGS, python_of
from surefoot.errors import InvalidValue
from surefoot.page.course_picture import Picture, picture
from surefoot.page.drawing import Line
from surefoot.page.frame import real, whole
from surefoot.page.handles import Handle, handles, moved
from surefoot.schedules import Schedule, parse
from surefoot.schedules.phase import PRODUCT, Phases

MOST, LONGEST, STEPS = 6, 2000, 10_000_000
"""Schedules at a time, characters of a text, and steps of a run that a page draws."""

POINTS = 700
"""Steps of a curve that are drawn; all of them where a run has fewer."""

ROWS = 20_000
"""Steps of a table at most; a longer run's are thinned out evenly."""

EXAMPLES = tuple(SETTINGS[name][0] for name in SETTINGS)
"""Texts to begin with."""

BEGUN = ("warmup(5%) >> cosine()", "wsd()")
"""What is drawn before anything is typed."""


@final
@dataclass(frozen=True)
class Asked:
    """Schedules that are asked for.

    Args:
        texts: such as "warmup(5%) >> cosine()".
        steps: length of the run.
        step_size: the peak.
        log: whether the picture's step sizes are logarithmic.
        faults: what is wrong with the others.
    """

    texts: tuple[str, ...]
    steps: int
    step_size: float
    log: bool
    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryParams) -> "Asked":
        """Return what a request asks for.

        Errors: HTTPException 400 if a number is none.
        """
        given = [text.strip()[:LONGEST] for text in query.getlist("text") if text.strip()]
        texts = tuple(given[:MOST]) or (BEGUN if "text" not in query else ())
        steps, size = whole(query, "steps", 1000), real(query, "step_size", 0.001)
        faults = [] if 1 <= steps <= STEPS else [f"steps is {steps}; give 1 to {STEPS}"]
        faults += [] if size > 0 and isfinite(size) else [f"step size is {size:g}; it must be finite and above 0"]
        return cls(texts, steps, size, "log" in query, tuple(faults))

    def moved(self, which: int, name: str, to: float) -> "Asked":
        """Return what is asked for once a hand has moved something.

        Args:
            which: of the schedules.
            name: of its handle.
            to: where the handle goes [steps; fraction of the peak].

        Errors: InvalidValue if there is no such schedule, handle or place.
        """
        if not 0 <= which < len(self.texts) or self.faults:
            told = "; ".join(self.faults) or f"there is no schedule {which + 1}; there are {len(self.texts)}"
            raise InvalidValue(f"{told}.")
        texts = list(self.texts)
        texts[which] = moved(texts[which], name, to, self.steps, log=self.log)
        return replace(self, texts=tuple(texts))

    @property
    def query(self) -> list[tuple[str, str]]:
        """What an address says of it."""
        pairs = [*(("text", text) for text in self.texts), ("steps", str(self.steps))]
        return [*pairs, ("step_size", f"{self.step_size:g}"), *([("log", "1")] if self.log else [])]


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
        handles: what of it can be moved.
    """

    text: str
    fault: str = ""
    written: str = ""
    code: str = ""
    formulas: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    handles: tuple[Handle, ...] = ()


def courses(asked: Asked, held: tuple[float, float] | None = None) -> tuple[list[Course], Picture | None]:
    """Return schedules as a page shows them, and the picture of those that can be drawn.

    Args:
        asked: the schedules.
        held: step sizes that the picture has to span, while a hand moves something.
    """
    found, lines = [], []
    for ink, text in enumerate(asked.texts if not asked.faults else ()):
        try:
            given = parse(text)
            sized = given.over(steps=asked.steps)
        except InvalidValue as error:
            found.append(Course(text, str(error)))
            continue
        at = _steps(asked.steps, POINTS)
        values = asked.step_size * sized(at)
        lines.append(Line(str(given), at.tolist(), values.tolist(), ink=ink))
        found.append(replace(_course(text, given, sized, values), handles=handles(text, asked.steps, log=asked.log)))
    return found, picture(lines, asked.steps, log=asked.log, held=held) if lines else None


def table(asked: Asked) -> Iterator[str]:
    """Return the step sizes of schedules as comma-separated values, line by line; those with a fault are left out."""
    at, columns = _steps(asked.steps, ROWS), []
    for text in asked.texts if not asked.faults else ():
        try:
            columns.append((text, (asked.step_size * parse(text).over(steps=asked.steps)(at)).tolist()))
        except InvalidValue:
            continue
    for row in zip(["step", *at.tolist()], *([text, *values] for text, values in columns), strict=True):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        yield line.getvalue()


def _steps(steps: int, most: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    return np.unique(np.linspace(0, steps - 1, min(steps, most)).round().astype(np.int64))


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
