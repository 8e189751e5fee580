"""An exercise: a question with fresh numbers, before it is known which card asks it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypeAlias, final

from surefoot.errors import InvalidValue
from surefoot.study.question import Picture

Given: TypeAlias = Mapping[str, Any]
"""What a note says of a drill, such as its rule."""

Maker: TypeAlias = Callable[[Given, Random], "Exercise"]
"""Makes an exercise; all that it draws comes from the generator that it is handed."""


@final
@dataclass(frozen=True)
class Exercise:
    """A question with fresh numbers.

    Args:
        form: "number", "choice" or "curve".
        asks: the question.
        answer: what is right.
        tells: how it comes about, line by line.
        shown: the numbers, a line each.
        choices: of choice and curve, the answer among them.
        pictures: of curve, one for each choice.
        within: of number, how far off an answer may be, as a part of it.
    """

    form: Literal["number", "choice", "curve"]
    asks: str
    answer: str
    tells: str
    shown: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    within: float = 0.01


def number(asks: str, value: float, tells: Sequence[str], shown: Sequence[str] = (), within: float = 0.01) -> Exercise:
    """Return an exercise whose answer is a number; how many digits it asks for is said where two are too few.

    >>> number("How long?", 0.00154, []).asks, number("How long?", 0.5, []).asks
    ('How long? (Three significant digits.)', 'How long?')
    """
    exact = within == 0.0 or float(f"{value:.2g}") == float(told(value))
    more = "" if exact or asks.endswith(".)") else " (Three significant digits.)"
    return Exercise("number", asks + more, told(value), "\n".join(tells), tuple(shown), within=within)


def told(value: float) -> str:
    """Return a number as it is shown: six digits, no zeros without meaning.

    >>> told(0.1 + 0.2), told(-0.0), told(1234567.0)
    ('0.3', '0', '1.23457e+06')
    """
    return f"{value + 0.0:.6g}"


def named(numbers: Mapping[str, float]) -> str:
    """Return names with their numbers, and those that are 0 together at the end.

    >>> named({"p": 1.0, "decay": 0.0, "eps": 0.0})
    'p = 1; decay and eps are 0'
    """
    zero = [name for name, value in numbers.items() if value == 0.0]
    parts = [", ".join(f"{name} = {told(value)}" for name, value in numbers.items() if value != 0.0)]
    *first, last = zero or [""]
    parts += [f"{', '.join(first)} and {last} are 0" if first else f"{last} is 0"] if zero else []
    return "; ".join(part for part in parts if part)


def asked_of(given: Given, name: str, allowed: Sequence[str]) -> str:
    """Return what a note says of a drill under a name.

    Errors: InvalidValue if it says nothing, or something that is not allowed.
    """
    value = given.get(name)
    if value not in allowed:
        known = ", ".join(allowed[:8]) + (", ..." if len(allowed) > 8 else "")
        raise InvalidValue(f"a drill's {name} is {value!r}; it is one of {known}")
    return str(value)
