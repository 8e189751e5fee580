"""The parameters of one group, bound to their state: who steps, in which lane, for which time.

Forming lanes is slow (tens of microseconds a parameter) and done once; each step only checks that nothing has changed
since: the list of parameters, which of them have a gradient, and the memory itself.
"""

from collections.abc import Sequence
from operator import is_
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.backends.choose import Lane, kernel_takes, lane_of
from surefoot.backends.eager import EagerLane
from surefoot.backends.emit import SUMS
from surefoot.errors import refuse
from surefoot.pytorch.clocks import Clocks, State
from surefoot.pytorch.spelling import Group, Reading, Spelling
from surefoot.pytorch.statistics import Floats
from surefoot.pytorch.step_size import Pace
from surefoot.rules.matrix_rule import AnyRule, MatrixRule
from surefoot.rules.rule import Numbers

Row = tuple[float, ...]
Pattern = tuple[AnyRule, bool, tuple[type, ...]]
"""What a cohort is formed for: the rule, whether the step is to be differentiable, the type of each gradient."""


def same(first: Sequence[object], second: Sequence[object]) -> bool:
    """Tell whether two sequences hold the very same objects."""
    return len(first) == len(second) and all(map(is_, first, second))


def numbers_of(reading: Reading, pace: Pace) -> dict[str, float]:
    """Return what a rule's numbers are computed from: what the group says, and the pace."""
    return {**reading.constants, "step_size": pace.step_size, "peak": pace.peak, "factor": pace.factor}


class Cohort:
    """The parameters of a group that have a gradient, in the lanes they step in."""

    def __init__(self, roster: "Roster", pattern: Pattern, gradients: list[Tensor], numbers: Numbers) -> None:
        rule, differentiable, kinds = pattern
        members = [i for i, kind in enumerate(kinds) if kind is not type(None)]
        self.parameters = [roster.parameters[i] for i in members]
        self._rule = rule
        self._clocks = roster.clocks
        self._index: Any = slice(None) if len(members) == len(roster.parameters) else np.array(members)
        entries = [roster.entry(i, rule, numbers) for i in members]
        self._carried = [roster.spelling.carried[name] for name in rule.carried]
        slots = [[entry[roster.spelling.slots[slot]] for entry in entries] for slot in rule.slots]
        self.lanes = self._lanes(gradients, slots, differentiable)
        self._slots = slots
        self._eager = (
            [] if differentiable else [i for lane, at in self.lanes if isinstance(lane, EagerLane) for i in at]
        )
        self._key: object = None
        self._rows: list[Row] = []

    def _lanes(
        self, gradients: list[Tensor], slots: list[list[Tensor]], differentiable: bool
    ) -> list[tuple[Lane, list[int]]]:
        eager = differentiable or isinstance(self._rule, MatrixRule)
        places: dict[torch.dtype | None, list[int]] = {}
        for i, (p, g) in enumerate(zip(self.parameters, gradients, strict=True)):
            fast = not eager and kernel_takes(p, g, [slot[i] for slot in slots])
            places.setdefault(p.dtype if fast else None, []).append(i)
        lanes = []
        for kind, at in places.items():
            parameters, theirs = [self.parameters[i] for i in at], [[slot[i] for i in at] for slot in slots]
            lanes.append((lane_of(kind, self._rule, parameters, theirs, differentiable=differentiable), at))
        return lanes

    def fits(self, gradients: list[Tensor]) -> bool:
        """Tell whether memory is still what this cohort was formed for.

        A parameter that one odd gradient made eager goes back to its kernel with the next plain one: the lane depends
        on this step alone, or a resumed run would round otherwise than the unbroken one.
        """
        if self._eager and any(self._could_be_fast(i, gradients[i]) for i in self._eager):
            return False
        if len(self.lanes) == 1:
            return self.lanes[0][0].fits(gradients)
        return all(lane.fits([gradients[i] for i in at]) for lane, at in self.lanes)

    def _could_be_fast(self, index: int, gradient: Tensor) -> bool:
        return kernel_takes(self.parameters[index], gradient, [slot[index] for slot in self._slots])

    def sums(self) -> Floats:
        """Return the statistics of the last step, one row per parameter."""
        if len(self.lanes) == 1:
            return self.lanes[0][0].sums()
        result = np.zeros((len(self.parameters), len(SUMS)))
        for lane, at in self.lanes:
            result[at] = lane.sums()
        return result

    def squares(self, gradients: list[Tensor]) -> float:
        """Return the sum of squared gradients."""
        if len(self.lanes) == 1:
            return self.lanes[0][0].squares(gradients)
        return sum(lane.squares([gradients[i] for i in at]) for lane, at in self.lanes)

    def step(
        self, gradients: list[Tensor], reading: Reading, pace: Pace, scale: float, sound: Tensor | None = None
    ) -> None:
        """Count this gradient of every parameter, and step them all.

        Where `sound` is given and turns out to be false, parameters and slots stay as they were; the count is then to
        be taken back.
        """
        rows = self.counted_rows(reading, pace, scale)
        if len(self.lanes) == 1:
            self.lanes[0][0].step(gradients, rows, sound)
            return
        for lane, at in self.lanes:
            lane.step([gradients[i] for i in at], rows if len(rows) == 1 else [rows[i] for i in at], sound)

    def counts(self) -> NDArray[Any]:
        """Return a copy of the group's counts and carried numbers."""
        return self._clocks.table.copy()

    def take_back(self, counts: NDArray[Any]) -> None:
        """Have the group's counts and carried numbers be again what they were."""
        self._clocks.take_back(counts)
        self._key = None

    def counted_rows(self, reading: Reading, pace: Pace, scale: float) -> list[Row]:
        """Count, and return the numbers of this step: one row where all parameters share it."""
        changed = self._clocks.count(self._index)
        key = (reading, pace, scale)
        if (changed and self._rule.counts) or key != self._key:
            numbers = numbers_of(reading, pace)
            first = (scale * reading.sign, reading.l2)
            if self._carried:
                self._rows = self._carried_rows(first, numbers)
            else:
                counts = self._clocks.counts[self._index]
                uniform = not self._rule.counts or counts.tobytes() == counts[:1].tobytes() * len(counts)
                each = counts[:1].tolist() if uniform else counts.tolist()
                known = {count: first + self._rule.row(int(count), numbers) for count in set(each)}
                self._rows = [known[count] for count in each]
            self._key = key
        return self._rows

    def _carried_rows(self, first: Row, numbers: Numbers) -> list[Row]:
        """Return the numbers of this step, and let every parameter carry its own to the next."""
        table, at = self._clocks.table, self._clocks.rows(self._carried)
        columns = table[at][:, self._index]
        if (columns == columns[:, :1]).all():
            columns = columns[:, :1]  # one for all, as it is but for gradients that are missing or late
        each = [tuple(column) for column in columns.T.tolist()]
        rows, following = {}, {}
        for column in set(each):
            given = {**numbers, **dict(zip(self._rule.carried, column[1:], strict=True))}
            rows[column] = first + self._rule.row(int(column[0]), given)
            after = self._rule.carry(int(column[0]), given)
            following[column] = [after[name] for name in self._rule.carried]
        for row, values in zip(at[1:], zip(*(following[column] for column in each), strict=True), strict=True):
            table[row, self._index] = values
        return [rows[column] for column in each]


