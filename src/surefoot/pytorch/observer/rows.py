"""Weights whose rows begin equal, and whether their gradients can make them differ."""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.model import Rows
from surefoot.pytorch.observer.letters import Letters

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)

_SAMPLE = 64
"""Entries of each parameter by which it is seen whether any has changed."""


@final
class EqualRows:
    """The weights of linear and convolution layers that begin with equal rows; nearly always none.

    Args:
        model: before its first step.
        letters: bring numbers from a device.
    """

    def __init__(self, model: nn.Module, letters: Letters) -> None:
        self._suspects: list[tuple[str, Tensor]] = []
        self._begun: list[tuple[Tensor, Tensor]] = []
        for name, module in model.named_modules():
            weight = module._parameters.get("weight")  # asked as an attribute, a spectral norm would be renewed
            if isinstance(module, _LAYERS) and weight is not None and len(weight) > 1:
                self._compare(f"{name}.weight".lstrip("."), weight, letters)
        if self._suspects:
            trained = [p for p in model.parameters() if p.requires_grad and p.device.type == "cpu"]
            self._begun = [(p, p.detach().reshape(-1)[:_SAMPLE].clone()) for p in trained]

    def _compare(self, name: str, weight: Tensor, letters: Letters) -> None:
        def then(same: Tensor) -> None:
            if same.item():
                self._suspects.append((name, weight))

        if weight.requires_grad:
            with torch.no_grad():
                letters.post((weight[0] == weight[1]).all(), then)

    @property
    def moved(self) -> bool:
        """Whether the steps since have changed anything; on a device, where it would have to be awaited, they have."""
        return not self._begun or any(not torch.equal(p.detach().reshape(-1)[:_SAMPLE], was) for p, was in self._begun)

    def rows(self, letters: Letters, found: list[Rows]) -> None:
        """Append what the rows of the suspects are like, now that they have gradients."""
        for name, weight in self._suspects:
            if weight.grad is not None:
                letters.post(_facts(weight), _appending(name, len(weight), found))


@torch.no_grad()
def _facts(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    g = weight.grad
    pairs = [(weight == 0).all(), (weight == weight[:1]).all(), (g == 0).all(), (g == g[:1]).all()]
    return torch.stack(pairs)


def _appending(name: str, count: int, found: list[Rows]) -> Callable[[Tensor], None]:
    def then(facts: Tensor) -> None:
        found.append(Rows(name, count, *map(bool, facts.tolist())))

    return then
