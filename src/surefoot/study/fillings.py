"""What else might stand in a gap: the right expression with a slip, or another part of its formula."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from surefoot.errors import InvalidValue
from surefoot.schedules import parse
from surefoot.study.cloze import GAP, Cloze, gaps
from surefoot.study.formula_tree import Node, tree_of
from surefoot.study.formulas import clauses, same
from surefoot.symbols import SYMBOLS

_SHARE = re.compile(r"\d+(?=%)")
_TURNED = {"+": "-", "-": "+", "*": "/", "/": "*"}
_BINDS = {"if": 0, "<": 1, ">": 1, "<=": 1, ">=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "negative": 3, "^": 5}
_TIGHTEST = 6
_SPARE = ("constant()", "linear(to=0)", "cosine(to=0)")
"""What may stand in a gap of a schedule that has but few phases."""


def others_for(cloze: Cloze, formula: Sequence[str], drawn: Random, count: int = 3) -> tuple[str, ...]:
    """Return expressions that are wrong in the gap, each another one: the right one with a slip, or another part.

    Args:
        cloze: the gap.
        formula: all lines of the formula, whose names and parts are taken.
        drawn: chooses.
        count: how many.

    Laws: none is 0, joins a thing with itself, or has brackets that change nothing.
    """
    likely, more = _slips(cloze.answer, formula)
    parts = sorted({each.answer for line in formula for each in gaps(line)})
    slips, others = (drawn.sample(each, len(each)) for each in (likely, parts))
    found = list[str]()
    for text in map(written, [*slips[:count], *others, *slips[count:], *more, *_SPARE]):
        if len(found) == count:
            break
        if _sensible(text) and all(differ(text, other) for other in (cloze.answer, *found)) and _wrong(cloze, text):
            found.append(text)
    return tuple(found)


def written(text: str) -> str:
    """Return an expression in the one way in which all choices are written: no brackets that change nothing.

    >>> written("((k - 1))^2 (beta1)"), written("a/(b c)"), written("cosine(to=0)")
    ('(k - 1)^2*beta1', 'a/(b*c)', 'cosine(to=0)')
    """
    if _schedule(text) is not None:
        return text
    try:
        return _text(tree_of(text))
    except InvalidValue:
        return text


def _text(node: Node, least: int = 0) -> str:
    """Return a node's text, in brackets where it binds less than it must."""
    binds = _BINDS.get(node.kind, _TIGHTEST)
    if node.kind == "call" and node.text.startswith("sum_"):
        found, binds = f"{node.text} {_text(node.parts[0], 3)}", 0
    elif node.kind == "call" and node.text == "abs":
        found = f"|{_text(node.parts[0])}|"
    elif node.kind == "call":
        found = f"{node.text}({', '.join(map(_text, node.parts))})"
    elif node.kind == "negative":
        found = "-" + _text(node.parts[0], 3)
    elif node.kind == "if":
        then, test, other = node.parts
        found = f"{_text(then, 1)} if {_text(test, 1)} else {_text(other)}"
    elif node.parts:
        left, right = _text(node.parts[0], binds + (node.kind == "^")), _text(node.parts[1], binds + 1)
        found = f"{left}{node.kind}{right}" if node.kind in "*/^" else f"{left} {node.kind} {right}"
    else:
        found = node.text
    return f"({found})" if binds < least else found


def _slips(answer: str, formula: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what becomes of an expression by one slip: the likely ones, and those for where there are too few."""
    if _schedule(answer) is not None:
        return _other_phases(answer), []
    try:
        tree = tree_of(answer)
    except InvalidValue:
        return [], []
    names = sorted({name for line in formula for _, text in clauses(line) for name in tree_of(text).names})
    more = [each.format(f"({answer})") for each in ("sqrt{}", "{}^2", "1 - {}", "2*{}", "1/{}", "{}/2")]
    return sorted({*map(_text, _slipped(tree, names))}), more


def _slipped(node: Node, names: Sequence[str]) -> Iterator[Node]:
    """Go through the trees that differ from one in one place."""
    if node.kind == "name":
        yield from (replace(node, text=name) for name in names if name != node.text and _alike(name, node.text))
    if node.kind in _TURNED:
        yield replace(node, kind=_TURNED[node.kind])
    if (node.kind == "call" and node.text == "sqrt") or (node.kind == "^" and node.parts[1].text == "2"):
        yield node.parts[0]
    if node.kind == "-" and node.parts[0].text == "1":
        yield node.parts[1]
    for place, part in enumerate(node.parts):
        for other in _slipped(part, names):
            yield replace(node, parts=(*node.parts[:place], other, *node.parts[place + 1 :]))


def _alike(one: str, other: str) -> bool:
    """Whether two names can be taken for each other: of what the glossary knows, those of one unit."""
    first, second = SYMBOLS.get(one), SYMBOLS.get(other)
    return first is None or second is None or first.unit == second.unit


def _sensible(text: str) -> bool:
    """Whether nothing in an expression is joined with itself, and it is not 0."""
    if _schedule(text) is not None:
        return True
    try:
        tree = tree_of(text)
    except InvalidValue:
        return False
    doubled = any(len(node.parts) == 2 and _text(node.parts[0]) == _text(node.parts[1]) for node in tree.walk())
    return not doubled and text != "0" and not same("0", text)


def _wrong(cloze: Cloze, text: str) -> bool:
    """Whether an expression makes another line of the gap's line: a square forgets a sign."""
    lines = [clauses(cloze.line.replace(GAP, f"({each})")) for each in (cloze.answer, text)]
    if len(lines[0]) != len(lines[1]):
        return True
    pairs = list(zip(*lines, strict=True))
    names = frozenset[str]().union(*(tree_of(one).names | tree_of(other).names for (_, one), (_, other) in pairs))
    return not pairs or any(not same(one, other, names) for (_, one), (_, other) in pairs)


def _other_phases(text: str) -> list[str]:
    shapes = ("constant", "linear", "cosine", "warmup", "cosine_warmup", "one_minus_sqrt")
    inside = text.partition("(")[2]
    found = {f"{shape}({inside}" for shape in shapes} | {_SHARE.sub(number, text) for number in ("10", "50", "80")}
    return sorted(each for each in found if _schedule(each) is not None)


def _schedule(text: str) -> str | None:
    try:
        return str(parse(text))
    except InvalidValue:
        return None


def differ(one: str, other: str) -> bool:
    """Return whether two expressions, or two phases, are not the same; what cannot be read differs from nothing.

    >>> differ("v + eps", "eps + v"), differ("linear()", "cosine()"), differ("linear()", "linear(to=0)")
    (False, True, False)
    """
    first, second = _schedule(one), _schedule(other)
    if first is not None or second is not None:
        return first != second
    try:
        return not same(one, other, tree_of(one).names | tree_of(other).names)
    except InvalidValue:
        return False
