"""Feedback: a multiplier of the step size that follows from what a run's checks have given so far.

It stands beside the schedule and never inside it: the step size used is peak x schedule(t) x multiplier, so it goes
with any schedule. A rule is a value and its judgement a pure fold: the same values give the same multiplier, whoever
computes it, so a cut can be replayed, explained and tested. Whoever runs the loop keeps the memory.

    memory = plateau.start
    ...; memory = plateau.after(memory, validation_penalty)     # once for each check
    step_size = peak * schedule(t) * memory.multiplier
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, final

from surefoot.errors import refuse

Goal: TypeAlias = Literal["min", "max"]


class Memory(NamedTuple):
    """What a plateau's judgement remembers from one check to the next: plain numbers, so `_asdict()` can be saved.

    Args:
        multiplier: what the step size is to be multiplied with [0 to 1].
        best: the value of the last gain [unit of the values], or None before the first.
        bad: how many bad checks there were in a row since the last gain or cut.
        rest: how many checks more are not counted as bad.
        cuts: how many cuts there were.
        checks: how many values were seen.
        nonfinite: how many of them were nan or inf.
    """

    multiplier: float = 1.0
    best: float | None = None
    bad: int = 0
    rest: int = 0
    cuts: int = 0
    checks: int = 0
    nonfinite: int = 0


@final
@dataclass(frozen=True)
class Plateau:
    """Cuts the step size when a number of checks in a row brought no gain.

    A gain is, as for `Patience`, a value better than the last gain by more than max(margin, relative * abs(last gain)).
    The multiplier is computed from the number of cuts, max(factor^cuts, least), not carried along. A check that is not
    finite is an event of its own: it says nothing of a plateau, so by default it changes nothing and is counted.

    Source: the ReduceLROnPlateau of torch and of Keras, and their 1e-4 for a gain. Unlike torch's, the margin is taken
    from the absolute value, so that its sign does not matter, the cut comes at the check that `patience` names and not
    at the next, and NaN is not a bad check. They cut to a tenth; a half is our choice, since a cut that comes too early
    is never taken back.

    Args:
        factor: what the multiplier is multiplied with at a cut [above 0, below 1].
        patience: how many bad checks in a row make a plateau [at least 1]; 3 cuts at the third.
        margin: the least gain that counts [unit of the values, at least 0].
        relative: the same as a fraction of the last gain's size [at least 0]; the larger of the two counts.
        goal: "min" when lower is better, "max" when higher is.
        rest: how many checks after a cut cannot be bad [at least 0]; a gain among them still counts.
        least: the smallest multiplier [above 0, at most 1].
        nonfinite: "skip" only counts a nan or inf; "bad" makes it one more bad check; "cut" cuts, unless at rest.

    Errors: InvalidValue if a bound above is broken.

    Laws: the same values give the same memory. The memory for "max" on the values' negatives is that for "min", its
        best negated. The multiplier never rises and is never below `least`.

    >>> plateau, memory = Plateau(patience=2), Plateau().start
    >>> for value in (3.0, 1.0, 1.5, 1.25): memory = plateau.after(memory, value)
    >>> memory.multiplier, memory.best, memory.cuts
    (0.5, 1.0, 1)
    """

    factor: float = 0.5
    patience: int = 10
    margin: float = 0.0
    relative: float = 1e-4
    goal: Goal = "min"
    rest: int = 0
    least: float = 1e-4
    nonfinite: Literal["skip", "bad", "cut"] = "skip"

    def __post_init__(self) -> None:
        faults = []
        if not 0.0 < self.factor < 1.0:
            faults.append(f"factor is {self.factor}; it must be above 0 and below 1, since a cut makes steps smaller")
        if self.patience < 1:
            faults.append(f"patience is {self.patience}; it is the number of bad checks that cuts, at least 1")
        for name, value in (("margin", self.margin), ("relative", self.relative)):
            if not (math.isfinite(value) and value >= 0.0):
                faults.append(f"{name} is {value}; it must be finite and at least 0")
        if self.goal not in ("min", "max"):
            faults.append(f"goal is {self.goal!r}; it must be 'min' or 'max'")
        if self.rest < 0:
            faults.append(f"rest is {self.rest}; it is a number of checks, at least 0")
        if not 0.0 < self.least <= 1.0:
            faults.append(f"least is {self.least}; it must be above 0 and at most 1")
        if self.nonfinite not in ("skip", "bad", "cut"):
            faults.append(f"nonfinite is {self.nonfinite!r}; it must be 'skip', 'bad' or 'cut'")
        refuse("Plateau", faults)

    @property
    def start(self) -> Memory:
        """The memory before the first check."""
        return Memory()

    def after(self, memory: Memory, value: float) -> Memory:
        """Return the memory after one more check that gave this value."""
        memory = memory._replace(checks=memory.checks + 1)
        if not math.isfinite(value):
            memory = memory._replace(nonfinite=memory.nonfinite + 1)
            return memory if self.nonfinite == "skip" else self._bad(memory, at_once=self.nonfinite == "cut")
        if self._gains(memory.best, value):
            return memory._replace(best=float(value), bad=0, rest=max(memory.rest - 1, 0))
        return self._bad(memory, at_once=False)

    def _gains(self, best: float | None, value: float) -> bool:
        if best is None:
            return True
        gain = best - value if self.goal == "min" else value - best
        return gain > max(self.margin, self.relative * abs(best))

    def _bad(self, memory: Memory, *, at_once: bool) -> Memory:
        if memory.rest:
            return memory._replace(rest=memory.rest - 1)
        if memory.bad + 1 < self.patience and not at_once:
            return memory._replace(bad=memory.bad + 1)
        if memory.multiplier <= self.least:
            return memory._replace(bad=0)
        cuts = memory.cuts + 1
        return memory._replace(multiplier=max(self.factor**cuts, self.least), bad=0, rest=self.rest, cuts=cuts)

    def __str__(self) -> str:
        gain = " or ".join(
            [f"{self.margin:g}"] * (self.margin > 0) + [f"{self.relative * 100:g} % of the last"] * (self.relative > 0)
        )
        checks = "a check" if self.patience == 1 else f"{self.patience} checks in a row"
        rest = f", then {self.rest} to rest" if self.rest else ""
        better = "lower" if self.goal == "min" else "higher"
        broken = {"skip": "", "bad": "; nan counts as no gain", "cut": "; nan cuts at once"}[self.nonfinite]
        return (
            f"{self.factor:g} times the step size after {checks} without a gain{f' above {gain}' if gain else ''} "
            f"({better} is better){rest}; at least {self.least:g} of it{broken}"
        )