class Roster:
    """All parameters of one group, their clocks, and the cohorts formed so far.

    Which parameters have a gradient may differ from step to step (experts, frozen parts): each pattern has a cohort.

    Args:
        parameters: the group's parameters.
        state: `optimizer.state`.
        spelling: how the optimizer names its state.
    """

    REMEMBERED = 32
    """Patterns remembered; a model that shows more forms them anew."""

    def __init__(self, parameters: list[Tensor], state: State, spelling: Spelling) -> None:
        self.parameters = list(parameters)
        self.spelling = spelling
        self.clocks = Clocks(parameters, state, spelling.counted, tuple(spelling.carried.values()))
        self._state = state
        self._cohorts: dict[Pattern, Cohort] = {}
        self._facts: object = None
        self._reading: Reading | None = None

    def is_for(self, parameters: list[Tensor]) -> bool:
        """Tell whether this roster was made for these parameters."""
        return same(parameters, self.parameters)

    def reading(self, group: Group, where: str) -> Reading:
        """Return what the group says, read anew only where a value in it has changed.

        Errors: `InvalidValue` for constants out of bounds.
        """
        facts = self.spelling.facts(group)
        if self._reading is None or facts != self._facts:
            reading = self.spelling.read(group)
            refuse(where, reading.faults(self.spelling.typed))
            self._reading = reading
            parts = [part for fact in facts for part in (fact if isinstance(fact, tuple) else (fact,))]
            plain = all(isinstance(part, float | int | str | None) for part in parts)
            self._facts = facts if plain else None  # a tensor or a list may change in place: read it every step
        return self._reading

    def entry(self, index: int, rule: AnyRule, numbers: Numbers) -> dict[str, Any]:
        """Return a parameter's state, with what the rule needs and is not there yet, made from these numbers."""
        if not (rule.slots or self.spelling.counted):
            return {}  # torch leaves no entry for it either
        p = self.parameters[index]
        entry = self._state[p]
        self.clocks.bind(index, entry)
        for name in rule.carried:
            if self.spelling.carried[name] not in entry:
                self.clocks.begin(index, entry, self.spelling.carried[name], rule.start(name, numbers))
        for slot in rule.slots:
            name = self.spelling.slots[slot]
            if entry.get(name) is None:
                start = rule.start(slot, numbers)
                entry[name] = torch.full_like(p, start, memory_format=torch.preserve_format, requires_grad=False)
                self.clocks.forget(index)
        return entry

    def known(self, pattern: Pattern, gradients: list[Tensor]) -> Cohort | None:
        """Return the cohort of a pattern, if there is one and it still fits."""
        cohort = self._cohorts.get(pattern)
        return cohort if cohort is not None and cohort.fits(gradients) else None

    def form(self, pattern: Pattern, gradients: list[Tensor], numbers: Numbers) -> Cohort:
        """Form the cohort of a pattern, making the state that its parameters lack from these numbers."""
        if len(self._cohorts) >= self.REMEMBERED:
            self._cohorts.clear()
        cohort = Cohort(self, pattern, gradients, numbers)
        self._cohorts[pattern] = cohort
        return cohort
