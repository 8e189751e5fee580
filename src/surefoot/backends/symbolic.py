"""Formulas as TeX and MathML: `python -m surefoot.backends.symbolic` renews the committed `formulas.json`.

A formula's lines are given the meaning of sympy one by one, unevaluated, so that they are printed in the paper's order
and with the glossary's symbols. sympy and latex2mathml are extras, imported when they are needed.
"""

import ast
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from surefoot.errors import MissingPackage
from surefoot.penalties import PENALTIES
from surefoot.rules import RULES
from surefoot.rules.language import Formula
from surefoot.schedules.shapes import SHAPES
from surefoot.schedules.syntax import formulas_of
from surefoot.symbols import SYMBOLS

FILE = Path(__file__).parents[1] / "formulas.json"
"""The TeX and MathML of every rule's formula, every shape of a schedule and every penalty."""

_CALLED = {"sign": r"\operatorname{sign}", "maximum": r"\max", "minimum": r"\min"}
"""How functions are written that sympy would compute, or put in another order."""
_PLACES = {"i": "i", "x": "x", "cycle": "c"}


class Operations:
    """The meaning of `xp`, and of `math` in a schedule's shape, for sympy."""

    def __init__(self) -> None:
        import sympy

        self.sqrt, self.exp, self.log, self.sin = sympy.sqrt, sympy.exp, sympy.log, sympy.sin
        self.abs = sympy.Abs
        self.sign, self.maximum, self.minimum = map(sympy.Function, _CALLED)
        self._piecewise = sympy.Piecewise

    def where(self, condition: Any, yes: Any, no: Any) -> Any:
        """Return one value where a condition holds, and another elsewhere."""
        rest = no.args if isinstance(no, self._piecewise) else [(no, True)]
        return self._piecewise((yes, condition), *rest, evaluate=False)


def expression(node: ast.expr) -> Any:
    """Return what an expression of the language is to sympy: nothing is expanded, cancelled or put in another order.

    >>> expression(ast.parse("(1.0 - beta1) * (g - m)", mode="eval").body)
    (1 - beta1)*(g - m)
    """
    sympy = _sympy()
    exact = ast.fix_missing_locations(ast.Expression(_Exact().visit(deepcopy(node))))
    names = {name.id for name in ast.walk(exact) if isinstance(name, ast.Name)} - {"xp", "math"}
    known = {name: sympy.pi if name == "pi" else sympy.Symbol(name, real=True) for name in names}
    with sympy.evaluate(False):
        operations = Operations()
        scope = {**known, "xp": operations, "math": operations, "Rational": sympy.Rational}
        return eval(compile(exact, "formula", "eval"), scope)  # of our own syntax tree, checked by the language


class _Exact(ast.NodeTransformer):
    """Writes numbers exactly, and a product of equals as a square."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        assert isinstance(node.value, float | int)
        return ast.parse(f"Rational('{node.value!r}')", mode="eval").body

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right):
            node = ast.BinOp(node.left, ast.Pow(), ast.Constant(2))
        self.generic_visit(node)
        return node


def tex_of(node: ast.expr, symbols: Mapping[str, str]) -> str:
    r"""Return an expression as TeX, in the order in which it is written.

    >>> tex_of(ast.parse("m * c1 / (xp.sqrt(v * c2) + eps)", mode="eval").body, {"eps": r"\epsilon", "c1": "c_1"})
    '\\frac{m c_1}{\\sqrt{v c_{2}} + \\epsilon}'
    """
    found = expression(node)
    names = {symbol: symbols[symbol.name] for symbol in found.free_symbols if symbol.name in symbols}
    return str(_printer(names).doprint(found))


def rule_tex(formula: Formula) -> tuple[str, ...]:
    r"""Return a formula's lines as TeX.

    >>> rule_tex(RULES["sgd"].parsed)[1]
    '\\theta \\leftarrow \\theta - \\eta g'
    """
    pairs = [(ast.unparse(line.targets[0]), line.value) for line in formula.lines]
    within = {name: name for name, _ in pairs if name not in formula.arrays}
    symbols = {name: symbol.tex for name, symbol in SYMBOLS.items()} | within
    return tuple(rf"{symbols[name]} \leftarrow {tex_of(value, symbols)}" for name, value in pairs)


def shape_tex(shape: str) -> tuple[str, ...]:
    """Return the formulas of a schedule's shape as TeX, in terms of x, the part of the phase that is done."""
    words = {knob.name for knob in SHAPES[shape].knobs}
    symbols = _PLACES | {word: rf"\text{{{word.replace('_', '-')}}}" for word in words}
    return tuple(tex_of(form, symbols) for form in formulas_of(shape))


