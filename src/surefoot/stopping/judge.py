"""What a judge says of a run, and what every judge needs: which value is best, and how that is told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, final

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


def best_of(values: Sequence[float], goal: Goal) -> int | None:
    """Return the index of the best finite value, the earliest of equals, or None if there is none."""
    finite = [index for index, value in enumerate(values) if math.isfinite(value)]
    pick = min if goal == "min" else max
    return pick(finite, key=lambda index: values[index]) if finite else None


def told(values: Sequence[float], best: int | None) -> str:
    """Return what the values have given so far, in words."""
    if best is None:
        return "no check has given a finite value" if len(values) else "no check has been made yet"
    broken = sum(not math.isfinite(value) for value in values)
    told = f"the best is {values[best]:.6g} at check {best}"
    return f"{told}, and {broken} of {len(values)} checks were not finite" if broken else told
