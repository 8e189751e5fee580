"""The parameters of one group, bound to their state: who steps, in which lane, for which time.

Forming lanes is slow (tens of microseconds a parameter) and done once; each step only checks that nothing has changed
since: the list of parameters, which of them have a gradient, the tensors in `optimizer.state`, and the memory itself.
"""

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.backends.choose import Lane, kernel_takes, lane_of
from surefoot.pytorch.spelling import Reading, Spelling
from surefoot.rules.rule import Rule

State = Mapping[Tensor, dict[str, Any]]
Row = tuple[float, ...]


def same(first: Sequence[object], second: Sequence[object]) -> bool:
    """Tell whether two sequences hold the very same objects."""
    return len(first) == len(second) and all(map(is_, first, second))


class Ledger:
    """How many gradients each parameter of a group has had: the parameters' own clocks.

    Torch keeps the count in `state[p]["step"]`, a tensor of its own per parameter. Here these tensors are views of one
    array, so that counting costs the same for one parameter as for a thousand, and torch still finds them where it looks.
    """

    def __init__(self, parameters: Sequence[Tensor], state: State, counted: bool) -> None:
        self.counted = counted
        kind = np.float64 if torch.get_default_dtype() == torch.float64 else np.float32
        states = [state[p] if p in state else {} for p in parameters]
        self.counts: NDArray[Any] = np.array([float(s.get("step", any(v is not None for v in s.values()))) for s in states], dtype=kind)
        self._views = torch.from_numpy(self.counts)
        if counted:
            for index, entry in enumerate(states):
                if entry:
                    self.bind(index, entry)

    def bind(self, index: int, entry: dict[str, Any]) -> None:
        """Make a parameter's `step` a view of this ledger."""
        entry["step"] = self._views[index]


class Cohort:
    """The parameters of a group that have a gradient, in the lanes they step in."""

    def __init__(self, rule: Rule, spelling: Spelling, members: list[int], roster: "Roster", gradients: list[Tensor], differentiable: bool) -> None:
        self.parameters = [roster.parameters[i] for i in members]
        self._members = members
        self._ledger = roster.ledger
        self._states = [roster.entry(i, rule) for i in members]
        names = [spelling.slots[slot] for slot in rule.slots] + (["step"] if spelling.counted else [])
        self._bound = [(name, [entry[name] for entry in self._states]) for name in names]
        self._index: Any = slice(None) if len(members) == len(roster.parameters) else np.array(members)
        self._rule = rule
        slots = [tensors for _, tensors in self._bound[: len(rule.slots)]]
        self.lanes = self._lanes(gradients, slots, differentiable)

    def _lanes(self, gradients: list[Tensor], slots: list[list[Tensor]], differentiable: bool) -> list[tuple[Lane, list[int]]]:
        places: dict[torch.dtype | None, list[int]] = {}
        for i, (p, g) in enumerate(zip(self.parameters, gradients, strict=True)):
            fast = not differentiable and kernel_takes(p, g, [slot[i] for slot in slots])
            places.setdefault(p.dtype if fast else None, []).append(i)
        return [
            (lane_of(kind, self._rule, [self.parameters[i] for i in at], [[slot[i] for i in at] for slot in slots], differentiable=differentiable), at)
            for kind, at in places.items()
        ]  # fmt: skip

    def fits(self, state: State, gradients: list[Tensor]) -> bool:
        """Tell whether state and memory are still what this cohort was formed for."""
        if not same(list(map(state.get, self.parameters)), self._states):
            return False
        for name, tensors in self._bound:
            if not same([entry.get(name) for entry in self._states], tensors):
                return False
        if len(self.lanes) == 1:
            return self.lanes[0][0].fits(gradients)
        return all(lane.fits([gradients[i] for i in at]) for lane, at in self.lanes)

    def squares(self, gradients: list[Tensor]) -> float:
        """Return the sum of squared gradients."""
        return sum(lane.squares([gradients[i] for i in at]) for lane, at in self.lanes)

    def step(self, gradients: list[Tensor], reading: Reading, scale: float) -> None:
        """Count this gradient of every parameter, and step them all."""
        rows = self._counted_rows(reading, (scale * reading.sign, reading.l2))
        if len(self.lanes) == 1:
            self.lanes[0][0].step(gradients, rows)
            return
        for lane, at in self.lanes:
            lane.step([gradients[i] for i in at], rows if len(rows) == 1 else [rows[i] for i in at])

    def _counted_rows(self, reading: Reading, first: Row) -> list[Row]:
        counts = self._ledger.counts
        if self._ledger.counted:
            counts[self._index] += 1
        if not self._rule.counts:
            return [first + self._rule.row(1, reading.constants)]
        here = counts[self._index]
        if not self._ledger.counted:  # torch keeps no count for this rule: only the first gradient is told apart
            rows = self._rows_for(here + 1, reading.constants, first)
            counts[self._index] = 1
            return rows
        return self._rows_for(here, reading.constants, first)

    def _rows_for(self, counts: NDArray[Any], constants: dict[str, float], first: Row) -> list[Row]:
        newest = counts[0]
        if counts.tobytes() == newest.tobytes() * len(counts):
            return [first + self._rule.row(int(newest), constants)]
        known = {count: first + self._rule.row(int(count), constants) for count in set(counts.tolist())}
        return [known[count] for count in counts.tolist()]


class Roster:
    """All parameters of one group, their ledger, and the cohorts formed so far.

    Which parameters have a gradient may differ from step to step (experts, frozen parts): each pattern has a cohort.
    """

    REMEMBERED = 32
    """Patterns remembered; a model that shows more forms them anew."""

    def __init__(self, parameters: list[Tensor], state: State, spelling: Spelling) -> None:
        self.parameters = list(parameters)
        self.ledger = Ledger(parameters, state, spelling.counted)
        self._state = state
        self._spelling = spelling
        self._cohorts: dict[object, Cohort] = {}

    def is_for(self, parameters: list[Tensor], state: State) -> bool:
        """Tell whether this roster was made for these parameters and this state."""
        return self._state is state and same(parameters, self.parameters)

    def entry(self, index: int, rule: Rule) -> dict[str, Any]:
        """Return a parameter's state, with what the rule needs and is not there yet."""
        p = self.parameters[index]
        entry = self._state[p]
        if self._spelling.counted:
            self.ledger.bind(index, entry)
        for slot in rule.slots:
            name = self._spelling.slots[slot]
            if entry.get(name) is None:
                entry[name] = torch.zeros_like(p, memory_format=torch.preserve_format, requires_grad=False)
        return entry

    def known(self, pattern: object, state: State, gradients: list[Tensor]) -> Cohort | None:
        """Return the cohort of a pattern, if there is one and it still fits."""
        cohort = self._cohorts.get(pattern)
        return cohort if cohort is not None and cohort.fits(state, gradients) else None

    def form(self, pattern: object, members: list[int], rule: Rule, gradients: list[Tensor], differentiable: bool) -> Cohort:
        """Form the cohort of a pattern, making the state that its parameters lack."""
        if len(self._cohorts) >= self.REMEMBERED:
            self._cohorts.clear()
        cohort = Cohort(rule, self._spelling, members, self, gradients, differentiable)
        self._cohorts[pattern] = cohort
        return cohort
