"""Patience: stop after a number of checks without a gain. Never: only at the last step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

from surefoot.errors import refuse
from surefoot.stopping.judge import Goal, Verdict, best_of, told


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
        best, bad = best_of(values, self.goal), self._bad_checks(values)
        if len(values) == 0:
            return Verdict(False, None, 0, "Go on: no check has been made yet.")
        if self.nonfinite == "stop" and not math.isfinite(values[-1]):
            return Verdict(True, best, bad, f"Stop: check {len(values) - 1} gave {values[-1]}; {told(values, best)}.")
        if bad >= self.checks:
            count = "1 check" if bad == 1 else f"{bad} checks in a row"
            return Verdict(True, best, bad, f"Stop: {count} brought no gain; {told(values, best)}.")
        news = f"{bad} of {self.checks} bad checks" if bad else "the latest check brought a gain"
        return Verdict(False, best, bad, f"Go on: {news}; {told(values, best)}.")

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
        best = best_of(values, self.goal)
        bad = len(values) if best is None else len(values) - 1 - best
        return Verdict(False, best, bad, f"Go on: this run stops at its last step; {told(values, best)}.")
