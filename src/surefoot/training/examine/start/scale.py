"""Whether what differs between rows keeps its size on its way through the layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from surefoot.diagnose.checks.start import ACTIVATION_SCALE
from surefoot.diagnose.checks.start_model import activation_scale
from surefoot.pytorch.observer.modules import titled
from surefoot.training.examine.start.batch_rows import count, row_axis
from surefoot.training.examine.start.outcome import Looked
from surefoot.training.examine.start.reading import Side
from surefoot.training.examine.start.setting import Setting, named
from surefoot.training.nested import first_tensor

_WEIGHING = (nn.Linear, _ConvNd, nn.Bilinear, nn.RNNBase, nn.MultiheadAttention)
_OTHERS = (nn.Embedding, nn.EmbeddingBag, _NormBase, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm)


@final
@dataclass(frozen=True, eq=False)
class Signals:
    """What the layers with weights are given for one batch.

    Args:
        layers: in the order in which they are called, the name of each and how much its input differs between rows
            [root mean square over all features of the standard deviation over rows].
        first: what the first of them is given.
        last: the name of the last, or "".
        titles: what they are to be called, by name.
    """

    layers: list[tuple[str, float]]
    first: Tensor | None
    last: str
    titles: Mapping[str, str]


@torch.no_grad()
def measured(setting: Setting, side: Side) -> Signals:
    """Return what the layers of a copy are given in training mode."""
    model = setting.model()
    names = named(model)
    axis = side.axes[0] if side.axes else 0
    rows = count(setting.given(side.kept[0])[0], axis)
    layers: list[tuple[str, float]] = []
    inputs: list[Tensor] = []

    def note(module: nn.Module, given: tuple[Any, ...]) -> None:
        tensor = first_tensor(given)
        if tensor is not None and tensor.is_floating_point() and tensor.numel():
            inputs.extend([] if inputs else [tensor.detach().clone()])
            layers.append((names[module], _variation(tensor, axis, rows)))

    handles = [module.register_forward_pre_hook(note) for module in names if _weighs(module)]
    try:
        setting.judged(model, side.kept[0])
    finally:
        for handle in handles:
            handle.remove()
    titles = {name: titled(name, module) for module, name in names.items()}
    return Signals(layers, inputs[0] if inputs else None, layers[-1][0] if layers else "", titles)


def activations(signals: Signals) -> Looked:
    """Return whether the signal keeps its size; norms and residual branches bring it back before the last layer."""
    code = ACTIVATION_SCALE.code
    known = [(name, value) for name, value in signals.layers if value == value]
    if len(known) < 2 or not known[0][1] > 0.0:
        return Looked(code, skipped="there are no two layers with weights whose inputs could be compared")
    ratios = [(name, value / known[0][1]) for name, value in known]
    return Looked(
        code,
        activation_scale(ratios, signals.titles),
        f"signal {ratios[-1][1]:.2g} at the last of {len(ratios)} layers",
    )


def _weighs(module: nn.Module) -> bool:
    if isinstance(module, _OTHERS):
        return False
    own = any(each is not None and each.ndim >= 2 for each in module._parameters.values())
    return isinstance(module, _WEIGHING) or (own and not list(module.children()))


def _variation(tensor: Tensor, axis: int, rows: int) -> float:
    """Return how much a tensor differs between rows; NaN if it is not known where they stand."""
    where = row_axis(tensor, axis, rows) if rows > 1 else None
    if where is None and rows > 1 and tensor.ndim > 1 and tensor.shape[0] % rows == 0:
        where = 0  # places of rows as rows
    if where is None:
        return float("nan")
    flat = tensor.detach().float().movedim(where, 0).flatten(1) if tensor.ndim > 1 else tensor.detach().float()
    return float(flat.std(0, correction=0).square().mean().sqrt())
