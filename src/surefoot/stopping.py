"""Stopping: whether a run should go on, judged from the values that its checks have given so far.

A judge is a value and its judgement pure: the same values give the same verdict, so a stop can be replayed, explained
and tested. It keeps nothing; whoever runs the loop keeps the values, in the order of the checks, the first being check
0, and restores the weights of `verdict.best` on every way out. A check that is not finite is never the best.

    verdict = Patience(checks=10).verdict(validation_penalties)
    if verdict.stop: print(verdict.reason)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, final

from surefoot.errors import refuse

Goal: TypeAlias = Literal["min", "max"]


@final
@dataclass(frozen=True)
class Verdict:
    """What a judge says of a run after its latest check.

    Args:
        stop: whether to stop now.
        best: the index of the best finite value, the earliest of equals, or None when there is none.
        bad_checks: how many checks in a row, up to the latest, brought no gain.
        reason: why, as a sentence.
    """

    stop: bool
    best: int | None
    bad_checks: int
    reason: str


class Judge(Protocol):
    """Anything that judges a run by the values of its checks."""

    def verdict(self, values: Sequence[float]) -> Verdict:
        """Return what to do after the latest of these values."""
        ...


@final
@dataclass(frozen=True)
class Patience:
    """Stops after a number of checks in a row without a gain.

    A gain is a value better than the last gain by more than max(margin, relative * abs(last gain)); small gains that
    are each within the margin therefore add up to one. `best` is the truly best value all the same. Only the state now
    counts: a run that was let go on and improved is no longer stopped.

    Source: the gain is that of Keras's EarlyStopping (2.x and 3), with a relative margin taken from the absolute value
    so that its sign does not matter; torch's ReduceLROnPlateau acts one check later than its patience says.

    Args:
        checks: how many bad checks are enough [at least 1]; 10 stops at the tenth.
        margin: the least gain that counts [unit of the values, at least 0].
        relative: the same as a fraction of the last gain's size [at least 0]; the larger of the two counts.
        goal: "min" when lower is better, "max" when higher is.
        nonfinite: "stop" ends the run at once at nan or inf; "bad" counts it as one more bad check.

    Errors: InvalidValue if a bound above is broken.

    Laws: the same values give the same verdict. The verdict for "min" is that for "max" on the values' negatives.

    >>> Patience(checks=2).verdict([3.0, 1.0, 1.5, 1.25]).reason
    'Stop: 2 checks in a row brought no gain; the best is 1 at check 1.'
    """

    checks: int = 10
    margin: float = 0.0
    relative: float = 0.0
    goal: Goal = "min"
    nonfinite: Literal["stop", "bad"] = "stop"

    def __post_init__(self) -> None:
        faults = []
        if self.checks < 1:
            faults.append(f"checks is {self.checks}; it is the number of bad checks that stops, at least 1")
        for name, value in (("margin", self.margin), ("relative", self.relative)):
            if not (math.isfinite(value) and value >= 0.0):
                faults.append(f"{name} is {value}; it must be finite and at least 0")
        if self.goal not in ("min", "max"):
            faults.append(f"goal is {self.goal!r}; it must be 'min' or 'max'")
        if self.nonfinite not in ("stop", "bad"):
            faults.append(f"nonfinite is {self.nonfinite!r}; it must be 'stop' or 'bad'")
        refuse("Patience", faults)

    def verdict(self, values: Sequence[float]) -> Verdict:
        """Return whether to stop after the latest of these values, one for each check."""
        best, bad = _best(values, self.goal), self._bad_checks(values)
        if len(values) == 0:
            return Verdict(False, None, 0, "Go on: no check has been made yet.")
        if self.nonfinite == "stop" and not math.isfinite(values[-1]):
            return Verdict(True, best, bad, f"Stop: check {len(values) - 1} gave {values[-1]}; {_told(values, best)}.")
        if bad >= self.checks:
            count = "1 check" if bad == 1 else f"{bad} checks in a row"
            return Verdict(True, best, bad, f"Stop: {count} brought no gain; {_told(values, best)}.")
        news = f"{bad} of {self.checks} bad checks" if bad else "the latest check brought a gain"
        return Verdict(False, best, bad, f"Go on: {news}; {_told(values, best)}.")

    def _bad_checks(self, values: Sequence[float]) -> int:
        bad, last = 0, math.inf  # the value of the last gain, lower being better
        for value in values:
            signed = value if self.goal == "min" else -value
            margin = max(self.margin, self.relative * abs(last)) if math.isfinite(last) else 0.0
            gain = math.isfinite(value) and last - signed > margin
            bad, last = (0, signed) if gain else (bad + 1, last)
        return bad


@final
@dataclass(frozen=True)
class Never:
    """Never stops, whatever the values, and still says which check is the best.

    Args:
        goal: "min" when lower is better, "max" when higher is.

    Errors: InvalidValue if the goal is neither.

    >>> Never().verdict([3.0, 1.0, 2.0]).reason
    'Go on: this run stops at its last step; the best is 1 at check 1.'
    """

    goal: Goal = "min"

    def __post_init__(self) -> None:
        refuse("Never", [] if self.goal in ("min", "max") else [f"goal is {self.goal!r}; it must be 'min' or 'max'"])

    def verdict(self, values: Sequence[float]) -> Verdict:
        """Return the verdict to go on, with the best of these values, one for each check."""
        best = _best(values, self.goal)
        bad = len(values) if best is None else len(values) - 1 - best
        return Verdict(False, best, bad, f"Go on: this run stops at its last step; {_told(values, best)}.")


def _best(values: Sequence[float], goal: Goal) -> int | None:
    finite = [index for index, value in enumerate(values) if math.isfinite(value)]
    pick = min if goal == "min" else max
    return pick(finite, key=lambda index: values[index]) if finite else None


def _told(values: Sequence[float], best: int | None) -> str:
    if best is None:
        return "no check has given a finite value" if len(values) else "no check has been made yet"
    broken = sum(not math.isfinite(value) for value in values)
    told = f"the best is {values[best]:.6g} at check {best}"
    return f"{told}, and {broken} of {len(values)} checks were not finite" if broken else told
