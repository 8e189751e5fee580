"""A formula as plain text: the paper's lines, with names that can be typed and no Greek.

Sums have spaces around their signs and products none, so that a line is read at a glance: (1 - beta2)*(g^2 - v).
"""

import ast

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: " + ", ast.Sub: " - ", ast.Mult: "*", ast.Div: "/", ast.Pow: "^", ast.Lt: " < ", ast.LtE: " <= ",
    ast.Gt: " > ", ast.GtE: " >= ", ast.Eq: " = ", ast.NotEq: " != ",
}  # fmt: skip
_BINDS: dict[type[ast.AST], int] = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.Pow: 4}
_ALONE = 5
_CALLED = {"maximum": "max", "minimum": "min", "log": "ln"}


def plain(node: ast.expr) -> str:
    """Return an expression as plain text.

    >>> plain(ast.parse("step_size * (m * c1) / (xp.sqrt(v * c2) + 1.0)", mode="eval").body)
    'step_size*m*c1/(sqrt(v*c2) + 1)'
    """
    return _text(node)[0]


def plain_line(line: ast.Assign) -> str:
    """Return an assignment as plain text."""
    return f"{ast.unparse(line.targets[0])} = {plain(line.value)}"


def _text(node: ast.expr) -> tuple[str, int]:
    """Return an expression's text and how tightly it binds."""
    match node:
        case ast.BinOp(left, ast.Mult(), right) if ast.dump(left) == ast.dump(right):
            return f"{_bound(left, _ALONE)}^2", 4
        case ast.BinOp(left, operator, right):
            binds = _BINDS[type(operator)]
            first = _bound(left, _ALONE if isinstance(operator, ast.Pow) else binds)
            last = _bound(right, binds + isinstance(operator, ast.Sub | ast.Div))
            return f"{first}{_SIGNS[type(operator)]}{last}", binds
        case ast.UnaryOp(_, operand):
            return f"-{_bound(operand, 3)}", _ALONE
        case ast.Compare(left, [sign], [right]):
            return f"{plain(left)}{_SIGNS[type(sign)]}{plain(right)}", 0
        case ast.Call(function, arguments):
            return _call(ast.unparse(function).rpartition(".")[2], arguments)
        case ast.Constant(float(value)) if value == int(value):
            return str(int(value)), _ALONE
        case _:
            return ast.unparse(node), _ALONE


def _call(name: str, arguments: list[ast.expr]) -> tuple[str, int]:
    texts = [plain(argument) for argument in arguments]
    if name == "where":
        return f"{texts[1]} if {texts[0]} else {texts[2]}", 0
    if name == "abs":
        return f"|{texts[0]}|", _ALONE
    return f"{_CALLED.get(name, name)}({', '.join(texts)})", _ALONE


def _bound(node: ast.expr, least: int) -> str:
    text, binds = _text(node)
    return text if binds >= least else f"({text})"
