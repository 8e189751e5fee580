"""A formula with a part left out: which parts can be, and what else might stand in the gap."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import final

from surefoot.errors import InvalidValue
from surefoot.schedules import parse
from surefoot.study.formula_tree import Node, tree_of
from surefoot.study.formulas import clauses, same

GAP = "____"
"""What stands where a part was left out."""

JOIN = " >> "
"""What joins the phases in the text of a schedule."""


@final
@dataclass(frozen=True)
class Cloze:
    """A line of a formula with a part left out.

    Args:
        line: the line with the gap.
        answer: what was left out: a whole expression, or a phase of a schedule.
    """

    line: str
    answer: str


def gaps(line: str) -> tuple[Cloze, ...]:
    """Return every way to leave a part out of a line: sums, products, functions, names; of a schedule its phases.

    Bare numbers stay, and the whole right side does, unless there is nothing else.

    >>> [each.answer for each in gaps("b = momentum*b + g")]
    ['momentum*b', 'momentum', 'b', 'g']
    """
    if JOIN in line:
        return _phases(line)
    found = [(start + node.start, start + node.end) for start, text in clauses(line) for node in _parts(tree_of(text))]
    if not found:
        place = line.rfind("=") + 1
        found = [(place + len(line[place:]) - len(line[place:].lstrip()), len(line))]
    unique = dict.fromkeys(found)
    return tuple(Cloze(line[:start] + GAP + line[end:], line[start:end].strip()) for start, end in unique)


def _parts(tree: Node) -> Iterator[Node]:
    return (node for part in tree.parts for node in part.walk() if node.kind not in ("number", "<", ">", "<=", ">="))


def _phases(line: str) -> tuple[Cloze, ...]:
    phases = line.split(JOIN)
    return tuple(
        Cloze(JOIN.join([*phases[:place], GAP, *phases[place + 1 :]]), phase) for place, phase in enumerate(phases)
    )


def cloze_of(line: str, drawn: Random) -> Cloze:
    """Return one way to leave a part out; of three, two leave out more than a name."""
    every = gaps(line)
    large = [each for each in every if not each.answer.isidentifier()]
    return drawn.choice(large if large and drawn.random() < 2 / 3 else every)


def others_for(cloze: Cloze, formula: Sequence[str], drawn: Random, count: int = 3) -> tuple[str, ...]:
    """Return expressions that are wrong in the gap, each another one: the right one with a slip, or another part.

    Args:
        cloze: the gap.
        formula: all lines of the formula, whose names and parts are taken.
        drawn: chooses.
        count: how many.
    """
    slips = [text for kind in _slips(cloze.answer, formula) for text in drawn.sample(kind, len(kind))]
    parts = sorted({each.answer for line in formula for each in gaps(line)} | {*_SPARE})
    drawn.shuffle(parts)
    found = list[str]()
    for text in [*slips[:count], *parts, *slips[count:], *_SPARE]:  # parts only where there are too few slips
        if len(found) < count and all(differ(text, other) for other in (cloze.answer, *found)):
            found.append(text)
    return tuple(found)


_SPARE = ("1", "0", "2")
"""What may stand in a gap of a formula that has but one part."""

_SHARE = re.compile(r"\d+(?=%)")


def _slips(answer: str, formula: Sequence[str]) -> tuple[list[str], ...]:
    """Return what becomes of an expression by one slip, the likeliest kind of slip first."""
    if _schedule(answer) is not None:
        return (_other_phases(answer),)
    try:
        tree = tree_of(answer)
    except InvalidValue:
        return ()
    names = sorted({name for line in formula for _, text in clauses(line) for name in tree_of(text).names})
    named = [node for node in tree.walk() if node.kind == "name"]
    swapped = [answer[: node.start] + name + answer[node.end :] for node in named for name in names]
    signs = [(at, _TURNED[each]) for at, each in enumerate(answer) if at and each in _TURNED]
    turned = [answer[:at] + other + answer[at + 1 :] for at, other in signs]
    lost = [answer.replace(part, "") for part in ("sqrt", "^2", "1 - ") if part in answer]
    inner = answer if answer.isidentifier() else f"({answer})"
    more = [f"sqrt({answer})", f"{inner}^2", f"1 - {inner}"]
    slips = sorted({text for text in [*swapped, *turned, *lost] if text != answer})
    return slips, more


_TURNED = {"+": "-", "-": "+", "*": "/", "/": "*"}


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
