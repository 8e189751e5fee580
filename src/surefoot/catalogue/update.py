"""One line that stands for a rule: what a step does to p, and the sum that it takes, if it is only that."""

import ast

from surefoot.catalogue.plain import plain, plain_line
from surefoot.rules.rule import Rule

_DECAY = "step_size * decay * p"


def update_of(rule: Rule) -> str:
    """Return the update of p as one line; the decay is left out where it is 0 unless asked for.

    >>> from surefoot.rules import RULES
    >>> update_of(RULES["adamw"])
    'p -= step_size*(decay*p + m*c1/(sqrt(v*c2) + eps))'
    >>> update_of(RULES["momentum"])
    'b = momentum*b + intake*g; p -= step_size*b'
    """
    changes = [line.value for line in rule.parsed.lines if ast.unparse(line.targets[0]) == "p"]
    terms = [value.right for value in changes if isinstance(value, ast.BinOp)]
    kept = [term for term in terms if ast.unparse(term) != _DECAY or rule.constants["decay"]]
    last = changes[-1]
    assert isinstance(last, ast.BinOp)
    told = f"p += {plain(last.right)}" if isinstance(last.op, ast.Add) else f"p -= {_sum(kept)}"
    return "; ".join([*_direction(rule, last.right), told])


def _direction(rule: Rule, step: ast.expr) -> list[str]:
    """Return the line that makes what p is moved by, where that is one name."""
    made = {ast.unparse(line.targets[0]): line for line in rule.parsed.lines}
    used = {node.id for node in ast.walk(step) if isinstance(node, ast.Name)} & {*rule.parsed.arrays, *made}
    return [plain_line(made[name]) for name in used if len(used) == 1 and name in made]


def _sum(terms: list[ast.expr]) -> str:
    """Return the sum of terms, a first factor that all have in front of it."""
    firsts = {ast.unparse(_first(term)) for term in terms}
    if len(terms) > 1 and len(firsts) == 1:
        return f"{firsts.pop()}*({' + '.join(plain(_rest(term)) for term in terms)})"
    return " + ".join(plain(term) for term in terms)


def _first(term: ast.expr) -> ast.expr:
    return _first(term.left) if isinstance(term, ast.BinOp) and isinstance(term.op, ast.Mult | ast.Div) else term


def _rest(term: ast.expr) -> ast.expr:
    """Return a product without its first factor."""
    assert isinstance(term, ast.BinOp)
    if isinstance(term.left, ast.BinOp) and isinstance(term.left.op, ast.Mult | ast.Div):
        return ast.BinOp(_rest(term.left), term.op, term.right)
    return term.right
