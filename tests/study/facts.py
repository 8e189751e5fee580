"""How the facts on cards are checked: the names that a fact's expression may use, and what must be checked at all.

A fact is a pair: what stands in the text, and an expression. The expression gives True; or a number, which the text must
be when rounded to as many digits as the text shows; or a text, which must be the same.
"""

import math
import re
from importlib import import_module

import numpy as np
import sympy
import torch

import surefoot as sf
from surefoot.averaging import Exponential, Tail
from surefoot.backends import reference
from surefoot.catalogue import find
from surefoot.diagnose import CHECKS
from surefoot.penalties import PENALTIES, Classes, Labels, Numbers
from surefoot.rules import RULES
from surefoot.schedules import parse
from surefoot.stopping import Patience

NUMBER = re.compile(r"(?<![\w.])[-−]?\d(?:[\d,]*\d)?(?:\.\d+)?(?:e-?\d+)?(?:\s?%)?(?![\w])")
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


def holds(formula, **values):
    """Whether both sides of a formula are the same number where its names have these values."""
    sides = [expression(side) for side in formula.split("=", 1)]
    one, other = (float(side.subs({name: values[str(name)] for name in side.free_symbols})) for side in sides)
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)


def costs(penalty, outputs, targets, **constants):
    """What a penalty of the library's is, in float64."""
    output, target = torch.tensor(outputs, dtype=torch.float64), torch.from_numpy(np.array(targets))
    return float(getattr(sf, penalty)(**constants)(output, target))


def slope(function, at):
    """The derivative of a function of one number, as torch has it, in float64."""
    x = torch.tensor(float(at), dtype=torch.float64, requires_grad=True)
    return float(torch.autograd.grad(function(x), x)[0])


def of(name):
    """Anything of the library, or of torch, by its full name, such as "surefoot.race.verdict.ERR"."""
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


def walked(rule, gradients, start=1.0, factors=None, l2=0.0, scale=1.0, **constants):
    """As `stepped`, with a share of the step size for each step, an L2 term, and a factor of every gradient."""
    chosen, script = {**RULES[rule].constants, **constants}, [np.array([float(g)]) for g in gradients]
    first = np.array([float(start)])
    walk = reference.walk(RULES[rule], first, script, chosen, factors=factors, l2=l2, scale=scale)
    return [float(p[0]) for p in walk]


def bowled(rule, curvature, steps, start=1.0, **constants):
    """Where a rule is after each step of a descent on a bowl of one curvature [at least 1], the start first."""
    bowl = of("surefoot.landscapes.Quadratic")(conditioning=curvature)
    found = of("surefoot.landscapes.path")(bowl, rule, (0.0, float(start)), steps, constants)
    return [float(place) for place in found.positions[:, 1]]


def numbers(rule, count, **constants):
    """The numbers of a rule that depend on how many gradients there have been."""
    chosen = {**RULES[rule].constants, **constants}
    chosen |= {"peak": chosen["step_size"], "factor": 1.0}
    return RULES[rule].per_step(count, {**chosen, **RULES[rule].first(chosen)})


def torch_stepped(kind, gradients, start=1.0, **options):
    """Where torch's own optimizer of a name goes, by gradients one after the other."""
    import torch

    p = torch.nn.Parameter(torch.tensor([float(start)], dtype=torch.float64))
    optimizer, found = getattr(torch.optim, kind)([p], **options), []
    for g in gradients:
        p.grad = torch.tensor([float(g)], dtype=torch.float64)
        optimizer.step()
        found.append(float(p.detach()[0]))
    return found


def torch_course(kind, steps, *given, **options):
    """The step size that torch's scheduler of a name gives each step, from a peak of 1."""
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler, found = getattr(torch.optim.lr_scheduler, kind)(optimizer, *given, **options), []
    for _ in range(steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step(*([1.0] if kind == "ReduceLROnPlateau" else []))
    return found


NAMES = {name: value for name, value in globals().items() if not name.startswith("_")} | {"np": np, "math": math}
NAMES |= {"CHECKS": CHECKS, "PENALTIES": PENALTIES}
NAMES |= {each.__name__: each for each in (Classes, Exponential, Labels, Numbers, Patience, Tail)}


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
