"""Learning curves as a page shows them: what a worker has told so far, drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from typing import Any, final

import numpy as np

from surefoot.errors import InvalidValue, short
from surefoot.page.drawing import Axis, Line, axis_over, chart, spark
from surefoot.rules import unknown
from surefoot.schedules import parse

KINDS = {"sizes": "Step sizes", "schedules": "Schedules"}
"""What can be compared, and what a page calls it."""

RULES = ("adamw", "muon", "sgd", "nesterov", "rmsprop", "lion", "nadam", "adagrad")
"""Rules that a page offers; any other can be named in the address."""

STEPS = (20, 600)
"""Of each run, at least and at most: seconds."""

SMOOTH = 5
"""Steps whose mean is drawn; their least and greatest stand behind it."""

WORSE = 1.1
"""Times the best end that another must end at to be called worse: single runs of this length differ by so much."""


@final
@dataclass(frozen=True)
class Wanted:
    """What is to be trained.

    Args:
        what: sizes or schedules.
        rule: its name.
        size: the step size as text, or "usual".
        steps: of each run.
    """

    what: str = "sizes"
    rule: str = "adamw"
    size: str = "usual"
    steps: int = 150

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Wanted":
        """Return what a request asks for.

        Errors: InvalidValue naming every fault.
        """
        what, rule = asked.get("what") or "sizes", asked.get("rule") or "adamw"
        size, steps = asked.get("size") or "usual", asked.get("steps") or "150"
        faults = [] if what in KINDS else [f"{short(what, 40)!r} cannot be compared; choose one of {', '.join(KINDS)}"]
        faults += [fault for fault in [unknown(short(rule, 40))] if fault and rule != "muon"]
        if size != "usual" and not _between(size, 1e-6, 100.0):
            faults.append(f"step size is {short(size, 40)!r}; give a number from 1e-6 to 100, or usual")
        if not steps.isdecimal() or len(steps) > 4 or not STEPS[0] <= int(steps) <= STEPS[1]:
            faults.append(f"steps is {short(steps, 40)!r}; give {STEPS[0]} to {STEPS[1]}")
        if faults:
            raise InvalidValue("; ".join(faults) + ".")
        return cls(what, rule, size, int(steps))

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the worker is given."""
        return self.what, self.rule, self.size if self.size == "usual" else f"{float(self.size):g}", str(self.steps)


@final
@dataclass(frozen=True)
class Trained:
    """One run as the page tells of it.

    Args:
        label: its step size or schedule.
        done: whether it has come to its end.
        taken: steps so far.
        end: the mean penalty of the last fifth of the steps; None while there is none, inf if it diverged.
        says: how it compares, in a few words; "" while that is not known.
        drawn: a small picture of the curve, where runs stand side by side.
        course: a small picture of the schedule, there.
    """

    label: str
    done: bool
    taken: int
    end: float | None
    says: str
    drawn: str = ""
    course: str = ""


@final
@dataclass(frozen=True)
class Curves:
    """All runs so far.

    Args:
        step_size: the one in question; None until the worker has said it.
        runs: by what they differ in.
        drawn: the picture of all of them; "" where they stand side by side, or nothing is there yet.
    """

    step_size: float | None
    runs: tuple[Trained, ...]
    drawn: str


def curves(wanted: Wanted, told: Sequence[Mapping[str, Any]]) -> Curves:
    """Return what a worker has told, drawn.

    Args:
        wanted: what it was asked for.
        told: its lines so far.
    """
    head = next((line for line in told if "runs" in line), None)
    if head is None:
        return Curves(None, (), "")
    labels: list[str] = head["runs"]
    found = _penalties(len(labels), told)
    done = {line["done"] for line in told if "done" in line}
    ends = [_end(values) if number in done else None for number, values in enumerate(found)]
    says = _judged(labels, ends, in_order=wanted.what == "sizes")
    lines = [_line(label, values, ink) for ink, (label, values) in enumerate(zip(labels, found, strict=True))]
    up = axis_over("penalty", [v for line in lines for v in _heights(line)] or [1.0], log=True)
    pictures = [_small(line, up, wanted) for line in lines]
    runs = tuple(
        Trained(label, number in done, len(found[number]), ends[number], says[number], *pictures[number])
        for number, label in enumerate(labels)
    )
    return Curves(head["step_size"], runs, _large(lines, up, runs, wanted))


def _penalties(many: int, told: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    """Return the penalties of each run so far, inf where one was not finite."""
    found: list[list[float]] = [[] for _ in range(many)]
    for line in told:
        if "penalties" in line:
            found[line["run"]] += [math.inf if value is None else value for value in line["penalties"]]
    return found


def _large(lines: Sequence[Line], up: Axis, runs: Sequence[Trained], wanted: Wanted) -> str:
    if wanted.what == "schedules":
        return ""
    title = "penalty by step; " + "; ".join(f"{run.label}: {run.says or 'not done'}" for run in runs)
    return chart(lines, Axis("step", 0, wanted.steps), up, title=title, width=900, height=400)


def _line(label: str, values: Sequence[float], ink: int) -> Line:
    groups = [values[i : i + SMOOTH] for i in range(0, len(values), SMOOTH)]
    x = [SMOOTH * number + (len(group) - 1) / 2 for number, group in enumerate(groups)]
    band = ([min(group) for group in groups], [max(group) for group in groups])
    return Line(
        label, x, [fmean(group) for group in groups], band=band if all(map(isfinite, values)) else None, ink=ink
    )


def _small(line: Line, up: Axis, wanted: Wanted) -> tuple[str, str]:
    """Return the pictures of a run that stands beside others: of its penalties, and of its schedule."""
    if wanted.what == "sizes":
        return "", ""
    alone, steps = Line(line.label, line.x, line.y, band=line.band), wanted.steps
    at = np.unique(np.linspace(0, steps - 1, 100).round().astype(np.int64))
    course = parse(line.label).over(steps=steps)(at) + 1.0  # above 0, or the small picture would be logarithmic
    shape = spark(at.tolist(), course.tolist(), f"the course of {line.label}")
    drawn = chart(
        [alone], Axis("step", 0, steps), up, title=f"penalty by step with {line.label}", width=340, height=190
    )
    return drawn, shape


def _heights(line: Line) -> list[float]:
    """Return what is drawn of a line, its shade too."""
    shaded = [*line.band[0], *line.band[1]] if line.band is not None else []
    return [value for value in [*line.y, *shaded] if isfinite(value)]


def _end(values: Sequence[float]) -> float:
    if not values or not all(map(isfinite, values)):
        return math.inf
    return fmean(values[-max(1, len(values) // 5) :])


def _judged(labels: Sequence[str], ends: Sequence[float | None], *, in_order: bool) -> list[str]:
    """Return what each is, once all are done: the best, as good, or too low, too high or worse."""
    if any(end is None for end in ends):
        return ["diverged" if end == math.inf else "" for end in ends]
    known = [math.inf if end is None else end for end in ends]
    best = min(range(len(labels)), key=lambda number: known[number])

    def said(number: int) -> str:
        if number == best or known[number] <= WORSE * known[best]:
            return "best" if number == best else "as good"
        way = (
            ("too low" if number < best else "too high")
            if in_order
            else f"{known[number] / known[best]:.2g} times the best"
        )
        return f"{way}, diverged" if known[number] == math.inf else way

    return [said(number) for number in range(len(labels))]


def _between(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False
