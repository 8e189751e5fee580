"""Drills on penalties: what outputs and targets cost, and what chance costs."""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from surefoot.catalogue import find
from surefoot.penalties import CROSS_ENTROPY, PENALTIES, Classes
from surefoot.study.drills.exercise import Exercise, Given, asked_of, number, told


class Costs(NamedTuple):
    """What examples cost: the numbers shown, a line for each example, each example's cost."""

    shown: list[str]
    lines: list[str]
    each: list[float]


Case = Callable[[Random], Costs]

LEVELS, DELTAS, WEIGHTS = (0.1, 0.25, 0.75, 0.9), (0.5, 1.0, 2.0), (1.0, 2.0, 3.0)
LOGITS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
GAMMA = 2.0
SHARES = ((0.5, 0.3, 0.2), (0.7, 0.2, 0.1), (0.6, 0.2, 0.2), (0.25, 0.5, 0.25))
CLASSES = (2, 3, 4, 5, 7, 8, 10, 12, 16, 20, 26, 32, 50, 64, 100, 128, 200, 256, 365, 512, 1000, 1024, 5000, 50257)


def penalty_of(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of what given outputs cost."""
    name = asked_of(given, "penalty", tuple(CASES))
    costs = CASES[name](drawn)
    while sum(costs.each) == 0.0 or any(abs(cost) > 100 for cost in costs.each):
        costs = CASES[name](drawn)
    mean = sum(costs.each) / len(costs.each)
    lines = [f"`{find(f'penalty:{name}').line}`", *costs.lines]
    if len(costs.each) > 1:
        added = " + ".join(f"({told(cost)})" if cost < 0 else told(cost) for cost in costs.each)
        lines.append(f"mean: ({added})/{len(costs.each)} = {told(mean)}")
    return number(f"What is the {PENALTIES[name].name} of these outputs?", mean, lines, costs.shown)


def chance_level(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of the cross-entropy of a net that knows nothing yet."""
    classes = drawn.choice(CLASSES)
    value = CROSS_ENTROPY.at_start(Classes.equal(classes))
    asks = f"A net for {classes} classes, each as frequent, begins with outputs near 0. What is its cross-entropy?"
    tells = [f"every class has the probability 1/{classes}", f"-ln(1/{classes}) = ln({classes}) = {told(value)}"]
    return number(asks, value, tells)


def _pairs(drawn: Random) -> list[tuple[float, float]]:
    return [(drawn.randint(-4, 12) / 2, float(drawn.randint(-2, 6))) for _ in range(3)]


def _shown(pairs: Sequence[tuple[float, float]], *more: str) -> list[str]:
    outputs, targets = (", ".join(told(value) for value in column) for column in zip(*pairs, strict=True))
    return [f"outputs {outputs}", f"targets {targets}", *more]


def _squared(drawn: Random) -> Costs:
    pairs = _pairs(drawn)
    each = [(f - y) ** 2 for f, y in pairs]
    return Costs(_shown(pairs), [f"({told(f - y)})^2 = {told(c)}" for (f, y), c in zip(pairs, each, strict=True)], each)


def _absolute(drawn: Random) -> Costs:
    pairs = _pairs(drawn)
    each = [abs(f - y) for f, y in pairs]
    return Costs(_shown(pairs), [f"|{told(f - y)}| = {told(c)}" for (f, y), c in zip(pairs, each, strict=True)], each)


def _huber(drawn: Random) -> Costs:
    pairs, delta = _pairs(drawn), drawn.choice(DELTAS)
    lines, each = list[str](), list[float]()
    for f, y in pairs:
        r = abs(f - y)
        each.append(r * r / 2 if r <= delta else delta * (r - delta / 2))
        how = f"{told(r)}^2/2" if r <= delta else f"{told(delta)} ({told(r)} - {told(delta)}/2)"
        lines.append(f"|r| = {told(r)}: {how} = {told(each[-1])}")
    return Costs(_shown(pairs, f"delta = {told(delta)}"), lines, each)


def _quantile(drawn: Random) -> Costs:
    pairs, level = _pairs(drawn), drawn.choice(LEVELS)
    each = [max(level * (y - f), (level - 1) * (y - f)) for f, y in pairs]
    lines = [
        f"d = {told(y - f)}: {told(level if y > f else level - 1)} times it is {told(cost)}"
        for (f, y), cost in zip(pairs, each, strict=True)
    ]
    return Costs(_shown(pairs, f"level q = {told(level)}"), lines, each)


def _poisson(drawn: Random) -> Costs:
    pairs = [(drawn.choice((-1.0, 0.0, 0.5, 1.0, 1.5, 2.0)), float(drawn.randint(0, 5))) for _ in range(2)]
    each = [math.exp(f) - y * f for f, y in pairs]
    lines = [f"exp({f:g}) - {y:g} ({f:g}) = {told(cost)}" for (f, y), cost in zip(pairs, each, strict=True)]
    return Costs(_shown(pairs, "(the part that does not depend on the output is left out)"), lines, each)


def _binary(drawn: Random) -> Costs:
    pairs, weight = [(drawn.choice(LOGITS), float(drawn.randint(0, 1))) for _ in range(2)], drawn.choice(WEIGHTS)
    each = [weight * y * math.log1p(math.exp(-f)) + (1 - y) * math.log1p(math.exp(f)) for f, y in pairs]
    lines = [
        (f"{weight:g} ln(1 + exp(-({f:g})))" if y else f"ln(1 + exp({f:g}))") + f" = {told(cost)}"
        for (f, y), cost in zip(pairs, each, strict=True)
    ]
    more = f"positive weight w = {weight:g}" if weight != 1.0 else ""
    return Costs([line for line in _shown(pairs, "the outputs are logits", more) if line], lines, each)


def _hinge(drawn: Random) -> Costs:
    pairs = [(drawn.choice(LOGITS), drawn.choice((-1.0, 1.0))) for _ in range(3)]
    each = [max(0.0, 1.0 - y * f) for f, y in pairs]
    lines = [f"max(0, 1 - ({y:g}) ({f:g})) = {told(cost)}" for (f, y), cost in zip(pairs, each, strict=True)]
    return Costs(_shown(pairs), lines, each)


def _softmax(logits: Sequence[float]) -> tuple[list[float], list[str]]:
    """Return probabilities, and the lines that tell how they come about."""
    powers = [math.exp(f) for f in logits]
    found = [power / sum(powers) for power in powers]
    powered = " + ".join(f"exp({f:g})" for f in logits)
    shares = ", ".join(told(p) for p in found)
    return found, [f"{powered} = {told(sum(powers))}", f"probabilities: {shares}"]


def _class(drawn: Random) -> tuple[list[float], int, list[str]]:
    logits, right = drawn.sample(LOGITS, 3), drawn.randrange(3)
    shown = [f"outputs (logits) of classes 0, 1, 2: {', '.join(f'{f:g}' for f in logits)}", f"target: class {right}"]
    return logits, right, shown


def _cross(drawn: Random) -> Costs:
    logits, right, shown = _class(drawn)
    found, lines = _softmax(logits)
    cost = -math.log(found[right])
    return Costs(shown, [*lines, f"-ln({told(found[right])}) = {told(cost)}"], [cost])


def _focal(drawn: Random) -> Costs:
    logits, right, shown = _class(drawn)
    found, lines = _softmax(logits)
    p = found[right]
    cost = (1 - p) ** GAMMA * -math.log(p)
    return Costs([*shown, f"gamma = {GAMMA:g}"], [*lines, f"(1 - {told(p)})^2 (-ln({told(p)})) = {told(cost)}"], [cost])


def _divergence(drawn: Random) -> Costs:
    logits, target = drawn.sample(LOGITS[2:], 3), drawn.choice(SHARES)
    found, lines = _softmax(logits)
    parts = [y * (math.log(y) - math.log(p)) for y, p in zip(target, found, strict=True)]
    lines += [f"{y:g} ln({y:g}/{told(p)}) = {told(c)}" for y, p, c in zip(target, found, parts, strict=True)]
    shown = [f"outputs (logits): {', '.join(f'{f:g}' for f in logits)}", f"target: {', '.join(map(told, target))}"]
    return Costs(shown, [*lines, f"their sum = {told(sum(parts))}"], [sum(parts)])


CASES: dict[str, Case] = {
    "mean_squared_error": _squared, "mean_absolute_error": _absolute, "huber": _huber, "quantile": _quantile,
    "poisson": _poisson, "cross_entropy": _cross, "binary_cross_entropy": _binary, "kullback_leibler": _divergence,
    "hinge": _hinge, "focal": _focal,
}  # fmt: skip
"""How outputs and targets of each penalty are drawn, and what they cost."""
