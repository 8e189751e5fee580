"""The tiny language in which formulas are written, and its one parser.

A formula is assignments and one `return`, made of `+ - * /`, comparisons inside `xp.where`, names, float literals and
the functions below: what numpy, torch, numba and Triton all compute alike. No `if`, loop, power or closure.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from surefoot.errors import InvalidValue, refuse

FUNCTIONS = ("where", "sqrt", "abs", "maximum", "minimum", "exp", "log", "sign")


class Unbound:
    """Stands for `xp` in a formula's module until a backend gives it a meaning."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in FUNCTIONS:
            raise AttributeError(f"xp has no {name}; it has {', '.join(FUNCTIONS)}")
        raise InvalidValue(
            f"xp.{name} has no meaning yet: bind the formula to a backend with `surefoot.rules.language.bind`."
        )


xp = Unbound()

_NODES = (
    ast.Name, ast.Load, ast.Store, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.UnaryOp, ast.USub, ast.Compare,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Call, ast.Attribute, ast.Constant, ast.Tuple,
)  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """A formula's syntax: its lines, and the names it takes and gives."""

    name: str
    lines: tuple[ast.Assign, ...]
    arrays: tuple[str, ...]
    numbers: tuple[str, ...]
    returned: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """The arrays carried from step to step."""
        return tuple(name for name in self.arrays if name not in ("p", "g"))

    @property
    def text(self) -> str:
        """The lines as text, one a line."""
        return "\n".join(ast.unparse(line) for line in self.lines)


def formula_of(function: Callable[..., object]) -> Formula:
    """Parse a formula and check it against the language.

    Errors: `InvalidValue` that names every construct outside the language, with its line.
    """
    name = getattr(function, "__name__", "formula")
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError) as error:
        raise InvalidValue(
            f"formula {name}: its source cannot be read; define it with `def` in a file or a notebook."
        ) from error
    tree = ast.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise InvalidValue(f"formula {name}: it must be a `def`, not a {type(tree).__name__}.")
    return parsed(tree)


def parsed(tree: ast.FunctionDef) -> Formula:
    """Return the formula of a syntax tree; see `formula_of`."""
    body = [node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    *lines, last = body or [ast.Pass()]
    taken = [argument.arg for argument in tree.args.args]
    faults = [fault for line in lines for fault in _faults_of_line(line)]
    if not isinstance(last, ast.Return) or last.value is None:
        refuse(f"formula {tree.name}", [*faults, "it must end with `return p` or `return p, slots`"])
        raise AssertionError
    values = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    returned = tuple(ast.unparse(value) for value in values)
    faults += _faults_of_names(taken, returned, lines)
    refuse(f"formula {tree.name}", faults)
    arrays = tuple(name for name in taken if name == "g" or name in returned)
    numbers = tuple(name for name in taken if name not in arrays)
    return Formula(tree.name, tuple(line for line in lines if isinstance(line, ast.Assign)), arrays, numbers, returned)


def _faults_of_line(line: ast.stmt) -> list[str]:
    if not (isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name)):
        return [f"line {line.lineno} must assign to one name, as in `m = m + g`"]
    faults = []
    for node in ast.walk(line.value):
        if isinstance(node, ast.Attribute):
            if not (isinstance(node.value, ast.Name) and node.value.id == "xp" and node.attr in FUNCTIONS):
                faults.append(f"line {line.lineno} uses {ast.unparse(node)}; allowed are xp.{', xp.'.join(FUNCTIONS)}")
        elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            faults.append(f"line {line.lineno} calls {ast.unparse(node.func)}; only functions of xp can be called")
        elif not isinstance(node, _NODES) or (
            isinstance(node, ast.Constant) and not isinstance(node.value, float | int)
        ):
            faults.append(f"line {line.lineno} has {type(node).__name__}; the language is + - * / and functions of xp")
    return faults


def _faults_of_names(taken: list[str], returned: tuple[str, ...], lines: list[ast.stmt]) -> list[str]:
    faults = [] if taken[:2] == ["p", "g"] else ["its first two arguments must be p and g"]
    if any(name not in taken for name in returned):
        faults.append("it must return p, then the slots it takes")
    known = {*taken, "xp"}
    for line in lines:
        used = {node.id for node in ast.walk(line) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        faults += [
            f"line {line.lineno} uses {name!r}, which is neither an argument nor assigned before"
            for name in sorted(used - known)
        ]
        known |= {node.id for node in ast.walk(line) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return faults


def bind(function: Callable[..., object], operations: object) -> Callable[..., object]:
    """Return the formula with another meaning of `xp`: the same code, other globals."""
    assert isinstance(function, FunctionType)
    return FunctionType(function.__code__, {**function.__globals__, "xp": operations}, function.__name__)
