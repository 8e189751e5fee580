"""What a docstring says: its first sentence, its arguments with their bounds, its source."""

import inspect
import re
from collections.abc import Callable
from typing import NamedTuple


class Argument(NamedTuple):
    """What is said of an argument, and what in brackets: its unit and bounds."""

    says: str
    bounds: str


def sentence(thing: Callable[..., object]) -> str:
    """Return what a function or a class is for, in one sentence, without a formula that follows its colon.

    >>> from surefoot.schedules import linear
    >>> sentence(linear)
    'A straight fall from the peak'
    """
    first = _joined(_doc(thing).split("\n\n")[0]).removeprefix("Return ")
    first = re.sub(r": [^:]*\(i \+ 1\).*|; its arguments and end are .*", "", first).rstrip(".")
    return first[0].upper() + first[1:]


def section(thing: Callable[..., object], title: str) -> str:
    """Return a section of a docstring as one line, or nothing."""
    found = re.search(rf"^{title}: (.*?)(?:\n\n|\Z)", _doc(thing), flags=re.DOTALL | re.MULTILINE)
    return _joined(found[1]) if found else ""


def arguments(thing: Callable[..., object]) -> dict[str, Argument]:
    """Return what is said of each argument.

    >>> from surefoot.schedules import linear
    >>> arguments(linear)["to"]
    Argument(says='the end value', bounds='fraction of the peak, 0 to 1')
    """
    block = re.search(r"^Args:\n(.*?)(?:\n\n|\Z)", _doc(thing), flags=re.DOTALL | re.MULTILINE)
    rows = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", block[1], flags=re.MULTILINE) if block else []
    return {name: _argument(_joined(text)) for name, text in rows}


def _argument(text: str) -> Argument:
    bounds = re.search(r" \[([^\]]*)\]", text)
    return Argument(re.sub(r" \[[^\]]*\]", "", text).rstrip("."), bounds[1] if bounds else "")


def _doc(thing: Callable[..., object]) -> str:
    return inspect.getdoc(thing) or ""


def _joined(text: str) -> str:
    return " ".join(text.split())
