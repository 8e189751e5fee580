"""What a loop notes at every step and reads only now and then, so that no step waits for the device."""

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor

from surefoot.pytorch.optimizer import Optimizer
from surefoot.trace import Series, Trace


@final
class Ledger:
    """Penalties and step sizes not yet read: tensors stay on their device until all are read together."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._known: list[float] = []  # those that a checkpoint held
        self._penalties: list[Tensor] = []
        self._sizes: list[float] = []

    def __len__(self) -> int:
        return len(self._steps)

    def note(self, step: int, penalty: Tensor, size: float) -> None:
        """Keep one step's penalty, detached, and its step size."""
        self._steps.append(step)
        self._penalties.append(penalty)
        self._sizes.append(size)

    def state_dict(self) -> dict[str, Any]:
        """Return what was not read yet, for a checkpoint."""
        return {"steps": self._steps, "penalties": self._values(), "sizes": self._sizes}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what another has not read."""
        self._steps, self._sizes = [*state_dict["steps"]], [*state_dict["sizes"]]
        self._known, self._penalties = [*state_dict["penalties"]], []

    def _values(self) -> list[float]:
        return self._known + (torch.stack(self._penalties).tolist() if self._penalties else [])

    def read(self) -> Trace:
        """Return what was noted since the last reading as a piece of the trace."""
        if not self._steps:
            return Trace()
        penalties = Series(self._steps, self._values())
        sizes = Series(self._steps, self._sizes)
        self._steps, self._known, self._penalties, self._sizes = [], [], [], []
        return Trace({"penalty": penalties, "step_size": sizes})


def step_size(optimizer: torch.optim.Optimizer) -> float:
    """Return the step size of the coming step, of the first group."""
    if isinstance(optimizer, Optimizer):
        return optimizer.step_sizes[0]
    return float(optimizer.param_groups[0]["lr"])
