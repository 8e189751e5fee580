"""A shape's formula as a syntax tree, read off its function: what the catalogue prints and the docs typeset.

The formula of a step i is in terms of x, the part of the phase that is done after it, so that x is (i + 1) / L; for
`restarts` x is the part of the cycle, and `cycle` counts those before it.
"""

import ast
import inspect
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, TypeVar

from surefoot.schedules import shapes

_Node = TypeVar("_Node", bound=ast.AST)
_NAMED = {
    "gone / steps": "x",
    "(gone - start) / (stops[cycle] - start)": "x",
    "gone": "i + 1",
    "half_life[0]": "half_life",
    "span[0]": "span",
    "math.pi": "pi",
}
"""What the formulas call an expression."""


@cache
def formulas_of(shape: str) -> tuple[ast.expr, ...]:
    """Return a shape's formula, or its two where a knob decides between them.

    >>> [ast.unparse(formula) for formula in formulas_of("linear")]
    ['1.0 - x + x * to']
    """
    value: Any = _Written().visit(_Inlined({}).visit(deepcopy(_parts(shapes.SHAPES[shape].factor)[1])))
    return (value.orelse, value.body) if isinstance(value, ast.IfExp) else (value,)


@cache
def _parts(function: Callable[..., object]) -> tuple[list[str], ast.expr, dict[str, ast.expr]]:
    """Return a function's arguments, what it returns, and what it assigns before."""
    tree = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    *lines, last = tree.body
    assert isinstance(last, ast.Return)
    assert last.value is not None
    assigned = {ast.unparse(line.targets[0]): line.value for line in lines if isinstance(line, ast.Assign)}
    return [argument.arg for argument in tree.args.args], last.value, assigned


def _replaced(tree: _Node, names: Mapping[str, ast.expr]) -> _Node:
    class Replaced(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return deepcopy(names[node.id]) if node.id in names else node

    return Replaced().visit(deepcopy(tree))  # type: ignore[no-any-return]


class _Inlined(ast.NodeTransformer):
    """Puts what a function of `shapes` returns in the place of its call."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = getattr(shapes, ast.unparse(node.func), None)
        if not inspect.isfunction(function):
            return node
        arguments, value, assigned = _parts(function)
        value = _replaced(value, assigned)
        return self.visit(_replaced(value, dict(zip(arguments, node.args, strict=True))))  # type: ignore[no-any-return]


class _Written(ast.NodeTransformer):
    """Writes an expression as a person would: named parts, no product with 1, squares as powers."""

    def visit(self, node: ast.AST) -> ast.AST:
        written = ast.unparse(node) if isinstance(node, ast.expr) else ""
        if written in _NAMED:
            return ast.parse(_NAMED[written], mode="eval").body
        return super().visit(node)  # type: ignore[no-any-return]

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        if isinstance(node.op, ast.Mult):
            if "1.0" in (left, right):
                return node.left if right == "1.0" else node.right
            return ast.BinOp(node.left, ast.Pow(), ast.Constant(2.0)) if left == right else node
        if isinstance(node.op, ast.Sub) and left == "1.0" and right.startswith("1.0 - "):
            assert isinstance(node.right, ast.BinOp)
            return node.right.right
        return node
