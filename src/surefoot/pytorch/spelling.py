"""How an optimizer class spells its rule: the keys of its groups, the names of its state, torch's flags.

Nothing below this sees torch's words: `read` translates a group into a rule and its constants, every step, so that a
value changed in `param_groups` acts at once, as it does in torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from torch import Tensor

from surefoot.errors import refuse
from surefoot.rules.matrix_rule import AnyRule

Group = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """What a group says: the rule, its constants but for the step size, and what is done to the gradient first."""

    rule: AnyRule
    constants: dict[str, float]
    l2: float = 0.0
    sign: float = 1.0

    def faults(self, words: Mapping[str, str]) -> list[str]:
        """Say what is out of bounds, in the user's words."""
        return self.rule.faults({**self.constants, "l2": self.l2}, words)


@dataclass(frozen=True)
class Spelling:
    """How an optimizer class spells its rule.

    Args:
        read: translates a group.
        keys: the keys of a group that `read` reads: while their values stay the same, so does what is read.
        slots: the name in `optimizer.state` of each slot.
        counted: whether the state holds `step`, how many gradients a parameter has had.
        carried: the name in `optimizer.state` of each number that a rule carries from gradient to gradient.
        words: our word for each key of torch's that has one; both may be used, not both at once.
    """

    read: Callable[[Group], Reading]
    keys: tuple[str, ...]
    slots: Mapping[str, str]
    counted: bool
    words: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def facts(self) -> Callable[[Group], tuple[Any, ...]]:
        """Returns the values of `keys`, of `differentiable` too."""
        return itemgetter("differentiable", *self.keys)

    @cached_property
    def typed(self) -> dict[str, str]:
        """How faults name our words: with torch's beside them."""
        return {ours: f"{ours} ({theirs})" for ours, theirs in {"l2": "weight_decay", **self.words}.items()}

    @cached_property
    def ours(self) -> dict[str, str]:
        """Our word for each of torch's."""
        l2 = {} if "weight_decay" in self.words.values() else {"weight_decay": "l2"}
        return {**l2, **{theirs: ours for ours, theirs in self.words.items()}}

    def translated(self, where: str, group: Group) -> Group:
        """Return a group with our words replaced by torch's.

        Errors: `InvalidValue` where one thing is given in two spellings.
        """
        both = [
            f"{ours} and {theirs} are two spellings of one thing; give one"
            for ours, theirs in self.words.items()
            if {ours, theirs} <= {*group}
        ]
        refuse(where, both)
        result = {self.words.get(key, key): value for key, value in group.items()}
        betas = {key: result.pop(key) for key in ("beta1", "beta2") if key in result}
        if betas:
            refuse(
                where,
                ["betas and beta1 or beta2 are two spellings of one thing; give one"] if "betas" in result else [],
            )
            result["betas"] = betas
        return result


def number(value: float | Tensor) -> float:
    """Return a hyperparameter as a float; torch allows tensors of one element.

    Errors: `InvalidValue` for a tensor of more or none.
    """
    if isinstance(value, Tensor) and value.numel() != 1:
        refuse(
            "hyperparameter", [f"it is a tensor of {value.numel()} elements; give a number or a tensor of one element"]
        )
    return value if type(value) is float else float(value)


def chosen(where: str, default: Any, **spellings: Any) -> Any:
    """Return the one spelling that is given, or the default.

    Errors: `InvalidValue` where two are given.
    """
    given = {word: value for word, value in spellings.items() if value is not None}
    if len(given) > 1:
        refuse(where, [f"{' and '.join(given)} are two spellings of one thing; give one"])
    return next(iter(given.values()), default)
