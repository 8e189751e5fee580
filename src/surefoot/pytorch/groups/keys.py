"""The keys that rules may give to groups: what an optimizer knows, and what is a misspelling of that."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from inspect import signature

import torch

from surefoot.rules import RULES

_OWN = ("decay", "relative", "schedule", "step_size", "l2", "rule", "precision")
"""Words of ours that are no constant of a rule."""

_ALWAYS = frozenset(("decay", "relative"))
"""Keys that `groups` itself gives; an optimizer without them leaves them alone."""

_LIKE = 0.8
"""How alike a key must be to a known one to be a misspelling: `weigth_decay` is 0.92, `gamma` and `gain` 0.67."""


def misspelled(keys: Iterable[str]) -> list[str]:
    """Say which keys no optimizer of ours or of torch's knows, though they are nearly ones that some do.

    Others may be constants of a rule of the user's own, or words of another package's optimizer.

    >>> misspelled(["weigth_decay", "gamma"])
    ["gives the key 'weigth_decay', which no optimizer knows; is 'weight_decay' meant?"]
    """
    found = []
    for key in keys:
        near = [] if key in known() else get_close_matches(key, sorted(known()), n=1, cutoff=_LIKE)
        found += [f"gives the key {key!r}, which no optimizer knows; is {near[0]!r} meant?"] if near else []
    return found


def strangers(groups: Iterable[Mapping[str, object]], own: Collection[str]) -> list[str]:
    """Say which keys of groups an optimizer does not know.

    Args:
        groups: as `groups` returns them.
        own: the keys that the optimizer knows.
    """
    given = dict.fromkeys(key for group in groups for key in group)
    unknown = [key for key in given if key not in own and key not in _ALWAYS and key not in ("params", "param_names")]
    allowed = ", ".join(sorted(own))
    return [f"a rule of the groups gives {key!r}, which it does not know; it knows {allowed}" for key in unknown]


@cache
def known() -> frozenset[str]:
    """Return every key that an optimizer of ours or of torch's knows."""
    constants = {name for rule in RULES.values() for name in rule.constants}
    kinds = [kind for kind in vars(torch.optim).values() if isinstance(kind, type)]
    optimizers = [kind for kind in kinds if issubclass(kind, torch.optim.Optimizer)]
    theirs = {name for kind in optimizers for name in signature(kind.__init__).parameters}
    return frozenset((*_OWN, *constants, *(theirs - {"self", "params", "defaults"})))
