"""The catalogue: every rule, schedule, penalty and check as one list of plain entries, and the way to one by its name.

Nothing is written here that stands elsewhere: entries are read off formulas, symbols, signatures, docstrings, facts
and declarations.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from importlib import import_module

from surefoot.catalogue.entry import KINDS as KINDS
from surefoot.catalogue.entry import Entry as Entry
from surefoot.catalogue.entry import Fact as Fact
from surefoot.catalogue.entry import Kind as Kind
from surefoot.catalogue.entry import Term as Term
from surefoot.errors import InvalidValue


@cache
def entries(kind: Kind | None = None) -> tuple[Entry, ...]:
    """Return the entries of a kind, or all, in the order in which they are listed.

    >>> [entry.name for entry in entries("penalty")][:2]
    ['mean_squared_error', 'mean_absolute_error']
    """
    if kind is None:
        return tuple(entry for each in KINDS for entry in entries(each))
    made: tuple[Entry, ...] = import_module(f"surefoot.catalogue.{KINDS[kind]}").entries()
    return made


def find(name: str) -> Entry:
    """Return the entry of a name; `AdamW` and `sf.AdamW` mean adamw, and `rule:adamw` says the kind too.

    Errors: InvalidValue that names near ones if there is none.

    >>> find("sf.CrossEntropy").name
    'cross_entropy'
    """
    kind, _, wanted = name.rpartition(":")
    if kind and kind not in KINDS:
        raise InvalidValue(f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
    kinds = [each for each in KINDS if kind in (each, "")]
    for entry in (entry for each in kinds for entry in entries(each)):  # a kind is read only when it is come to
        if _folded(entry.name) == _folded(wanted):
            return entry
    *first, last = KINDS
    named = f"{', '.join(first)} or {last}"
    known = [entry.name for each in kinds for entry in entries(each)]
    raise InvalidValue(f"there is no {kind or named} {wanted!r}; {_advice(wanted, known)}")


def _folded(name: str) -> str:
    return name.strip().removeprefix("sf.").replace("_", "").replace("-", "").casefold()


def _advice(wanted: str, known: Sequence[str]) -> str:
    """Say which names are near: alike, with these initials (mse), or holding what was typed."""
    typed, folded = _folded(wanted), {_folded(name): name for name in known}
    near = [folded[name] for name in get_close_matches(typed, folded, n=3)]
    near += [name for name in known if "".join(word[0] for word in name.split("_")) == typed]
    near += [name for text, name in folded.items() if len(typed) > 2 and typed in text]
    names = list(dict.fromkeys(near))[:4]
    if not names:
        return "`surefoot list` names them all"
    return f"near it {'is' if len(names) == 1 else 'are'} {', '.join(names)}"
