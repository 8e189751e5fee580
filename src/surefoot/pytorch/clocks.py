"""The parameters' own clocks: how many gradients each has had, and the numbers it carries from one to the next."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

State = Mapping[Tensor, dict[str, Any]]


class Clocks:
    """How many gradients each parameter of a group has had, and what it carries to the next.

    Torch keeps the count in `state[p]["step"]`, a tensor of its own per parameter, and so NAdam's product of momenta.
    Here these tensors are views of one table with a row for each: counting costs the same for one parameter as for a
    thousand, and torch still finds them where it looks.

    Args:
        parameters: the group's parameters.
        state: `optimizer.state`.
        counted: whether the state holds `step`.
        carried: the names in the state of the carried numbers.
    """

    def __init__(self, parameters: Sequence[Tensor], state: State, counted: bool, carried: Sequence[str] = ()) -> None:
        self.counted = counted
        self._names = ("step", *carried)
        kind = np.float64 if torch.get_default_dtype() == torch.float64 else np.float32
        states = [state.get(p, {}) for p in parameters]
        had = [[float(s.get("step", any(v is not None for v in s.values()))) for s in states]]
        self.table: NDArray[Any] = np.array(
            had + [[float(s.get(name, np.nan)) for s in states] for name in carried], dtype=kind
        )
        self.counts = self.table[0]
        self._views = torch.from_numpy(self.table)
        self._settled = False
        for index, entry in enumerate(states):
            if entry:
                self.bind(index, entry)

    def bind(self, index: int, entry: dict[str, Any]) -> None:
        """Make a parameter's `step`, and the carried numbers it has, views of this table."""
        if self.counted:
            entry["step"] = self._views[0, index]
        for row, name in enumerate(self._names[1:], start=1):
            if name in entry:
                entry[name] = self._views[row, index]

    def begin(self, index: int, entry: dict[str, Any], name: str, value: float) -> None:
        """Let a parameter carry a number from now on."""
        row = self._names.index(name)
        self.table[row, index] = value
        entry[name] = self._views[row, index]

    def forget(self, index: int) -> None:
        """Take a parameter's next gradient for its first, where torch keeps no count: its slots are new."""
        if not self.counted:
            self.counts[index] = 0
            self._settled = False

    def take_back(self, table: NDArray[Any]) -> None:
        """Have counts and carried numbers be again what they were in a copy of the table."""
        self.table[:] = table
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

    def rows(self, names: Sequence[str]) -> list[int]:
        """Return which rows of the table hold the counts and these carried numbers."""
        return [0, *(self._names.index(name) for name in names)]
