"""A formula with a part left out: which parts can be, and which are worth asking for."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import final

from surefoot.errors import InvalidValue
from surefoot.study.formula_tree import Node, tree_of
from surefoot.study.formulas import clauses

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
    found = [
        _bared(line, start + node.start, start + node.end)
        for start, text in clauses(line)
        for node in _parts(tree_of(text))
    ]
    if not found:
        place = line.rfind("=") + 1
        found = [(place + len(line[place:]) - len(line[place:].lstrip()), len(line))]
    unique = dict.fromkeys(found)
    return tuple(Cloze(line[:start] + GAP + line[end:], line[start:end].strip()) for start, end in unique)


def _bared(line: str, start: int, end: int) -> tuple[int, int]:
    """Return where a part begins and ends without the brackets around it: they stay in the line."""
    while line[start] == "(" and _closing(line, start) == end - 1:
        start, end = start + 1, end - 1
    return start, end


def _closing(line: str, start: int) -> int:
    depth = 0
    for place in range(start, len(line)):
        depth += (line[place] == "(") - (line[place] == ")")
        if depth == 0:
            return place
    return len(line)


def _parts(tree: Node) -> Iterator[Node]:
    return (node for part in tree.parts for node in part.walk() if node.kind not in ("number", "<", ">", "<=", ">="))


def _phases(line: str) -> tuple[Cloze, ...]:
    phases = line.split(JOIN)
    return tuple(
        Cloze(JOIN.join([*phases[:place], GAP, *phases[place + 1 :]]), phase) for place, phase in enumerate(phases)
    )


def cloze_of(line: str, drawn: Random, others: Sequence[str] = (), known: Collection[str] | None = None) -> Cloze:
    """Return one way to leave a part out, of those most worth asking for; now and then of the next best.

    Args:
        line: the line.
        drawn: chooses.
        others: the lines beside it.
        known: names that may be asked for alone; None if all may.
    """
    ranked = sorted({_rank(each, others) for each in _askable(line, others, known)})
    rank = ranked[0]
    if len(ranked) > 1 and ranked[1] < TRIVIAL and drawn.random() < 1 / 4:
        rank = ranked[1]
    return drawn.choice([each for each in _askable(line, others, known) if _rank(each, others) == rank])


def typable(line: str, others: Sequence[str], known: Collection[str]) -> bool:
    """Return whether a line has a part that can be typed: more than a name that stands nowhere.

    >>> typable("perplexity = exp(mean_penalty)", (), ()), typable("b = momentum*b + g", (), ())
    (False, True)
    """
    return any(_told(each, others, known) for each in gaps(line))


def _askable(line: str, others: Sequence[str], known: Collection[str] | None) -> list[Cloze]:
    every = list(gaps(line))
    return [each for each in every if known is None or _told(each, others, known)] or every


def _told(cloze: Cloze, others: Sequence[str], known: Collection[str]) -> bool:
    """Whether what was left out is more than a name, or a name that its reader can know."""
    return not cloze.answer.isidentifier() or cloze.answer in known or _stands(cloze.answer, cloze.line, *others)


TRIVIAL = (False, False, True, False)
"""From this rank on a part is only asked for where there is no other."""


def _rank(cloze: Cloze, others: Sequence[str]) -> tuple[bool, bool, bool, bool]:
    """Return how little a part is worth asking for: what is worth most comes first.

    The name left of the equals sign is worth least, then what stands elsewhere, a letter, and what is but one operand.
    """
    answer = cloze.answer
    left = answer == cloze.line.partition("=")[0].strip()
    return left, _stands(answer, cloze.line, *others), len(answer) == 1, _operands(answer) < 2


def _operands(text: str) -> int:
    try:
        return sum(node.kind in ("name", "number") for node in tree_of(text).walk())
    except InvalidValue:
        return 2


def _stands(text: str, *lines: str) -> bool:
    """Whether a text stands in lines, word for word."""
    return any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", line) for line in lines)
