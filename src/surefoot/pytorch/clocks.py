"""The parameters' own clocks: how many gradients each has had."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray  # noqa: TC002
from torch import Tensor

State = Mapping[Tensor, dict[str, Any]]


class Clocks:
    """How many gradients each parameter of a group has had: the parameters' own clocks.

    Torch keeps the count in `state[p]["step"]`, a tensor of its own per parameter. Here these tensors are views of one
    array: counting costs the same for one parameter as for a thousand, and torch still finds them where it looks.
    """

    def __init__(self, parameters: Sequence[Tensor], state: State, counted: bool) -> None:
        self.counted = counted
        kind = np.float64 if torch.get_default_dtype() == torch.float64 else np.float32
        states = [state.get(p, {}) for p in parameters]
        self.counts: NDArray[Any] = np.array(
            [float(s.get("step", any(v is not None for v in s.values()))) for s in states], dtype=kind
        )
        self._views = torch.from_numpy(self.counts)
        self._settled = False
        if counted:
            for index, entry in enumerate(states):
                if entry:
                    self.bind(index, entry)

    def bind(self, index: int, entry: dict[str, Any]) -> None:
        """Make a parameter's `step` a view of these clocks."""
        entry["step"] = self._views[index]

    def forget(self, index: int) -> None:
        """Take a parameter's next gradient for its first, where torch keeps no count: its slots are new."""
        if not self.counted:
            self.counts[index] = 0
            self._settled = False

    def count(self, index: Any) -> bool:
        """Count one more gradient of some parameters; tell whether any count has changed.

        Where torch keeps no count, only a parameter's first gradient is told apart: the counts are 1 and 2 for ever.
        """
        if self.counted:
            self.counts[index] += 1
            return True
        if self._settled and isinstance(index, slice):
            return False
        self.counts[index] = np.minimum(self.counts[index] + 1, 2)
        self._settled = bool((self.counts == 2).all())
        return True
