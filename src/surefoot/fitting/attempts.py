"""What one rule did in a comparison: an attempt for each seed, and what they say together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, final

from surefoot.trace import Series

PENALTY = "validation_penalty"
"""The name under which the validation penalty is recorded."""


@final
@dataclass(frozen=True, eq=False)
class Attempt:
    """One rule's run with one seed.

    Args:
        rule: its name.
        seed: of the model and the batches.
        step_size: the peak; None if it failed in its search.
        decay: decoupled, of matrices; None likewise.
        ended: finished, stopped, diverged, interrupted or failed.
        reason: why, in words.
        steps: taken.
        best: what the best weights reached in validation: penalty and metrics; empty if none were judged.
        curve: the validation penalties by step.
        cost: steps of the search; 0 if there was none.
        seconds: all of it took.
    """

    rule: str
    seed: int
    step_size: float | None
    decay: float | None
    ended: str
    reason: str
    steps: int
    best: Mapping[str, float]
    curve: Series
    cost: int
    seconds: float

    @property
    def penalty(self) -> float:
        """The best validation penalty; inf if there is none."""
        found = self.best.get(PENALTY, math.inf)
        return found if math.isfinite(found) else math.inf

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON holds; a number that is not finite becomes None."""
        return {
            "seed": self.seed, "ended": self.ended, "reason": self.reason, "steps": self.steps,
            "best": {name: _plain(value) for name, value in self.best.items()}, "cost": self.cost,
            "seconds": round(self.seconds, 3),
            "curve": [[int(step), _plain(float(value))] for step, value in _pairs(self.curve)],
        }  # fmt: skip


@final
@dataclass(frozen=True, eq=False)
class Entry:
    """One rule's attempts.

    Args:
        rule: its name.
        attempts: one for each seed [at least 1]; one that was interrupted only counts where there is no other.
    """

    rule: str
    attempts: tuple[Attempt, ...]

    @property
    def counted(self) -> tuple[Attempt, ...]:
        """The attempts that count."""
        return tuple(each for each in self.attempts if each.ended != "interrupted") or self.attempts

    @property
    def whole(self) -> bool:
        """Whether an attempt came to its own end."""
        return self.counted[0].ended != "interrupted"

    @property
    def penalties(self) -> list[float]:
        """The best validation penalties, one for each attempt that counts."""
        return [each.penalty for each in self.counted]

    @property
    def mean(self) -> float:
        """Their mean; inf if an attempt has none."""
        return fmean(self.penalties)

    def values(self, name: str) -> list[float]:
        """Return what was reached of a metric, where it was."""
        return [each.best[name] for each in self.counted if name in each.best]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON holds."""
        first = self.attempts[0]
        names = dict.fromkeys(name for each in self.counted for name in each.best)
        return {
            "rule": self.rule, "step_size": first.step_size, "decay": first.decay,
            "mean": {name: _plain(fmean(self.values(name))) for name in names},
            "spread": {name: _plain(_spread(self.values(name))) for name in names},
            "cost": sum(each.cost for each in self.attempts),
            "seconds": round(sum(each.seconds for each in self.attempts), 3),
            "attempts": [each.to_json() for each in self.attempts],
        }  # fmt: skip


def _spread(values: list[float]) -> float:
    return stdev(values) if len(values) > 1 and all(map(math.isfinite, values)) else math.nan


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _pairs(curve: Series) -> "zip[tuple[Any, Any]]":
    return zip(curve.steps, curve.values, strict=True)
