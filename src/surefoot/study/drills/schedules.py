"""Drills on schedules: the factor at a step, and which of four curves is the one."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from surefoot.catalogue import entries, find
from surefoot.errors import InvalidValue
from surefoot.schedules import Schedule, parse
from surefoot.schedules.phase import PRODUCT, Phase, Phases
from surefoot.schedules.shapes import SHAPES
from surefoot.study.drills.exercise import Exercise, Given, number, told
from surefoot.study.formula_tree import tree_of
from surefoot.study.formulas import filled
from surefoot.study.question import Picture

RUNS = (100, 200, 400, 1000)
"""Lengths of runs: shares of them are whole numbers of steps."""

LONG_RUNS = (2_000, 10_000, 100_000)
"""For schedules that tell their lengths in steps."""

PARTS = 20
"""The steps that are asked for end a twentieth of the run, so that what is done of it has few digits."""

POINTS = 60
"""Values in a picture."""

JUMP = 0.25
"""Between two points, as a part of the highest value: what rises or falls more is a jump to the eye."""

APART, APART_ON_AVERAGE = 0.2, 0.05
"""How far two curves must be from each other, at one point at least and on average, as parts of their highest value."""


def factor_at(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of a schedule's factor at a step."""
    text = _text(given)
    runs = [steps for steps in RUNS if _fits(text, steps)] or [steps for steps in LONG_RUNS if _fits(text, steps)]
    steps = drawn.choice(runs)
    schedule = parse(text).over(steps=steps)
    for _ in range(PARTS):
        step = steps * drawn.randint(1, PARTS) // PARTS - 1
        if schedule(step) not in (0.0, 1.0):
            break
    asks = f"`{text}` over a run of {steps} steps: what is its factor at step {step}, the first being step 0?"
    tells = [f"over {steps} steps it is {schedule}", *_told(schedule.phases, step)]
    return number(asks, schedule(step), tells)


def which_curve(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of finding a schedule's curve among four."""
    text = _text(given)
    curves = [_curve(text)]
    others = sorted({each for entry in entries("schedule") for each in entry.settings} - {text})
    for other in drawn.sample(others, len(others)):
        if len(curves) < 4 and all(_differ(_curve(other), curve) for curve in curves):
            curves.append(_curve(other))
    right = curves[0]
    drawn.shuffle(curves)
    letters = tuple("ABCD"[: len(curves)])
    pictures = tuple(Picture(curve, _described(curve)) for curve in curves)
    answer = letters[curves.index(right)]
    tells = f"`{text}` is {answer}: {_described(right)}"
    asks = f"Which of these is `{text}`, from the first step of a run to the last?"
    return Exercise("curve", asks, answer, tells, choices=letters, pictures=pictures)


def _text(given: Given) -> str:
    text = given.get("schedule")
    if not isinstance(text, str):
        raise InvalidValue(f"a drill's schedule is {text!r}; it is a text such as 'warmup(5%) >> cosine()'")
    parse(text)
    return text


@cache
def _fits(text: str, steps: int) -> bool:
    try:
        parse(text).over(steps=steps)
    except InvalidValue:
        return False
    return True


def _told(phases: Phases, step: int) -> list[str]:
    """Return how a factor comes about: the phase, how much of it is done, its formula with these numbers."""
    for phase in phases:
        if phase[1] is None or step < phase[1]:
            return _told_phase(phase, step)
        step -= phase[1]
    last = phases[-1]
    return [
        f"all phases have ended, and {Schedule((last,))} holds its last value",
        *_told_phase(last, (last[1] or 1) - 1)[1:],
    ]


def _told_phase(phase: Phase, step: int) -> list[str]:
    shape, steps, _, knobs = phase
    alone = Schedule((phase,))
    if shape == PRODUCT:
        lines = [line for factor in knobs for line in _told(factor, step)]
        return [*lines, f"the product: {told(alone(step))}"]
    lines, done, whole = [f"step {step} of `{alone}`, from 0:"], step + 1, steps
    known: dict[str, Any] = {knob.name: value for knob, value in zip(SHAPES[shape].knobs, knobs, strict=True)}
    if shape == "restarts":
        known["cycle"], done, whole = _cycle(alone, steps or 1, step)
        lines.append(f"cycle {known['cycle']}, from 0, of {whole} steps")
    known |= {"i": step} if whole is None else {"i": step, "x": done / whole}
    plain = {name: value[0] if isinstance(value, tuple) else value for name, value in known.items()}
    values = {name: float(value) for name, value in plain.items() if value is not None}
    formula = _formula(shape, {*values})
    if "x" in tree_of(formula).names:
        lines.append(f"x = {done}/{whole} = {told(values['x'])}")
    return [*lines, f"factor = {formula} = {filled(formula, values)} = {told(alone(step))}"]


def _cycle(alone: Schedule, steps: int, step: int) -> tuple[int, int, int]:
    """Return a step's cycle, which of its steps it is, from 1, and how many it has: a cycle ends before a rise."""
    values = [alone(each) for each in range(steps)]
    ends = [0, *(place for place, (a, b) in enumerate(pairwise(values), 1) if b > a), steps]
    cycle = next(place for place, end in enumerate(ends[1:]) if step < end or end == steps)
    return cycle, step - ends[cycle] + 1, ends[cycle + 1] - ends[cycle]


def _formula(shape: str, known: set[str]) -> str:
    """Return that formula of a shape whose every name has a number."""
    formulas = find(f"schedule:{shape}").formula
    return next(each for each in formulas if tree_of(each).names <= known | {"pi"})


@cache
def _curve(text: str) -> tuple[float, ...]:
    steps = next(each for each in (*RUNS, *LONG_RUNS) if _fits(text, each))
    schedule = parse(text).over(steps=steps)
    return tuple(schedule(round(place * (steps - 1) / (POINTS - 1))) for place in range(POINTS))


def _differ(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two curves look different when each is drawn to its own height, and are told differently."""
    highest, others = max(*one, 1e-12), max(*other, 1e-12)
    gaps = [abs(a / highest - b / others) for a, b in zip(one, other, strict=True)]
    return max(gaps) > APART and sum(gaps) / len(gaps) > APART_ON_AVERAGE and _described(one) != _described(other)


def _described(curve: Sequence[float]) -> str:
    """Return what a curve looks like, for those who do not see it."""
    highest = max(*curve, 1e-12)
    places = [round(part * (len(curve) - 1)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
    first, quarter, half, late, last = (f"{100 * curve[place] / highest:.0f} %" for place in places)
    steps = [(b - a) / highest for a, b in pairwise(curve)]
    jumps = [(sum(step > JUMP for step in steps), "up"), (sum(step < -JUMP for step in steps), "down")]
    told_jumps = "".join(f"; it jumps {way} {'once' if many == 1 else f'{many} times'}" for many, way in jumps if many)
    return (
        f"from {first} of its highest value to {quarter} after a quarter, {half} at half, {late} after three quarters "
        f"and {last} at the end{told_jumps}"
    )
