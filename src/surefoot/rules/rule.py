"""What a rule is: an optimizer's formula with its constants.

The formula is a short scalar function in a tiny language (see `language`). Its arguments are, in this order, the
parameter `p`, the gradient `g`, the slots it carries from step to step, and numbers; it returns `p` and the slots.
Everything else that surefoot knows of the formula is read off its source.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from surefoot.errors import refuse
from surefoot.rules.language import Formula, formula_of
from surefoot.symbols import SYMBOLS

Numbers = Mapping[str, float]


def no_numbers(count: int, constants: Numbers) -> dict[str, float]:  # noqa: ARG001
    """Return the per-step numbers of a rule that has none."""
    return {}


@dataclass(frozen=True, eq=False)
class Rule:
    """An elementwise optimizer.

    Args:
        name: how it is called in text and files; an identifier.
        formula: the scalar function; see the module.
        constants: the shared numbers with their defaults, `step_size` and `decay` among them.
        source: the paper and the place in it.
        per_step: gives the numbers that depend on how many gradients a parameter has had, this one counted, from that
            count and the constants; plain float arithmetic on the host.
        laws: what is true of every path of this rule, in words; each is a test of the same words.
        rounding: `k` in the bound on how far any backend may be from the float64 reference after an open loop of steps:
            `k * eps * sum over steps of (|p| + |movement of p|)`, element by element, eps being that of p's dtype.

    Errors: `InvalidValue` where the formula and the declared numbers disagree.
    """

    name: str
    formula: Callable[..., object]
    constants: Numbers
    source: str
    per_step: Callable[[int, Numbers], dict[str, float]] = no_numbers
    laws: tuple[str, ...] = ()
    rounding: float = 4.0
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        stepwise = tuple(self.per_step(1, self.constants))
        numbers = self.parsed.numbers
        known = (*self.constants, *stepwise)
        assigned = {ast.unparse(line.targets[0]) for line in self.parsed.lines}
        faults = [
            f"the formula takes {n!r}, which no constant and no per-step number gives"
            for n in numbers
            if n not in known
        ]
        faults += [
            f"the formula assigns to {n!r}, which is a number; give the result a name of its own"
            for n in sorted(assigned & {*numbers})
        ]
        if self.parsed.returned[0] != "p":
            faults.append("the formula must return p first")
        if "step_size" not in numbers:
            faults.append("the formula must take 'step_size'")
        refuse(f"rule {self.name}", faults)
        object.__setattr__(self, "names", numbers)

    def __deepcopy__(self, memo: object) -> "Rule":
        """Return the rule itself: it never changes."""
        return self

    @cached_property
    def parsed(self) -> Formula:
        """The formula's syntax, checked against the language."""
        return formula_of(self.formula)

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the arrays that the formula carries from step to step; each has the shape of `p` and starts at 0."""
        return self.parsed.slots

    @property
    def counts(self) -> bool:
        """Whether the numbers depend on how often a parameter has been stepped."""
        return self.per_step is not no_numbers

    def row(self, count: int, constants: Numbers) -> tuple[float, ...]:
        """Return the formula's numbers, in its order, for a parameter's `count`-th gradient (the first is 1)."""
        if not self.counts:
            return tuple(constants[name] for name in self.names)
        given = {**constants, **self.per_step(count, constants)}
        return tuple(given[name] for name in self.names)

    def faults(self, constants: Numbers, words: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """Say everything that is wrong with the given constants; `words` is how the user spells some of them."""
        found = (
            SYMBOLS[name].fault(words.get(name, name), value) for name, value in constants.items() if name in SYMBOLS
        )
        return [fault for fault in found if fault]
