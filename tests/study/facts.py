"""How the facts on cards are checked: the names that a fact's expression may use, and what must be checked at all.

A fact is a pair: what stands in the text, and an expression. The expression gives True; or a number, which the text must
be when rounded to as many digits as the text shows; or a text, which must be the same.
"""

import math
import re

import numpy as np
import sympy

from surefoot.backends import reference
from surefoot.catalogue import find
from surefoot.diagnose import CHECKS
from surefoot.penalties import PENALTIES
from surefoot.rules import RULES
from surefoot.schedules import parse

NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?:\s?%)?(?![\w])")
SPAN = re.compile(r"`([^`]*)`")
NAME = re.compile(r"[A-Za-z_][\w.]*(?:\(\))?")


def expression(text):
    """A formula as sympy reads it; every name is a positive symbol of its own."""
    text = text.replace("^", "**")
    names = {name: sympy.Symbol(name, positive=True) for name in re.findall(r"[A-Za-z_]\w*", text) if name not in KNOWN}
    return sympy.sympify(text, locals={**names, **KNOWN})


KNOWN = {"exp": sympy.exp, "ln": sympy.log, "log": sympy.log, "sqrt": sympy.sqrt, "cos": sympy.cos, "sin": sympy.sin,
         "pi": sympy.pi, "abs": sympy.Abs, "max": sympy.Max, "min": sympy.Min, "sign": sympy.sign}  # fmt: skip


def same(one, other):
    """Whether two formulas are the same mathematics; of equations both sides are."""
    if "=" in one and "=" in other:
        return all(same(a, b) for a, b in zip(one.split("=", 1), other.split("=", 1), strict=True))
    return sympy.simplify(expression(one) - expression(other)) == 0


def line_of(entry, text):
    """Whether a formula is a line of an entry's formula in the catalogue, as mathematics."""
    return any(same(text, line) for line in find(entry).formula if ("=" in line) == ("=" in text))


def stepped(rule, gradients, start=1.0, **constants):
    """Where a rule goes from a start, by gradients one after the other: the library's own formula in float64."""
    chosen = {**RULES[rule].constants, **constants}
    script = [np.array([float(g)]) for g in gradients]
    return [float(p[0]) for p in reference.walk(RULES[rule], np.array([float(start)]), script, chosen)]


def factor(schedule, step, steps=100):
    """A schedule's factor at a step of a run."""
    return float(parse(schedule).over(steps=steps)(step))


def default(rule, constant):
    """A rule's default."""
    return RULES[rule].constants[constant]


NAMES = {name: value for name, value in globals().items() if not name.startswith("_")} | {"np": np, "math": math}
NAMES |= {"CHECKS": CHECKS, "PENALTIES": PENALTIES}


def shown(text, value):
    """Whether a text is a value: rounded to the text's digits if that is a number."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return text == value
    plain = text.replace(",", "").replace("−", "-").strip()
    scale = 100.0 if plain.endswith("%") else 1.0
    plain = plain.rstrip("% ")
    mantissa, _, power = plain.partition("e")
    digits = len(mantissa.partition(".")[2])
    unit = 10.0 ** (int(power or 0) - digits)
    return abs(float(plain) - scale * float(value)) <= 0.5000001 * unit


def unchecked(note):
    """What stands in a note's texts as number or formula and has no fact."""
    told, missing = {text for text, _ in note.facts}, []
    for name, text in note.texts.items():
        spans = SPAN.findall(text)
        missing += [f"{name}: `{span}`" for span in spans if span not in told and not NAME.fullmatch(span)]
        missing += [f"{name}: {number}" for number in NUMBER.findall(SPAN.sub(" ", text)) if number.strip() not in told]
    return missing
