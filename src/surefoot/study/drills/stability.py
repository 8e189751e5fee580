"""Drills on stability: how large a step size may be on a bowl, and how far momentum carries."""

from collections.abc import Iterator
from random import Random

from surefoot.errors import InvalidValue
from surefoot.rules import RULES
from surefoot.study.drills.exercise import Exercise, Given, asked_of, number, told
from surefoot.study.drills.walking import walked
from surefoot.study.formulas import filled

CURVATURES = (0.5, 1.0, 2.0, 4.0, 5.0, 8.0, 10.0, 20.0, 25.0, 50.0, 100.0)
MOMENTA = (0.5, 0.8, 0.9)
PARTS = (0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.5, 2.0, 3.0)
"""Step sizes as parts of the limit."""

UNCLEAR = 0.05
"""So near to a limit nothing is asked: rounding decides."""

CONVERGES, DIVERGES = "it comes to rest at the minimum", "its swings grow without end: it diverges"
ONE_SIDE, SWINGS = "it comes nearer from one side", "it comes nearer, swinging from side to side"


def limit_of(rule: str, momentum: float, curvature: float) -> tuple[float, str]:
    """Return the step size from which on a rule diverges on a bowl, and its formula.

    Source: Polyak 1964, theorem 9, for momentum; the same polynomial for Nesterov's, whose stored parameter is the
    look-ahead point.

    >>> limit_of("sgd", 0.0, 10.0)
    (0.2, '2/curvature')
    """
    if rule == "sgd":
        return 2.0 / curvature, "2/curvature"
    if rule == "momentum":
        return 2.0 * (1.0 + momentum) / curvature, "2*(1 + momentum)/curvature"
    return 2.0 * (1.0 + momentum) / (1.0 + 2.0 * momentum) / curvature, "2*(1 + momentum)/((1 + 2*momentum)*curvature)"


def path_of(rule: str, step_size: float, momentum: float, curvature: float, steps: int) -> Iterator[float]:
    """Go through the places where a rule's steps land on a bowl, from 1, by the library's own formula."""
    constants = {**RULES[rule].constants, "step_size": step_size, "momentum": momentum}
    place = [1.0]
    gradients = (curvature * place[0] for _ in range(steps))  # each is taken where the last step landed
    for step in walked(RULES[rule], 1.0, gradients, constants):
        place[0] = step.lands
        yield step.lands


def diverges(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of what a step size does on a bowl."""
    rule = asked_of(given, "rule", ("sgd", "momentum", "nesterov"))
    if given.get("surface", "quadratic") != "quadratic":
        raise InvalidValue(f"a drill's surface is {given['surface']!r}; it is 'quadratic'")
    curvature, momentum = drawn.choice(CURVATURES), drawn.choice(MOMENTA)
    limit, formula = limit_of(rule, momentum, curvature)
    step_size = float(f"{limit * drawn.choice(PARTS):.2g}")
    while abs(step_size / limit - 1.0) < UNCLEAR or (rule == "sgd" and abs(2.0 * step_size / limit - 1.0) < UNCLEAR):
        step_size = float(f"{limit * drawn.choice(PARTS):.2g}")
    answer, why = _fate(rule, step_size, limit)
    choices = [ONE_SIDE, SWINGS, DIVERGES] if rule == "sgd" else [CONVERGES, DIVERGES]
    path = ", ".join(told(each) for each in path_of(rule, step_size, momentum, curvature, 4))
    shown = [f"the penalty is {curvature / 2:g} p^2, whose curvature is {curvature:g}", f"step_size = {step_size:g}"]
    shown += [f"momentum = {momentum:g}"] if rule != "sgd" else []
    tells = [f"the limit is {formula} = {told(limit)}", f"{step_size:g} is {why}", f"from p = 1: {path}, ..."]
    asks = f"`{rule}` goes down a bowl with this step size. What becomes of its path?"
    return Exercise("choice", asks, answer, "\n".join(tells), tuple(shown), tuple(choices))


def _fate(rule: str, step_size: float, limit: float) -> tuple[str, str]:
    if step_size > limit:
        return DIVERGES, "above it"
    if rule != "sgd":
        return CONVERGES, "below it"
    if step_size < limit / 2:
        return ONE_SIDE, "below half of it, 1/curvature, so no step goes past the minimum"
    return SWINGS, "between half of it and all of it, so each step goes past the minimum, and ends nearer to it"


def stability_limit(given: Given, drawn: Random) -> Exercise:
    """Return the exercise of the greatest step size that a bowl allows."""
    rule = asked_of(given, "rule", ("sgd", "momentum", "nesterov"))
    curvature, momentum = drawn.choice(CURVATURES), drawn.choice(MOMENTA)
    limit, formula = limit_of(rule, momentum, curvature)
    shown = [f"greatest curvature: {curvature:g}"] + ([f"momentum = {momentum:g}"] if rule != "sgd" else [])
    asks = f"Above which step size does `{rule}` diverge on a quadratic penalty?"
    values = filled(formula, {"curvature": curvature, "momentum": momentum})
    return number(asks, limit, [f"{formula} = {values} = {told(limit)}"], shown)


def effective_step(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of how far momentum goes under one gradient for ever."""
    step_size, momentum = drawn.choice((0.001, 0.01, 0.02, 0.05, 0.1)), drawn.choice((0.5, 0.8, 0.9, 0.95, 0.99))
    g = drawn.choice((0.2, 0.5, 1.0, 2.0, 3.0))
    settled = g / (1.0 - momentum)
    length = step_size * settled
    shown = [f"step_size = {step_size:g}, momentum = {momentum:g}", f"the gradient is {g:g} at every step"]
    tells = [
        f"the buffer settles where b = {momentum:g} b + {g:g}, at {g:g}/(1 - {momentum:g}) = {told(settled)}",
        f"step_size*b = {step_size:g}*{told(settled)} = {told(length)}",
    ]
    asks = "`momentum` has met one and the same gradient for many steps. How long is each of its steps now?"
    return number(asks, length, tells, shown)
