"""How a schedule is spelled: where each number of it stands in its text, and the text with other numbers there."""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias, final

from surefoot.schedules import Schedule
from surefoot.schedules.joins import JOINS
from surefoot.schedules.shaped import SHAPED

Unit: TypeAlias = Literal["steps", "share", "value"]

_MAKERS: Mapping[str, Callable[..., Schedule]] = {make.__name__: make for make in (*SHAPED, *JOINS)}
_LENGTHS = ("length", "warmup", "cooldown", "rise", "fall", "at")
"""The arguments that say how long a phase is; the others that are moved are values."""


@final
@dataclass(frozen=True)
class Number:
    """A number of a schedule, and the place in the text that says it.

    Args:
        amount: steps; hundredths of the run, if it is a share; or a value, as a fraction of the peak.
        unit: which of these it is.
        percent: whether it is written with a percent sign.
        first, end: where it stands in the text; both the same where it is not written yet.
        before: what has to stand before it there.
    """

    amount: Decimal
    unit: Unit
    percent: bool
    first: int
    end: int
    before: str = ""

    def spelled(self, amount: Decimal) -> str:
        """Return another amount as this one is written.

        >>> Number(Decimal(5), "share", True, 0, 0).spelled(Decimal("7.50"))
        '7.5%'
        """
        if self.unit == "steps":
            return f"{self.before}{int(amount)}"
        hundredths = amount if self.unit == "share" else amount * 100
        if self.percent:
            plain = f"{hundredths.normalize():f}"
            return f"{self.before}{plain if len(plain) < 7 else repr(float(hundredths))}%"
        return f"{self.before}{float(hundredths / 100)!r}"


@final
@dataclass(frozen=True)
class Call:
    """One schedule of a join, as it is written.

    Args:
        name: of the shape, or of the join that has a name.
        numbers: by argument; more than one where a list is written, none where the argument is left out and has none.
    """

    name: str
    numbers: Mapping[str, tuple[Number, ...]]


def calls(text: str) -> list[Call | None]:
    """Return the schedules that a text joins by >>, None for each that is a product; [] if it is written in other ways.

    Args:
        text: of a schedule that `parse` reads, without space at its ends.

    >>> [(each.name, [str(n.amount) for n in each.numbers["length"]]) for each in calls("warmup(5%) >> cosine(100)")]
    [('warmup', ['5']), ('cosine', ['100'])]
    """
    if not text.isascii() or "\n" in text:  # places in the tree are bytes of a line
        return []
    try:
        tree = ast.parse(text.replace("%", " "), mode="eval").body
    except SyntaxError:
        return []
    return [_call(node, text) if isinstance(node, ast.Call) else None for node in _joined(tree)]


def respelled(text: str, changes: Sequence[tuple[Number, Decimal]]) -> str:
    """Return a text with other amounts in the places of some numbers.

    >>> here = calls("warmup(5%)")[0].numbers
    >>> respelled("warmup(5%)", [(here["length"][0], Decimal(7)), (here["start"][0], Decimal("0.1"))])
    'warmup(7%, start=0.1)'
    """
    for number, amount in sorted(changes, key=lambda change: -change[0].first):
        text = text[: number.first] + number.spelled(amount) + text[number.end :]
    return text


def _joined(node: ast.expr) -> list[ast.expr]:
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        found[:0] = _joined(node.right)
        node = node.left
    return [node, *found]


def _call(node: ast.Call, text: str) -> Call:
    name = ast.unparse(node.func)
    parameters = inspect.signature(_MAKERS[name]).parameters
    given = dict(zip(parameters, node.args, strict=False)) | {str(each.arg): each.value for each in node.keywords}
    close = (node.end_col_offset or 0) - 1
    written = text[:close].rstrip()
    comma = "" if written.endswith("(") else " " if written.endswith(",") else ", "
    numbers = {}
    for argument, parameter in parameters.items():
        if argument in given:
            numbers[argument] = _written(given[argument], argument, text)
        elif isinstance(parameter.default, float):
            numbers[argument] = (_unwritten(argument, parameter.default, close, f"{comma}{argument}="),)
        else:
            numbers[argument] = ()
    return Call(name, numbers)


def _written(node: ast.expr, argument: str, text: str) -> tuple[Number, ...]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    found = [_number(each, argument, text) for each in parts if isinstance(each, ast.Constant)]
    return tuple(found) if len(found) == len(parts) else ()  # a number with a sign is not moved


def _number(node: ast.Constant, argument: str, text: str) -> Number:
    end, amount = node.end_col_offset or 0, Decimal(repr(node.value))
    rest = text[end:]
    percent = rest.lstrip().startswith("%")
    end += rest.index("%") + 1 if percent else 0
    if argument not in _LENGTHS:
        return Number(amount / 100 if percent else amount, "value", percent, node.col_offset, end)
    if isinstance(node.value, int) and not percent:
        return Number(amount, "steps", percent, node.col_offset, end)
    return Number(amount if percent else amount * 100, "share", percent, node.col_offset, end)


def _unwritten(argument: str, usual: float, place: int, before: str) -> Number:
    amount = Decimal(repr(usual))
    if argument in _LENGTHS:
        return Number(amount * 100, "share", True, place, place, before)
    return Number(amount, "value", False, place, place, before)
