"""Drills on rules: where one step lands, and where several do."""

import math
from collections.abc import Callable, Mapping
from random import Random

from surefoot.errors import InvalidValue
from surefoot.rules import RULES
from surefoot.rules.rule import Rule
from surefoot.study.drills.exercise import Exercise, Given, asked_of, named, number
from surefoot.study.drills.walking import Step, again, memory_of, names_in, told_step, walked

STARTS = (0.5, 1.0, 1.5, 2.0, 3.0, -1.0, -2.0, 4.0)
GRADIENTS = (0.2, 0.4, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0)
DRAWN = {
    "step_size": (0.01, 0.02, 0.05, 0.1, 0.2, 0.5), "momentum": (0.5, 0.8, 0.9), "beta1": (0.5, 0.8, 0.9),
    "beta2": (0.9, 0.99), "alpha": (0.5, 0.8, 0.9), "rho": (0.5, 0.8, 0.9),
}  # fmt: skip
"""Constants with few digits, so that a pocket calculator will do; those that are not here have the rule's defaults."""

DECAYS = (0.1, 0.2, 0.5)
"""Of rules that decay by default: so strong that forgetting it shows within the tolerance."""

TOLERANCE = 0.01
"""How far off an answer may be, as a part of the movement: a forgotten term or correction changes more."""

ROUNDED = 6e-5
"""The least tolerance: an answer to four decimals is right."""

EARLIER, RECTIFIED_EARLIER = 3, 8
"""At most so many gradients before the one asked for; a rectified rule divides from about its sixth on."""

TRIES = 200
"""Draws to look for a step that moves and lands neither at the start nor at about 0."""

APART = 2.0
"""How far from the start it must land at least, in tolerances."""


def one_step(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of one step, from what the rule carries from earlier ones."""
    rule = RULES[asked_of(given, "rule", tuple(RULES))]
    most = RECTIFIED_EARLIER if "rectified" in rule.names else EARLIER

    def draw() -> list[Step]:  # with the number of earlier gradients: a rule that waits moves only after some
        earlier = drawn.randint(1, most) if rule.slots else 0
        return [again(_steps(rule, drawn, earlier + 1)[-1], drawn.choice(STARTS))]

    step = _first_fine(draw)[-1]
    earlier = step.count - 1
    shown = [f"p = {step.p:.6g}, g = {step.g:.6g}", named(_constants(step))]
    if rule.slots:
        carried = ", ".join(f"{name} = {value:.6g}" for name, value in step.slots.items())
        shown.append(f"after {earlier} earlier gradient{'s' if earlier > 1 else ''}: {carried}")
    shown += _handed(step)
    asks = f"One step of `{rule.name}`: where does the parameter land? (Four decimals.)"
    return number(asks, step.lands, told_step(step), shown, _within(step.lands, step.moved))


def several_steps(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of a rule's first steps."""
    rule = RULES[asked_of(given, "rule", tuple(RULES))]
    count = given.get("steps", 2)
    if count not in (2, 3):
        raise InvalidValue(f"a drill's steps is {count!r}; it is 2 or 3")
    steps = _first_fine(lambda: _steps(rule, drawn, count))
    first, last = steps[0], steps[-1]
    gradients = ", then ".join(f"{step.g:g}" for step in steps)
    shown = [f"p = {first.p:g}, gradients {gradients}", named(_constants(first))]
    starts = {name: value for name, value in first.slots.items() if value}
    shown += [f"at the start {named(starts)}"] if starts else []
    shown += [line for step in steps for line in _handed(step)]
    tells = [line for step in steps for line in (f"step {step.count}:", *told_step(step))]
    asks = f"The first {count} steps of `{rule.name}`: where is the parameter then? (Four decimals.)"
    smallest = min((step.moved for step in steps), key=abs)
    return number(asks, last.lands, tells, shown, _within(last.lands, smallest))


def _within(lands: float, moved: float) -> float:
    return max(TOLERANCE * abs(moved), ROUNDED) / abs(lands)


def _steps(rule: Rule, drawn: Random, count: int) -> list[Step]:
    gradients = [drawn.choice(GRADIENTS) * drawn.choice((1, 1, 1, -1)) for _ in range(count)]
    return list(walked(rule, drawn.choice(STARTS), gradients, _of(rule, drawn)))


def _fine(steps: list[Step]) -> bool:
    """Whether the last step moves, and lands neither near the start nor so near to 0 that no tolerance is left."""
    last = steps[-1]
    if not math.isfinite(last.lands) or abs(last.lands) <= 0.05 or abs(last.moved) <= 0.005:
        return False
    return abs(last.lands - steps[0].p) > APART * max(TOLERANCE * abs(last.lands), ROUNDED)


def _first_fine(draw: Callable[[], list[Step]]) -> list[Step]:
    """Return the first draw that is fine, or the last one: of a rule that waits the first steps never move."""
    found = draw()
    for _ in range(TRIES):
        if _fine(found):
            break
        found = draw()
    return found


def _of(rule: Rule, drawn: Random) -> dict[str, float]:
    """Return constants for a rule: few digits, and no eps but where the rule needs one to begin."""
    found = dict(rule.constants)
    found |= {name: drawn.choice(values) for name, values in DRAWN.items() if name in found}
    if found["decay"]:
        found["decay"] = drawn.choice(DECAYS)
    if "eps" in found and "d" not in rule.slots:
        found["eps"] = 0.0
    if "d" in rule.slots:  # adadelta's first steps are of the size of the root of eps
        found["eps"], found["step_size"] = 0.01, 1.0
    return found


def _constants(step: Step) -> Mapping[str, float]:
    """Return the constants that the movement depends on, and that there is no decay where there is none."""
    known, used = {**step.rule.constants, **step.numbers}, {*names_in(step), "decay"}
    return {name: known[name] for name in step.rule.constants if name in used}


def _handed(step: Step) -> list[str]:
    """Return the numbers of the step that no learner is asked to work out."""
    worked = {*step.rule.constants, "intake", *(name for name in step.numbers if memory_of(step, name))}
    handed = {name: value for name, value in step.numbers.items() if name in names_in(step) - worked}
    return [f"at gradient {step.count}: {', '.join(f'{n} = {v:.6g}' for n, v in handed.items())}"] if handed else []
