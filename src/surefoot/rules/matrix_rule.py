"""What a matrix rule is: an optimizer's formula that needs a whole matrix at once, and not one element.

Such a formula is a plain function of torch tensors: no kernel is written from it, so it knows no small language. To
whoever keeps groups, state and clocks a matrix rule and an elementwise one look alike: `AnyRule`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from surefoot.rules.rule import Numbers, Rule
from surefoot.symbols import SYMBOLS


@dataclass(frozen=True, eq=False)
class MatrixRule:
    """An optimizer of matrices.

    Args:
        name: how it is called in text and files; an identifier.
        formula: gives, from a batch of parameters seen as matrices, their gradients, the slots (all of one shape:
            matrices, rows, columns) and the constants in their order, the new parameters and slots.
        constants: the shared numbers with their defaults, `step_size` first.
        slots: names of the arrays that it carries from step to step; each has the shape of `p` and starts at 0.
        source: the paper and the place in it.
        says: what it does, in one sentence; the formula's own by default.
        together: how many elements a CPU steps in one batch; measured, see the rule.

    >>> def descent(p, g, step_size):
    ...     return (p - step_size * g,)
    >>> MatrixRule("descent", descent, {"step_size": 0.1}, (), "none").row(1, {"step_size": 0.5, "peak": 1.0})
    (0.5,)
    """

    name: str
    formula: Callable[..., tuple[Any, ...]]
    constants: Numbers
    slots: tuple[str, ...]
    source: str
    says: str = ""
    together: int = 2**16
    carried: tuple[str, ...] = ()
    counts: bool = False

    def __post_init__(self) -> None:
        if not self.says:
            object.__setattr__(self, "says", (self.formula.__doc__ or "").strip().split("\n")[0])

    def __deepcopy__(self, memo: object) -> "MatrixRule":
        """Return the rule itself: it never changes."""
        return self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The formula's numbers, in its order."""
        return tuple(self.constants)

    def start(self, name: str, numbers: Numbers) -> float:  # noqa: ARG002
        """Return what a slot is before the first gradient."""
        return 0.0

    def carry(self, count: int, numbers: Numbers) -> dict[str, float]:  # noqa: ARG002
        """Return what a parameter carries to its next gradient beside its slots: nothing."""
        return {}

    def row(self, count: int, numbers: Numbers) -> tuple[float, ...]:  # noqa: ARG002
        """Return the formula's numbers, in its order; they are the same for every gradient."""
        return tuple(numbers[name] for name in self.names)

    def faults(self, constants: Numbers, words: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """Say everything that is wrong with the given constants; `words` is how the user spells some of them."""
        found = (
            SYMBOLS[name].fault(words.get(name, name), value) for name, value in constants.items() if name in SYMBOLS
        )
        return [fault for fault in found if fault]


AnyRule: TypeAlias = Rule | MatrixRule
"""A rule of either kind: what groups, state and clocks know of it is the same."""
