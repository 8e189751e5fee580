"""Formulas compared as mathematics: two are the same if they have the same value wherever one of them has one.

Both are computed at fixed points in floats. What has another value somewhere is another formula, for certain; what
agrees at every point is the same but for a chance far below that of a slip of the hand. This cannot hang, as the search
for a proof can, and needs no sympy, which an offline learner may not have; the tests have sympy judge it.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from random import Random
from zlib import crc32

from surefoot.errors import InvalidValue
from surefoot.study.formula_tree import Node, plain, tree_of

POINTS = 40
"""Where formulas are compared; of a formula with roots and logarithms some are without a value."""

NEEDED = 4
"""Points at which both must have a value."""

CLOSE = 1e-9
"""Of two values, as a part of the larger: rounding leaves about 1e-15 in formulas as short as these."""

SIGNED = frozenset({"p", "g", "m", "b", "q", "a", "u", "f", "y", "r", "theta", "x"})
"""Names that may be negative; all others stand for sizes, shares and counts."""

ALIASES = {
    "lr": "step_size", "eta": "step_size", "η": "step_size", "alpha": "step_size", "α": "step_size",
    "learning_rate": "step_size", "mu": "momentum", "μ": "momentum", "beta": "momentum", "β": "momentum",
    "β1": "beta1", "β2": "beta2", "b1": "beta1", "b2": "beta2", "θ": "p", "theta": "p", "w": "p", "param": "p",
    "parameter": "p", "ε": "eps", "ϵ": "eps", "epsilon": "eps", "λ": "decay", "lambda": "decay",
    "weight_decay": "decay", "wd": "decay", "grad": "g", "gradient": "g", "velocity": "b", "buffer": "b", "v": "b",
    "σ": "sigma", "ρ": "rho", "γ": "gamma", "δ": "delta", "π": "pi",
}  # fmt: skip
"""How others write our symbols; it counts only where the answer has no such name of its own."""

_EQUALS = re.compile(r"(?<![<>])=")
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt, "abs": abs, "max": max, "min": min, "exp": math.exp, "ln": math.log, "log": math.log,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "tanh": math.tanh,
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
}  # fmt: skip
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip
_JOINED: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "^": math.pow,
}  # fmt: skip


def value_of(node: Node, numbers: Mapping[str, float]) -> float:
    """Return what a formula comes to; nan where it has no value, or one too large for a float.

    Args:
        node: the formula.
        numbers: every name in it with its value; `pi` and `e` are known.

    >>> value_of(tree_of("p - step_size*g"), {"p": 1.0, "step_size": 0.5, "g": 2.0})
    0.0
    """
    try:
        found = _value(node, {"pi": math.pi, "e": math.e, **numbers})
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):  # TypeError: a wrong number of arguments
        return math.nan
    return found if math.isfinite(found) else math.nan


def _value(node: Node, numbers: Mapping[str, float]) -> float:
    if node.kind == "number":
        return float(node.text[:-1]) / 100 if node.text.endswith("%") else float(node.text)
    if node.kind == "name":
        return numbers[node.text]
    if node.kind == "if":
        then, test, other = node.parts
        left, right = (_value(part, numbers) for part in test.parts)
        return _value(then if _COMPARED[test.kind](left, right) else other, numbers)
    values = [_value(part, numbers) for part in node.parts]
    if node.kind == "negative":
        return -values[0]
    if node.kind == "call":
        return float(_FUNCTIONS[node.text](*values)) if node.text in _FUNCTIONS else _opaque(node.text, values)
    return _JOINED[node.kind](*values)


def _opaque(name: str, values: list[float]) -> float:
    """Return a number that depends on a function's name and arguments and on nothing else."""
    return math.sin(crc32(name.encode()) % 1000 + sum((place + 1.7) * value for place, value in enumerate(values)))


