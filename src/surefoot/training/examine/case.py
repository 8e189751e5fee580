"""What an autopsy is given, and what its replay has shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Any, Literal, TypeAlias, final

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from surefoot.training.examine.cause import Cause
from surefoot.training.examine.graph import Remains
from surefoot.training.examine.things import Named, held, inputs, tensors
from surefoot.training.generators import Draws

Batch: TypeAlias = tuple[tuple[Any, ...], Mapping[str, Any], Draws | Tensor | None]
"""What the model was called with, by place and by name, and the random state before."""

End: TypeAlias = Literal["penalty", "output", "gradient", "nothing", "error"]
"""What the replay found not to be finite; or nothing, or that it could not be done."""


@final
@dataclass(frozen=True, eq=False)
class Case:
    """A batch whose penalty or gradient was not finite; the Args are those of `autopsy`."""

    model: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    draws: Draws | Tensor | None = None
    penalty_of: Callable[[Any], Tensor] | None = None
    target: Any = None
    penalty: Tensor | None = None
    optimizer: torch.optim.Optimizer | None = None
    step: int | None = None
    before: Batch | None = None
    precision: Mapping[str, torch.dtype] = field(default_factory=dict)
    scale: float = 1.0

    def inputs(self) -> list[Named]:
        """Return the tensors that the model was called with."""
        return inputs(self.model, self.args, self.kwargs)

    def outside(self) -> list[Named]:
        """Return the tensors that are there before the replay."""
        return [*self.inputs(), *tensors(self.target, "target", "target"), *held(self.model)]


@final
@dataclass(frozen=True, eq=False)
class Replayed:
    """What a replay has shown.

    Args:
        end: what was not finite.
        cause: what was at fault, if that was found.
        value: the penalty in the replay; nan if it is not known.
        stand_in: whether the sum of the outputs stood in for a penalty that is not known.
        wide: whether the same replay in float32 is finite; None if that was not tried.
        error: why the replay could not be done, or not to its end.
        size: rows of the batch.
        remains: what the graph of a penalty that cannot be replayed showed.
    """

    end: End
    cause: Cause | None = None
    value: float = nan
    stand_in: bool = False
    wide: bool | None = None
    error: str = ""
    size: int = 0
    remains: Remains | None = None


def own_model(model: nn.Module) -> nn.Module:
    """Return the model without wrappers that would talk to other processes or compile."""
    while isinstance(model, DistributedDataParallel) or "_orig_mod" in model._modules:
        model = model.module if isinstance(model, DistributedDataParallel) else model.get_submodule("_orig_mod")
    return model
