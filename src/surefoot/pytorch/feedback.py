"""An optimizer's feedback: the multiplier of its step sizes that follows from what the run's checks have given."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from surefoot.errors import InvalidValue
from surefoot.feedback import Memory, Plateau
from surefoot.pytorch.spelling import Group


@final
class Feedback:
    """What `optimizer.feedback` is: told a value now and then, it keeps `group["feedback"]` up to date.

    Args:
        plateau: the rule that turns values into a multiplier; None never changes it.
        groups: the optimizer's groups.

    >>> feedback = Feedback(Plateau(patience=1), [{"feedback": 1.0}])
    >>> feedback.observe(3.0), feedback.observe(4.0)
    (1.0, 0.5)
    """

    def __init__(self, plateau: Plateau | None, groups: Sequence[Group]) -> None:
        self.plateau = plateau
        self.memory: Memory = Memory()
        self.groups = groups

    @property
    def multiplier(self) -> float:
        """What every step size is multiplied with."""
        return self.memory.multiplier

    def observe(self, value: float) -> float:
        """Take in the value of one more check, and return the multiplier from now on.

        Errors: `InvalidValue` if the optimizer was given no feedback rule.
        """
        if self.plateau is None:
            raise InvalidValue(
                "feedback.observe was called and the optimizer has no rule for it; give it one, as in "
                "AdamW(..., feedback=Plateau(patience=5))."
            )
        self.memory = self.plateau.after(self.memory, float(value))
        for group in self.groups:
            group["feedback"] = self.multiplier
        return self.multiplier

    def state(self) -> dict[str, Any] | None:
        """Return the memory as plain values, or None where there is no rule."""
        return None if self.plateau is None else self.memory._asdict()

    def load(self, state: Mapping[str, Any] | None) -> None:
        """Take over a memory that `state` gave."""
        self.memory = Memory() if state is None else Memory(**state)

    def __repr__(self) -> str:
        return f"Feedback({self.plateau}, now {self.multiplier:g})"
