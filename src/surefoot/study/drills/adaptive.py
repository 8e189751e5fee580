"""Drills on Adam's parts: the correction of its means, and its decay against an L2 term."""

from random import Random

import numpy as np

from surefoot.backends import reference
from surefoot.rules import RULES
from surefoot.rules.adam import bias_corrections
from surefoot.study.drills.exercise import Exercise, Given, number, told
from surefoot.study.drills.steps import ROUNDED


def bias_correction(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of Adam's first mean after its correction."""
    beta1, count = drawn.choice((0.5, 0.8, 0.9, 0.95)), drawn.randint(1, 6)
    m = drawn.randint(1, 40) / 50
    value = m * bias_corrections(count, {"beta1": beta1, "beta2": 0.0})["c1"]
    shown = [
        f"beta1 = {beta1:g}",
        f"m = {m:g} after {count} gradient{'s' if count > 1 else ''}, that of this step counted",
    ]
    tells = [f"m/(1 - beta1^{count}) = {m:g}/(1 - {beta1:g}^{count}) = {m:g}/{told(1 - beta1**count)} = {told(value)}"]
    return number("What is Adam's mean of gradients after its bias correction?", value, tells, shown)


def decay_against_l2(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of one first step with a decoupled decay, or with an L2 term, by sgd or by Adam."""
    rule, decoupled = drawn.choice(("sgd", "adam")), drawn.random() < 0.5
    p, g = drawn.choice((1.0, 2.0, 4.0, 5.0)), drawn.choice((0.2, 0.5, 1.0, -0.7, 3.0))
    step_size, strength = drawn.choice((0.05, 0.1)), drawn.choice((0.1, 0.2, 0.4))
    eps = {"eps": 0.0} if rule == "adam" else {}
    constants = {**RULES[rule].constants, **eps, "step_size": step_size, "decay": strength if decoupled else 0.0}
    l2 = 0.0 if decoupled else strength
    lands = float(next(reference.walk(RULES[rule], np.array([p]), [np.array([g])], constants, l2=l2))[0])
    kind = "a decoupled decay" if decoupled else "an L2 term"
    shown = [f"p = {p:g}, g = {g:g}, step_size = {step_size:g}", f"{'decay' if decoupled else 'L2 term'}: {strength:g}"]
    shown += ["eps is 0"] if rule == "adam" else []
    asks = f"The first step of `{rule}` with {kind}: where does the parameter land? (Four decimals.)"
    tells = _told(rule, decoupled, p, g, step_size, strength, lands)
    return number(asks, lands, tells, shown, max(0.01 * step_size * strength, ROUNDED) / abs(lands))


def _told(rule: str, decoupled: bool, p: float, g: float, size: float, strength: float, lands: float) -> list[str]:
    if decoupled:
        whole = g if rule == "sgd" else float(np.sign(g))
        shrunk = p - size * strength * p
        lines = [f"the decay takes step_size*decay*p = {size:g}*{strength:g}*{p:g} = {told(size * strength * p)}"]
    else:
        pulled = g + strength * p
        whole, shrunk = (pulled, p) if rule == "sgd" else (float(np.sign(pulled)), p)
        lines = [f"the L2 term is part of the gradient: {g:g} + {strength:g}*{p:g} = {told(pulled)}"]
    if rule == "adam":
        lines.append("Adam's first step is one step size against the sign of the gradient, however large that is")
    return [*lines, f"{told(shrunk)} - {size:g}*({told(whole)}) = {told(lands)}"]
