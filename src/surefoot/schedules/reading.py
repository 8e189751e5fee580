"""Reading a schedule: from text, and from plain data. Nothing is ever evaluated; a mistake is pointed at in words."""

import ast
import inspect
import re
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from surefoot.errors import InvalidValue, refuse, short
from surefoot.schedules.joins import JOINS
from surefoot.schedules.phase import PRODUCT, Phases, product
from surefoot.schedules.schedule import Schedule
from surefoot.schedules.shaped import SHAPED
from surefoot.schedules.shapes import SHAPES

_SHAPED: dict[str, Callable[..., Schedule]] = {make.__name__: make for make in SHAPED}
_CONSTRUCTORS: dict[str, Callable[..., Schedule]] = _SHAPED | {make.__name__: make for make in JOINS}
_DURATIONS = {"length"} | {knob.name for shape in SHAPES.values() for knob in shape.knobs if knob.kind == "duration"}

_KNOWN = f"such as warmup(5%) >> linear(to=0.0); the shapes are {', '.join(_CONSTRUCTORS)}"
_SIGNS = "write shapes joined by >> (one after the other) or * (side by side)"
_PERCENT = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*%(?![\w.])")

LONGEST = 100_000
"""Characters of a text that is read: more than any schedule has, few enough to be read within seconds."""


def parse(text: str) -> Schedule:
    """Return the schedule that a text writes: shapes, `>>`, `*` and brackets; `5%` a share of the run, `100` steps.

    Errors: InvalidValue that points at what cannot be read; nothing is ever evaluated.

    >>> from surefoot.schedules import linear, warmup
    >>> parse("warmup(5%) >> linear(to=0.0)") == warmup(0.05) >> linear(to=0.0)
    True
    """
    given: object = text
    if not isinstance(given, str):
        raise InvalidValue(f"{_short(given)} is no schedule; give a text, {_KNOWN}.")
    if len(text) > LONGEST:
        raise InvalidValue(f"{_short(text)} has {len(text)} characters; a schedule has at most {LONGEST}.")
    try:
        return Schedule(_read(_tree(text)))
    except InvalidValue:
        raise
    except (SyntaxError, ValueError, ArithmeticError):
        raise InvalidValue(f"{_short(text)} is no schedule; {_SIGNS}, {_KNOWN}.") from None
    except (RecursionError, MemoryError):
        raise InvalidValue(f"{_short(text)} {_DEEP}") from None


_DEEP = "is no schedule that can be read, too long or too deeply nested; write it with fewer phases and brackets."


def _tree(text: str) -> ast.expr:
    shares = _PERCENT.sub(lambda found: repr(float(Decimal(found[1]) / 100)), text)
    with warnings.catch_warnings():  # such as of an escape in what is no schedule anyway
        warnings.simplefilter("ignore")
        return ast.parse(shares.strip(), mode="eval").body


def from_json(data: object) -> Schedule:
    """Return the schedule of the plain data that `Schedule.to_json` gives; a knob that is left out has its default.

    Errors: InvalidValue that says what in the data is malformed.

    >>> from_json([{"shape": "warmup", "length": {"share": 0.05}}, {"shape": "linear"}])
    warmup(5%) >> linear(to=0.0)
    """
    try:
        return Schedule(_from_list(data))
    except RecursionError:
        raise InvalidValue(f"the data of a schedule {_DEEP}") from None


def _from_list(data: object) -> Phases:
    if not isinstance(data, list):
        raise InvalidValue(f"{_short(data)} is no schedule; it is a list of phases, {_PHASE}.")
    return tuple(phase for item in data for phase in _from_item(item))


_PHASE = 'such as {"shape": "warmup", "length": {"share": 0.05}}'


def _read(node: ast.expr) -> Phases:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        return _read(node.left) + _read(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return (product([Schedule(_read(factor)).phases for factor in _factors(node)]),)
    written = short(ast.unparse(node), 200)
    if written in _CONSTRUCTORS:
        raise InvalidValue(f"{written} stands without brackets; write {written}(...), {_KNOWN}.")
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CONSTRUCTORS):
        raise InvalidValue(f"{written} is no shape of a schedule; {_SIGNS}, {_KNOWN}.")
    named = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
    refuse(written, ["one argument is given twice; give it once"] if len(named) < len(node.keywords) else [])
    return _made(node.func.id, written, [_value(argument) for argument in node.args], named)


def _factors(node: ast.expr) -> list[ast.expr]:
    """Return what is multiplied in a row; one product of many, since a product of products is checked at each."""
    found = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _made(name: str, written: str, unnamed: list[Any], named: dict[str, Any]) -> Phases:
    make = _CONSTRUCTORS[name]
    try:
        given = inspect.signature(make).bind(*unnamed, **named)
    except TypeError as error:
        raise InvalidValue(f"{written}: {short(str(error), 200)}; write it {_KNOWN}.") from None
    return make(*given.args, **given.kwargs).phases


def _value(node: ast.expr) -> float | tuple[float, ...]:
    return tuple(map(_number, node.elts)) if isinstance(node, ast.Tuple | ast.List) else _number(node)


def _number(node: ast.expr) -> float:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand)
    if isinstance(node, ast.Constant) and _is_number(node.value):
        return node.value  # type: ignore[return-value]
    raise InvalidValue(f"{short(ast.unparse(node), 200)} is no number; write 5% for a share, 100 for steps.")


def _from_item(item: object) -> Phases:
    name = item.get("shape") if isinstance(item, dict) else None
    if not isinstance(item, dict) or name not in [*_SHAPED, PRODUCT]:
        shapes = f"its shape one of {', '.join(_SHAPED)}, {PRODUCT}"
        raise InvalidValue(f"{_short(item)} is no phase of a schedule; it is a dict, {_PHASE}, {shapes}.")
    rest = {str(key): value for key, value in item.items() if key != "shape"}
    if name != PRODUCT:
        named = {key: _plain(key, value, _short(item)) for key, value in rest.items()}
        return _made(name, _short(item), [], named)
    factors = rest.get("factors")
    if set(rest) != {"factors"} or not isinstance(factors, list) or not factors:
        raise InvalidValue(f'{_short(item)}: a product has "factors", a list of schedules, and nothing else.')
    read = [Schedule(_from_list(factor)).phases for factor in factors]
    return read[0] if len(read) == 1 else (product(read),)  # text has no product of one


def _plain(key: str, value: object, where: str) -> float | None:
    if value is None or (key not in _DURATIONS and _is_number(value)):
        return value  # type: ignore[return-value]
    if key in _DURATIONS and isinstance(value, dict) and len(value) == 1:
        ((unit, size),) = value.items()
        if unit == "steps" and type(size) is int and _is_number(size):
            return size
        if unit == "share" and _is_number(size):
            return float(size)
    wanted = '{"steps": 100} or {"share": 0.05}' if key in _DURATIONS else "a number"
    raise InvalidValue(f"{where}: {key} is {_short(value)}; write {wanted}.")


def _is_number(value: object) -> bool:
    """Return whether it is a number, of digits that Python writes."""
    return type(value) is float or (type(value) is int and value.bit_length() <= 10_000)


def _short(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of more digits than Python writes; a list in itself
        return f"a {type(value).__name__} that cannot be written"
    return text if len(text) <= 80 else f"{text[:77]}..."
