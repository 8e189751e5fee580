"""Kinship: which entries name each other."""

import re
from collections.abc import Iterable, Mapping

_NAMING = re.compile(r"`(\w+)`|\b[Ss]teps? as (\w+) does|(?:path is|than) (\w+)'s\b|what (\w+) steps|\b(\w+)\(")


def named_in(texts: Iterable[str]) -> set[str]:
    """Return what is named in texts as a thing: in backquotes, as something that does or has, before brackets.

    >>> sorted(named_in(["Step as adam does.", "the path is sgd's", "`lion`"]))
    ['adam', 'lion', 'sgd']
    """
    return {name for text in texts for found in _NAMING.findall(text) for name in found if name}


def kin_of(named: Mapping[str, set[str]], alike: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return the kin of each name: those that it names, that name it, or that are alike, in the order given.

    Args:
        named: what each name names.
        alike: what names have in common that are kin without naming each other.
    """
    return {
        name: tuple(
            other
            for other in named
            if other != name and (other in named[name] or name in named[other] or alike[other] == alike[name])
        )
        for name in named
    }
