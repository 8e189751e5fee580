"""Gradients that are computed in float16: how much of them is too small for it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.precision import SUBNORMAL, Small
from surefoot.pytorch.observer.letters import Letters

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


def in_float16(parameters: Sequence[Tensor]) -> bool:
    """Return whether a forward pass that began now would be computed in float16."""
    kinds = {p.device.type for p in parameters[:1]}
    cast = any(torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) == torch.float16 for kind in kinds)
    return cast or any(p.dtype == torch.float16 for p in parameters[:1])


@final
class SmallGradients:
    """Looks at the gradients of a few weights as backward leaves them, before anybody unscales or clips them.

    Args:
        weights: the weights, by name.
        letters: bring numbers from a device.
    """

    def __init__(self, weights: dict[str, nn.Parameter], letters: Letters) -> None:
        self._found = {name: Small(name, 0.0, 0) for name in weights}
        self._handles: list[RemovableHandle] = [
            weight.register_post_accumulate_grad_hook(self._noting(name, letters))  # type: ignore[no-untyped-call]
            for name, weight in weights.items()
        ]

    @property
    def found(self) -> list[Small]:
        """What has been seen of each weight."""
        return [*self._found.values()]

    def close(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()

    def _noting(self, name: str, letters: Letters) -> Callable[[Tensor], None]:
        def then(counts: Tensor) -> None:
            small, some = counts.tolist()
            share = small / some if some else 0.0
            self._found[name] = Small(name, share, self._found[name].times + 1 if share > 0.5 else 0)

        def note(weight: Tensor) -> None:
            if weight.grad is not None:
                size = weight.grad.detach().abs()
                letters.post(torch.stack([((size > 0) & (size < SUBNORMAL)).sum(), (size > 0).sum()]), then)

        return note
