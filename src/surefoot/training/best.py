"""The best weights of a run, remembered and put back."""

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from surefoot.training.copies import Copies, spilled


@final
class BestWeights:
    """A copy of a model's parameters and buffers as they were at one step.

    A loop of one's own can use it, and have the best weights back on every exit:

        best = BestWeights(model)
        try:
            ...; best.remember(step)      # whenever a check is the best so far
        finally:
            best.restore()

    A model above `copies.IN_MEMORY` is remembered in a file (`Copies`), another in memory.

    Args:
        model: the model to watch; its tensors may change their values, not their number.

    >>> model = nn.Linear(1, 1); best = BestWeights(model); best.remember(step=3)
    >>> with torch.no_grad(): _ = model.weight.fill_(torch.nan)
    >>> best.restore(); best.step, model.weight.isnan().item()
    (3, False)
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        tensors = self._tensors()
        self._spilled = spilled(tensors)
        self._copies = [] if self._spilled else [torch.empty_like(tensor, requires_grad=False) for tensor in tensors]
        self.step: int | None = None

    def _tensors(self) -> list[Tensor]:
        return [*self._model.parameters(), *self._model.buffers()]  # asked anew: a module may put another in its place

    @torch.no_grad()
    def remember(self, step: int) -> None:
        """Copy the model's tensors as those after `step` steps."""
        self._take(self._tensors())
        self.step = step

    def _take(self, tensors: list[Tensor]) -> None:
        if self._spilled:
            self._copies = Copies(tensors).values  # the file before this one stays until the new one is whole
        elif tensors:
            torch._foreach_copy_(self._copies, tensors)  # one call: an interrupt cannot leave half of it

    @torch.no_grad()
    def restore(self) -> None:
        """Put the copies back; does nothing if none was made."""
        if self.step is not None and self._copies:
            torch._foreach_copy_(self._tensors(), self._copies)

    def state_dict(self) -> dict[str, Any]:
        """Return the copies and their step, for a checkpoint."""
        return {"step": self.step, "copies": self._copies}

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over copies of the same model's tensors."""
        self._take(state_dict["copies"])
        self.step = state_dict["step"]


def no_weights() -> BestWeights:
    """Return what remembers nothing and takes no memory: for runs whose weights are thrown away at their end."""
    return BestWeights(nn.Module())


def finite(model: nn.Module) -> bool:
    """Return whether every number in a model is finite."""
    floats = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point()]
    return bool(torch.stack([tensor.isfinite().all() for tensor in floats]).all()) if floats else True
