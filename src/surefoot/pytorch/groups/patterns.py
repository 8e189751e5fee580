"""Which parameters a rule is for: a pattern in the name, a type of module, or a question about each."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from heapq import nlargest
from math import inf

from torch import nn

from surefoot.pytorch.groups.keys import misspelled
from surefoot.pytorch.groups.names import Named, Place

Pattern = str | re.Pattern[str] | type[nn.Module] | tuple[type[nn.Module], ...] | Callable[..., bool]
"""A regular expression sought in the name, modules' types, or a function of (name, parameter, module)."""
Rule = tuple[Pattern, Mapping[str, object]]
"""A pattern, and the keys that it gives to the groups of the parameters that match."""

_RESERVED = {
    "params": "it is what groups itself fills in",
    "param_names": "it is what groups itself fills in",
    "t": "it is the run's step, which the optimizer counts",
    "frozen": "call requires_grad_(False) on the parameters, which also saves their gradients",
    "requires_grad": "call requires_grad_(False) on the parameters, which also saves their gradients",
}


def matches(pattern: Pattern, parameter: nn.Parameter, place: Place) -> bool:
    """Tell whether a parameter in one of its places matches."""
    if isinstance(pattern, str | re.Pattern):
        return re.search(pattern, place.name) is not None
    if isinstance(pattern, type | tuple):
        return isinstance(place.module, pattern)
    return bool(pattern(place.name, parameter, place.module))


def label(pattern: Pattern) -> str:
    """Return how the table and the errors call a pattern.

    >>> label(r"^head"), label((nn.LayerNorm, nn.Embedding)), label(lambda name, parameter, module: True)
    ('^head', 'LayerNorm | Embedding', 'a function')
    """
    if isinstance(pattern, str):
        return pattern
    if isinstance(pattern, re.Pattern):
        return pattern.pattern
    if isinstance(pattern, tuple):
        return " | ".join(kind.__name__ for kind in pattern)
    name = getattr(pattern, "__name__", "<")
    return "a function" if name.startswith("<") else name


def rule_faults(rules: object) -> list[str]:
    """Say what is wrong with rules before any parameter is looked at."""
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        return [f"rules is a {type(rules).__name__}; give a list of (pattern, settings)"]
    return [fault for number, rule in enumerate(rules, 1) for fault in _faults_of(f"rule {number}", rule)]


def _faults_of(where: str, rule: object) -> list[str]:
    if not (isinstance(rule, tuple) and len(rule) == 2 and isinstance(rule[1], Mapping)):
        return [f"{where} is {rule!r}; give (pattern, settings), as in (r'^head', {{'decay': 0.0}})"]
    pattern, settings = rule
    faults = [f"{where} {fault}" for fault in [*_pattern_faults(pattern), *_setting_faults(settings)]]
    return faults if settings else [*faults, f"{where} gives no settings; give some, or leave it out"]


def _pattern_faults(pattern: object) -> list[str]:
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error as error:
            return [f"has the pattern {pattern!r}, no regular expression: {error}"]
        return []
    kinds = pattern if isinstance(pattern, tuple) else (pattern,)
    if isinstance(pattern, type | tuple):
        if kinds and all(isinstance(kind, type) and issubclass(kind, nn.Module) for kind in kinds):
            return []
    elif isinstance(pattern, re.Pattern) or callable(pattern):
        return []
    return [f"has the pattern {pattern!r}; it must be a regular expression, a type of module, types, or a function"]


def _setting_faults(settings: Mapping[object, object]) -> list[str]:
    faults = [f"gives {key!r}: {_RESERVED[key]}" for key in settings if isinstance(key, str) and key in _RESERVED]
    faults += [f"gives the key {key!r}; it must be a word" for key in settings if not isinstance(key, str)]
    faults += misspelled(key for key in settings if isinstance(key, str) and key not in _RESERVED)
    return faults + [
        fault for key in ("decay", "relative") if key in settings for fault in factor_faults(key, settings[key])
    ]


def factor_faults(word: str, value: object) -> list[str]:
    """Say what is wrong with a decay or a relative step size."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value < inf
    return [] if fits else [f"{word} is {value!r}; it must be a number, at least 0 and finite"]


def unmatched_faults(rules: Sequence[Rule], parameters: Sequence[Named]) -> list[str]:
    """Name every rule that matches no parameter, with what it may have meant."""
    faults = []
    for number, (pattern, _) in enumerate(rules, 1):
        if any(matches(pattern, each.parameter, each.places[0]) for each in parameters):
            continue
        tied = [each for each in parameters if any(matches(pattern, each.parameter, place) for place in each.places)]
        faults.append(f"rule {number} ({label(pattern)}) matches no parameter; {_advice(pattern, parameters, tied)}")
    return faults


def _advice(pattern: Pattern, parameters: Sequence[Named], tied: Sequence[Named]) -> str:
    if tied:
        names = ", ".join(sorted({each.name for each in tied}))
        return f"it matches only a second name of {names}, and a tied parameter goes by its first: match that"
    if isinstance(pattern, type | tuple):
        kinds = {type(each.places[0].module).__name__: None for each in parameters}
        return f"parameters belong directly to {', '.join(kinds)}"
    if callable(pattern):
        return f"it was asked of all {len(parameters)}, such as {parameters[0].name}"
    return f"the nearest names are {', '.join(nearest(label(pattern), (each.name for each in parameters)))}"


def nearest(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the three names that have a part most like a pattern.

    >>> nearest("atn", ["blocks.0.attn.weight", "blocks.0.norm.weight", "head.weight", "attn.bias"])
    ['blocks.0.attn.weight', 'attn.bias', 'blocks.0.norm.weight']
    """
    plain = re.sub(r"\\.|[^\w.]", "", pattern.replace(r"\.", ".")).strip(".")
    count = plain.count(".") + 1

    def likeness(name: str) -> float:
        parts = name.split(".")
        windows = (".".join(parts[at : at + count]) for at in range(max(1, len(parts) - count + 1)))
        return max(SequenceMatcher(None, plain, window).ratio() for window in windows)

    return nlargest(3, names, key=likeness)
