"""The best weights of a run, remembered in memory and put back."""

from typing import final

import torch
from torch import Tensor, nn


@final
class BestWeights:
    """A copy of a model's parameters and buffers as they were at one step.

    A loop of one's own can use it, and have the best weights back on every exit:

        best = BestWeights(model)
        try:
            ...; best.remember(step)      # whenever a check is the best so far
        finally:
            best.restore()

    Args:
        model: the model to watch; its tensors may change their values, not their number.

    >>> model = nn.Linear(1, 1); best = BestWeights(model); best.remember(step=3)
    >>> with torch.no_grad(): _ = model.weight.fill_(torch.nan)
    >>> best.restore(); best.step, model.weight.isnan().item()
    (3, False)
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._copies = [torch.empty_like(tensor, requires_grad=False) for tensor in self._tensors()]
        self.step: int | None = None

    def _tensors(self) -> list[Tensor]:
        return [*self._model.parameters(), *self._model.buffers()]  # asked anew: a module may put another in its place

    @torch.no_grad()
    def remember(self, step: int) -> None:
        """Copy the model's tensors as those after `step` steps."""
        torch._foreach_copy_(self._copies, self._tensors())  # one call: an interrupt cannot leave half of it
        self.step = step

    @torch.no_grad()
    def restore(self) -> None:
        """Put the copies back; does nothing if none was made."""
        if self.step is not None:
            torch._foreach_copy_(self._tensors(), self._copies)


def finite(model: nn.Module) -> bool:
    """Return whether every number in a model is finite."""
    floats = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point()]
    return bool(torch.stack([tensor.isfinite().all() for tensor in floats]).all()) if floats else True