def same(answer: str, typed: str, names: Collection[str] = ()) -> bool:
    """Return whether what was typed is the answer, as mathematics; of two equations both sides are.

    Names may be written as others do (lr, β1); a name that the answer does not have stands for itself.

    Args:
        answer: the formula that is right.
        typed: the learner's.
        names: those that mean something else beside the answer, in the rest of its formula, and so are no spelling of
            a name in it.

    Errors: InvalidValue that says what in one of them cannot be read.

    >>> same("(1 - beta1)*(g - m)", "g - m - β1 (g - m)"), same("p - step_size*g", "-step_size*g")
    (True, False)
    """
    if _EQUALS.search(typed):
        left, right = _sides(typed)
        if not _EQUALS.search(answer):
            return same(answer, right, names)
        first, second = _sides(answer)
        return same(first, left, names) and same(second, right, names)
    right_tree, tree = tree_of(plain(answer)), tree_of(plain(typed))
    known = {name: name if name in names else _named(name, right_tree.names) for name in tree.names}
    return _agree(right_tree, tree, known)


def _sides(text: str) -> tuple[str, str]:
    left, *rights = _EQUALS.split(text)
    if len(rights) > 1:
        raise InvalidValue("there is more than one '='")
    return left, rights[0]


def _named(name: str, known: frozenset[str]) -> str:
    """Return the answer's name for a name: the same, another's spelling of it, or the same without regard to case."""
    if name in known:
        return name
    alias = ALIASES.get(name.casefold())
    if alias in known and alias is not None:
        return alias
    folded = [each for each in known if _folded(each) == _folded(name)]
    return folded[0] if len(folded) == 1 else name


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _agree(one: Node, other: Node, known: Mapping[str, str]) -> bool:
    agreed = 0
    for place in range(POINTS):
        names = one.names | {known[name] for name in other.names}
        point = {name: _number(name, place) for name in names}
        a = value_of(one, point)
        b = value_of(other, {name: point[known[name]] for name in other.names})
        if math.isnan(a) != math.isnan(b) or abs(a - b) > CLOSE * max(abs(a), abs(b)) + 1e-14:
            return False
        agreed += not math.isnan(a)
    return agreed >= NEEDED


def _number(name: str, place: int) -> float:
    """Return a name's value at a point, always the same, of a size at which nothing drowns in anything else."""
    drawn = Random(f"{name} {place}")
    size = drawn.uniform(0.05, 0.95) if place % 2 else drawn.uniform(0.1, 3.0)
    return -size if name.partition("_")[0] in SIGNED and drawn.random() < 0.4 else size


def clauses(line: str) -> list[tuple[int, str]]:
    """Return the formulas in a line, each with the place where it begins: what stands between commas, right of an "=".

    What is no formula, as "q the level" is none, is left out.

    >>> clauses("s = a if a >= 0 else b"), clauses("max(q d, 0), d = y - f, q the level")
    ([(4, 'a if a >= 0 else b')], [(0, 'max(q d, 0)'), (17, 'y - f')])
    """
    found = []
    for start, text in _between_commas(line):
        signs = [at for at, sign in enumerate(text) if sign == "=" and text[at - 1] not in "<>"]
        right = text[signs[-1] + 1 :] if signs else text
        place = start + len(text) - len(right.lstrip())
        if _readable(right):
            found.append((place, right.strip()))
    return found


def _between_commas(line: str) -> list[tuple[int, str]]:
    pieces, depth, start = [], 0, 0
    for place, sign in enumerate(line + ","):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            pieces.append((start, line[start:place]))
            start = place + 1
    return pieces


def _readable(text: str) -> bool:
    try:
        found = tree_of(text)
    except InvalidValue:
        return False
    return not any(name in _WORDS for name in found.names)


_WORDS = frozenset({"the", "or", "and", "of", "for", "is", "are", "with", "in", "at", "to", "by", "each"})
"""A clause that holds one of these is told in words, and only looks like a product."""


def filled(text: str, numbers: Mapping[str, float]) -> str:
    """Return a formula's text with numbers for its names.

    >>> filled("p - step_size*g", {"p": 1.0, "step_size": 0.1, "g": -0.5})
    '1 - 0.1*(-0.5)'
    """
    names = [node for node in tree_of(text).walk() if node.kind == "name" and node.text in numbers]
    for node in sorted(names, key=lambda node: -node.start):
        written = f"{numbers[node.text]:.6g}"
        text = text[: node.start] + (f"({written})" if written[0] == "-" and node.start else written) + text[node.end :]
    return text
