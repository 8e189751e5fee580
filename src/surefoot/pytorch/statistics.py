"""What the last step was like, layer by layer, from the same pass that took it."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from surefoot.errors import InvalidValue

Floats = NDArray[np.float64]


class Statistics:
    """Per-parameter figures of the last step; a view that is valid until the next one.

    Rows are the parameters that were stepped, in the order of the groups.

    Args:
        parameters: the parameters that were stepped.
        names: their names, where the optimizer was given any, or their places in the groups.
        clip: the factor that clipping put on every gradient, 1.0 where there was none.
        sums: gives the summed squares and counts, one row per parameter.
        valid: tells whether the optimizer has not stepped since.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        names: Sequence[str],
        clip: float,
        sums: Callable[[], Floats],
        valid: Callable[[], bool],
    ) -> None:
        self.parameters = parameters
        self.names = names
        self.clip = clip
        self._read = sums
        self._valid = valid

    @cached_property
    def _table(self) -> Floats:
        if not self._valid():
            raise InvalidValue(
                "these statistics are of an earlier step and are gone; read optimizer.statistics after each step."
            )
        return self._read()

    @property
    def gradient_norms(self) -> Floats:
        """The 2-norm of each gradient as it stands in `.grad`, before clipping; in units of g."""
        return np.sqrt(self._table[:, 0])

    @property
    def parameter_norms(self) -> Floats:
        """The 2-norm of each parameter after the step; in units of p."""
        return np.sqrt(self._table[:, 1])

    @property
    def step_norms(self) -> Floats:
        """The 2-norm of each parameter's movement in the step; in units of p."""
        return np.sqrt(self._table[:, 2])

    @property
    def bad_gradients(self) -> Floats:
        """How many elements of each gradient were not finite."""
        return self._table[:, 3]

    @property
    def bad_parameters(self) -> Floats:
        """How many elements of each parameter are not finite after the step."""
        return self._table[:, 4]

    @property
    def gradient_norm(self) -> float:
        """The 2-norm of all gradients together, before clipping."""
        return float(np.sqrt(self._table[:, 0].sum()))

    def __repr__(self) -> str:
        norm = f"gradient norm {self.gradient_norm:.3g}, clip {self.clip:.3g}"
        return f"Statistics({len(self.parameters)} parameters, {norm})"
