"""Formulas as trees: how a line of plain text is read, by a learner or off the catalogue, without running any of it.

The language: numbers, names, `+ - * / ^ **`, a percent sign after a number, brackets, bars for a size, functions with
or without brackets, `A if B else C`, and a product without a sign, as in `2 x`. Each node knows where it stands in the
text, so that a part can be cut out of a formula or be filled with a number.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, final

from surefoot.errors import InvalidValue

MOST = 300
"""Characters that a formula may have: the longest line of the catalogue has 96."""

DEEPEST = 40
"""Brackets, signs and powers within each other; deeper ones are nobody's formula and would use up the stack."""

FUNCTIONS = frozenset({"sqrt", "abs", "max", "min", "exp", "ln", "log", "sin", "cos", "tan", "tanh", "sign"})
OPAQUE = frozenset({"mean", "sum", "std", "var", "softmax", "sigmoid", "relu", "norm", "round"})
"""Functions that are compared by their arguments alone: what they mean depends on what they are taken over."""

_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|([^\W\d]\w*'*)|(\*\*|<=|>=|[-+*/^()|,<>%]))"
)
_SPELLED = {
    "−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "²": "^2", "³": "^3", "√": " sqrt ", "≥": ">=",
    "≤": "<=", "[": "(", "]": ")", "{": "(", "}": ")",
}  # fmt: skip
_TWO_WORDS = re.compile(r"\b(step|learning|batch|weight|half|fan)\s+(size|rate|decay|life|in|out)\b", re.IGNORECASE)


@final
@dataclass(frozen=True)
class Node:
    """A part of a formula.

    Args:
        kind: "number", "name", "call", "negative", "if" or an operator.
        parts: what it is made of.
        text: the number, the name, or the function that is called.
        start: where it begins in the text, with the brackets around it.
        end: where it ends.
    """

    kind: str
    parts: tuple["Node", ...] = ()
    text: str = ""
    start: int = 0
    end: int = 0

    def walk(self) -> Iterator["Node"]:
        """Go through this node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def names(self) -> frozenset[str]:
        """The names in it, without those of functions."""
        return frozenset(node.text for node in self.walk() if node.kind == "name")


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def plain(text: str) -> str:
    """Return a formula's text with the signs of mathematics as those of a keyboard, and its terms as one word.

    >>> plain("2 × step size ÷ √v")
    '2 * step_size /  sqrt v'
    """
    for sign, spelled in _SPELLED.items():
        text = text.replace(sign, spelled)
    return _TWO_WORDS.sub(lambda found: f"{found[1]}_{found[2]}".lower(), text)


def tree_of(text: str) -> Node:
    """Return the tree of a formula without an equals sign, as it stands in the text that `plain` gives.

    Errors: InvalidValue that says what cannot be read, and where.

    >>> [part.text for part in tree_of("beta1*m").parts]
    ['beta1', 'm']
    """
    if len(text) > MOST:
        raise InvalidValue(f"the formula has {len(text)} characters; at most {MOST} are read")
    return _Reader(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    found, place = list[_Token](), 0
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            raise InvalidValue(f"{text[place:].strip()[:10]!r} cannot be read as a part of a formula")
        kind = ("number", "name", "sign")[(token.lastindex or 1) - 1]
        start = token.end() - len(token[token.lastindex or 1])
        found.append(_Token(kind, token[token.lastindex or 1], start, token.end()))
        place = token.end()
    return found


@final
class _Reader:
    """Reads tokens from left to right, the loosest binding first."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place, self._depth = tokens, 0, 0

    def whole(self) -> Node:
        found = self._choice()
        if self._place < len(self._tokens):
            raise InvalidValue(f"{self._tokens[self._place].text!r} is one too many")
        return found

    @property
    def _next(self) -> str:
        return self._tokens[self._place].text if self._place < len(self._tokens) else ""

    def _taken(self, *texts: str) -> _Token | None:
        if self._next not in texts or not self._next:
            return None
        self._place += 1
        return self._tokens[self._place - 1]

    def _closed(self, text: str) -> _Token:
        token = self._taken(text)
        if token is None:
            raise InvalidValue(f"{text!r} is missing" + (f" before {self._next!r}" if self._next else " at the end"))
        return token

    def _choice(self) -> Node:
        then = self._sum()
        if not self._taken("if"):
            return then
        test = self._sum()
        sign = self._taken("<", ">", "<=", ">=")
        if sign is None:
            raise InvalidValue("after 'if' two things are compared, as in a > 0")
        test = _joined(sign.text, test, self._sum())
        self._closed("else")
        other = self._deeper(self._choice)
        return Node("if", (then, test, other), "", then.start, other.end)

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidValue(f"brackets, signs or powers are more than {DEEPEST} deep")
        found = read()
        self._depth -= 1
        return found

    def _sum(self) -> Node:
        found = self._product()
        while sign := self._taken("+", "-"):
            found = _joined(sign.text, found, self._product())
        return found

    def _product(self) -> Node:
        found = self._signed()
        while True:
            if sign := self._taken("*", "/"):
                found = _joined(sign.text, found, self._signed())
            elif self._begins():
                found = _joined("*", found, self._signed())
            else:
                return found

    def _begins(self) -> bool:
        """Whether a factor comes next though no sign stands before it."""
        if self._place == len(self._tokens) or self._next in ("if", "else"):
            return False
        return self._tokens[self._place].kind == "name" or self._next == "("

    def _signed(self) -> Node:
        if sign := self._taken("-", "+"):
            inner = self._deeper(self._signed)
            return Node("negative", (inner,), "", sign.start, inner.end) if sign.text == "-" else inner
        found = self._first()
        if self._taken("^", "**"):
            found = _joined("^", found, self._deeper(self._signed))
        return found

    def _first(self) -> Node:
        if opened := self._taken("(", "|"):
            inner = self._deeper(self._choice)
            closed = self._closed(")" if opened.text == "(" else "|")
            if opened.text == "(":
                return replace(inner, start=opened.start, end=closed.end)
            return Node("call", (inner,), "abs", opened.start, closed.end)
        if self._place == len(self._tokens):
            raise InvalidValue("something is missing at the end")
        token = self._tokens[self._place]
        self._place += 1
        if token.kind == "sign" or token.text in ("if", "else"):
            raise InvalidValue(f"{token.text!r} stands where a number or a name should")
        if token.kind == "name":
            return self._named(token)
        found = Node("number", (), token.text, token.start, token.end)
        percent = self._taken("%")
        return Node("number", (), token.text + "%", token.start, percent.end) if percent else found

    def _named(self, token: _Token) -> Node:
        if token.text.startswith("sum_"):
            argument = self._deeper(self._product)  # a sum is over the whole product after it
            return Node("call", (argument,), token.text, token.start, argument.end)
        if token.text not in FUNCTIONS and (token.text not in OPAQUE or self._next != "("):
            return Node("name", (), token.text, token.start, token.end)
        if not self._taken("("):
            argument = self._deeper(self._signed)
            return Node("call", (argument,), token.text, token.start, argument.end)
        arguments = [self._deeper(self._choice)]
        while self._taken(","):
            arguments.append(self._deeper(self._choice))
        return Node("call", tuple(arguments), token.text, token.start, self._closed(")").end)


def _joined(kind: str, left: Node, right: Node) -> Node:
    return Node(kind, (left, right), "", left.start, right.end)