def mathml(lines: Sequence[str]) -> str:
    """Return lines of TeX as one block of MathML, aligned at their arrows."""
    try:
        from latex2mathml.converter import convert
    except ImportError as error:
        raise MissingPackage("MathML needs latex2mathml; install it with: pip install 'surefoot[docs]'") from error
    aligned = r" \\ ".join(line.replace(r"\leftarrow", r"&\leftarrow", 1) for line in lines)
    whole = rf"\begin{{align*}} {aligned} \end{{align*}}" if len(lines) > 1 else lines[0]
    return str(convert(whole, display="block"))


def formulas() -> dict[str, dict[str, dict[str, Any]]]:
    """Return TeX and MathML by kind and name: rules by their formula's name, schedules by their shape's."""
    rules = {rule.parsed.name: rule_tex(rule.parsed) for rule in RULES.values()}
    schedules = {shape: shape_tex(shape) for shape in SHAPES}
    penalties: dict[str, tuple[str, ...]] = {name: (penalty.tex,) for name, penalty in PENALTIES.items()}
    kinds: dict[str, dict[str, tuple[str, ...]]] = {"rules": rules, "schedules": schedules, "penalties": penalties}
    return {
        kind: {name: {"tex": list(lines), "mathml": mathml(lines)} for name, lines in found.items()}
        for kind, found in kinds.items()
    }


def committed() -> str:
    """Return the text that `formulas.json` must have."""
    return json.dumps(formulas(), indent=1, ensure_ascii=False) + "\n"


def _sympy() -> Any:
    try:
        import sympy
    except ImportError as error:
        raise MissingPackage("TeX needs sympy; install it with: pip install 'surefoot[docs]'") from error
    return sympy


def _printer(names: Mapping[Any, str]) -> Any:
    from sympy import Add
    from sympy.printing.latex import LatexPrinter

    def _terms(sum_: Any) -> list[Any]:
        return [term for each in sum_.args for term in (_terms(each) if each.is_Add else [each])]

    class Printer(LatexPrinter):  # type: ignore[misc]
        def _print_Add(self, expr: Any, order: object = None) -> str:  # noqa: N802
            return str(super()._print_Add(Add(*_terms(expr), evaluate=False), order))

        def _print_Function(self, expr: Any, exp: object = None) -> str:  # noqa: N802
            name = expr.func.__name__
            if name not in _CALLED:
                return str(super()._print_Function(expr, exp))
            return rf"{_CALLED[name]}\left({', '.join(map(self._print, expr.args))}\right)"

        def _print_Piecewise(self, expr: Any) -> str:  # noqa: N802
            *cases, (last, _) = [(self._print(value), self._print(condition)) for value, condition in expr.args]
            rows = [rf"{value} & \text{{if }} {condition}" for value, condition in cases]
            whole = r" \\ ".join([*rows, rf"{last} & \text{{otherwise}}"])
            return rf"\begin{{cases}} {whole} \end{{cases}}"

    return Printer({"order": "none", "symbol_names": dict(names)})


if __name__ == "__main__":
    FILE.write_text(committed())
