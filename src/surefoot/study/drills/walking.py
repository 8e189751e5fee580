"""A rule's steps with all that is to be seen of them, and how each comes about, line by line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import final

import numpy as np

from surefoot.backends import reference
from surefoot.catalogue import find
from surefoot.rules.rule import Rule
from surefoot.study.drills.exercise import told
from surefoot.study.formula_tree import tree_of
from surefoot.study.formulas import filled, value_of


@final
@dataclass(frozen=True)
class Step:
    """One step of a rule on one parameter.

    Args:
        rule: the rule.
        count: which gradient it is, from 1.
        p: the parameter before the step.
        g: the gradient.
        slots: what was carried from earlier steps.
        numbers: every number of the formula.
        lands: the parameter after the step.
    """

    rule: Rule
    count: int
    p: float
    g: float
    slots: Mapping[str, float]
    numbers: Mapping[str, float]
    lands: float

    @property
    def moved(self) -> float:
        """How far the parameter went."""
        return self.lands - self.p


def walked(rule: Rule, p: float, gradients: Iterable[float], constants: Mapping[str, float]) -> Iterator[Step]:
    """Go through a rule's steps by the reference's own, as `reference.walk` does, and keep what it carries.

    >>> from surefoot.rules import SGD
    >>> [step.lands for step in walked(SGD, 1.0, [2.0], {**SGD.constants, "step_size": 0.25})]
    [0.5]
    """
    numbers = {**constants, "peak": constants["step_size"], "factor": 1.0}
    slots, carried = {slot: rule.start(slot, numbers) for slot in rule.slots}, rule.first(numbers)
    for count, g in enumerate(gradients, 1):
        row = dict(zip(rule.names, rule.row(count, {**numbers, **carried}), strict=True))
        held = tuple(np.array([value]) for value in slots.values())
        after, *kept = reference.step(rule, np.array([p]), np.array([g]), held, {**row, "scale": 1.0, "l2": 0.0})
        yield Step(rule, count, p, g, slots, row, float(after[0]))
        p, slots = float(after[0]), {name: float(value[0]) for name, value in zip(slots, kept, strict=True)}
        carried |= rule.carry(count, {**numbers, **carried})


def again(step: Step, p: float) -> Step:
    """Return the same step from another parameter."""
    numbers = {**step.numbers, "scale": 1.0, "l2": 0.0}
    held = tuple(np.array([value]) for value in step.slots.values())
    after, *_ = reference.step(step.rule, np.array([p]), np.array([step.g]), held, numbers)
    return replace(step, p=p, lands=float(after[0]))


@cache
def _lines(rule: str) -> tuple[tuple[str, str], ...]:
    """Return what each line of a rule's formula gives, and from what, up to the last that gives the parameter."""
    pairs = [line.split(" = ", 1) for line in find(f"rule:{rule}").formula]
    last = max(place for place, (name, _) in enumerate(pairs) if name == "p")
    return tuple((name, right) for name, right in pairs[: last + 1])


def lines_of(step: Step) -> tuple[tuple[str, str], ...]:
    """Return the lines of the rule's formula that do something: without decay, not that of the decay."""
    decays = step.numbers["decay"] != 0.0
    return tuple(
        (name, right) for name, right in _lines(step.rule.name) if decays or "decay" not in tree_of(right).names
    )


def names_in(step: Step) -> frozenset[str]:
    """Return the names that the step's movement depends on."""
    return frozenset[str]().union(*(tree_of(right).names for _, right in lines_of(step)))


def memory_of(step: Step, name: str) -> str:
    """Return the constant that a bias correction is worked out from, 1 / (1 - memory^count); "" if it is none."""
    memories = {"c1": "beta1" if "beta1" in step.numbers else "momentum", "c2": "beta2"}
    return memories.get(name, "")


def told_step(step: Step) -> list[str]:
    """Return how a step comes about: each line of the rule's formula, with its numbers, and what it gives."""
    values = {**step.numbers, **step.slots, "p": step.p, "g": step.g}
    lines = [_correction(step, name) for name in step.numbers if memory_of(step, name)]
    for name, right in lines_of(step):
        found = value_of(tree_of(right), values)
        lines.append(f"{name} = {right} = {filled(right, values)} = {told(found)}")
        values[name] = found
    return lines


def _correction(step: Step, name: str) -> str:
    formula = f"1/(1 - {memory_of(step, name)}^{step.count})"
    return f"{name} = {formula} = {filled(formula, step.numbers)} = {told(step.numbers[name])}"
