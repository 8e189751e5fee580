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


PACE = ("step_size", "peak", "factor")
"""What every formula and every per-step number may use of the step size: itself, its peak, and what share of it is used
(schedule times feedback), with `step_size = peak * factor`.
"""


def no_numbers(count: int, constants: Numbers) -> dict[str, float]:  # noqa: ARG001
    """Return the per-step or carried numbers of a rule that has none."""
    return {}


@dataclass(frozen=True, eq=False)
class Rule:
    """An elementwise optimizer.

    Args:
        name: how it is called in text and files; an identifier.
        formula: the scalar function; see the module. Rules that differ in numbers alone share one.
        constants: the shared numbers with their defaults, `step_size` and `decay` among them.
        source: the paper and the place in it.
        says: what it does, in one sentence; the formula's own by default.
        per_step: gives the numbers that depend on how many gradients a parameter has had, this one counted, from that
            count, the constants, `PACE` and what is carried; plain float arithmetic on the host.
        starts: what slots and carried numbers are before the first gradient: a number, or a constant's or `peak`'s
            name; a slot that is not here starts at 0.
        carry: gives, from the same things, the numbers that a parameter carries to its next gradient; those in
            `starts` that are no slots.
        laws: what is true of every path of this rule, in words; each is a test of the same words.
        elsewhere: how torch, Keras and optax differ, by library.
        rounding: `k` in the bound on how far any backend may be from the float64 reference after an open loop of steps:
            `k * eps * sum over steps of (|p| + |movement of p|)`, element by element, eps being that of p's dtype.

    Errors: `InvalidValue` where the formula and the declared numbers disagree.
    """

    name: str
    formula: Callable[..., object]
    constants: Numbers
    source: str
    says: str = ""
    per_step: Callable[[int, Numbers], dict[str, float]] = no_numbers
    starts: Mapping[str, float | str] = field(default_factory=dict)
    carry: Callable[[int, Numbers], dict[str, float]] = no_numbers
    laws: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    rounding: float = 4.0
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        numbers = self.parsed.numbers
        refuse(f"rule {self.name}", self._faults_of_names(numbers))
        object.__setattr__(self, "names", numbers)
        if not self.says:
            object.__setattr__(self, "says", (self.formula.__doc__ or "").strip().split("\n")[0])

    def _faults_of_names(self, numbers: tuple[str, ...]) -> list[str]:
        paced = {"peak": self.constants.get("step_size", 1.0), "factor": 1.0, **self.constants}
        known = {**paced, **self.first(paced)}
        known |= self.per_step(1, known)
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
        return faults

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

    @cached_property
    def carried(self) -> tuple[str, ...]:
        """Names of the numbers that a parameter carries from gradient to gradient, one each and not one an element."""
        return tuple(name for name in self.starts if name not in self.slots)

    @cached_property
    def counts(self) -> bool:
        """Whether the numbers depend on how often a parameter has been stepped."""
        return self.per_step is not no_numbers or self.carry is not no_numbers

    def start(self, name: str, numbers: Numbers) -> float:
        """Return what a slot or a carried number is before the first gradient, from the constants and `PACE`."""
        value = self.starts.get(name, 0.0)
        return numbers[value] if isinstance(value, str) else value

    def first(self, numbers: Numbers) -> dict[str, float]:
        """Return what a parameter carries before its first gradient."""
        return {name: self.start(name, numbers) for name in self.carried}

    def row(self, count: int, numbers: Numbers) -> tuple[float, ...]:
        """Return the formula's numbers, in its order, for a parameter's `count`-th gradient (the first is 1).

        Args:
            count: how many gradients the parameter has had, this one counted.
            numbers: the constants, `PACE` and what the parameter carries; a lone `step_size` is its own peak.
        """
        given = numbers if "peak" in numbers else {"peak": numbers["step_size"], "factor": 1.0, **numbers}
        if self.counts:
            given = {**given, **self.per_step(count, given)}
        return tuple(given[name] for name in self.names)

    def faults(self, constants: Numbers, words: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """Say everything that is wrong with the given constants; `words` is how the user spells some of them."""
        found = (
            SYMBOLS[name].fault(words.get(name, name), value) for name, value in constants.items() if name in SYMBOLS
        )
        return [fault for fault in found if fault]
