"""The work of one step, once everything has been looked at, and the usual way of doing it."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple, Protocol, final

from torch import Tensor

from surefoot.backends.eager import fault
from surefoot.pytorch.roster import Cohort
from surefoot.pytorch.spelling import Reading
from surefoot.pytorch.step_size import Pace


class Work(NamedTuple):
    """What one group will do in one step: who steps, by which gradients, by what the group says, at which pace."""

    cohort: Cohort
    gradients: list[Tensor]
    reading: Reading
    pace: Pace


class Way(Protocol):
    """How the work of a step is done: as usual, or under guard."""

    def take(self, work: Sequence[Work], clip: float | None, penalty: object) -> float | None:
        """Take a step; return the factor that clipping put on every gradient, or None if no step was taken.

        Args:
            work: that of each group.
            clip: the largest norm of all gradients together, or None.
            penalty: what the closure gave, or None.
        """
        ...

    def settle(self) -> None:
        """Put the parameters' counts right, if they wait for something that a device has yet to tell."""
        ...


@final
class Usual:
    """Takes every step."""

    def take(self, work: Sequence[Work], clip: float | None, penalty: object) -> float:  # noqa: ARG002
        """Take the step whatever the gradients are; return the factor that clipping put on them."""
        scale = 1.0 if clip is None else clip_factor(squares(work), clip)
        for cohort, gradients, reading, pace in work:
            cohort.step(gradients, reading, pace, scale)
        return scale

    def settle(self) -> None:
        """Do nothing: counts are always right."""


def squares(work: Sequence[Work]) -> float:
    """Return the sum of all squared gradients: the one pass that clipping and the guard share."""
    total = 0.0
    for each in work:
        total += each.cohort.squares(each.gradients)
    return total


def clip_factor(total: float, clip: float) -> float:
    """Return what to multiply gradients with, whose squares have this sum, so that their norm is at most `clip`."""
    factor = clip / (sqrt(total) + 1e-6)  # 1e-6 as torch has it
    return 1.0 if factor > 1.0 else factor  # a norm that is NaN stays NaN, as torch's does: min() would hide it


def unsteppable(names: Sequence[str], parameters: Sequence[Tensor]) -> list[str]:
    """Return which parameters have a gradient that no backend can step, and why, in words."""
    pairs = [(name, p, fault(p, p.grad)) for name, p in zip(names, parameters, strict=True) if p.grad is not None]
    return [f"parameter {name} of shape {tuple(p.shape)}: {why}" for name, p, why in pairs if why]
