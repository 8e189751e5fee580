"""The three kinds of number that are not finite: where a tensor holds them, and how many."""

from typing import Any

import torch
from torch import Tensor

KINDS = ("nan", "inf", "-inf")

PLAIN_ERRORS = (RuntimeError, NotImplementedError, TypeError, ValueError)
"""What torch raises where a dtype or a layout has no such operation."""


def kinds(tensor: Tensor) -> dict[str, int]:
    """Return how many numbers of each kind a tensor holds; empty if all are finite, or if that cannot be said.

    >>> kinds(torch.tensor([1.0, torch.nan, torch.inf, torch.inf]))
    {'nan': 1, 'inf': 2}
    """
    try:
        real = plain(tensor)
        if real is None or bool(torch.isfinite(real.sum())) or bool(torch.isfinite(real).all()):
            return {}  # a finite sum has finite terms; it may overflow without one that is not
        counts = {kind: int(mask(real, kind).sum()) for kind in KINDS}
    except PLAIN_ERRORS:  # a float8, a meta tensor, somebody's subclass
        return {}
    return {kind: count for kind, count in counts.items() if count}


def plain(tensor: Tensor) -> Tensor | None:
    """Return a tensor's numbers as a dense real tensor; None if they cannot fail to be finite."""
    if not (tensor.is_floating_point() or tensor.is_complex()) or tensor.is_quantized:
        return None
    if tensor.layout is torch.sparse_coo:
        tensor = tensor._values()
    elif tensor.layout is not torch.strided:
        tensor = tensor.values()
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor


def mask(tensor: Tensor, kind: str) -> Tensor:
    """Return where a real tensor is of a kind."""
    if kind == "nan":
        return torch.isnan(tensor)
    return torch.isposinf(tensor) if kind == "inf" else torch.isneginf(tensor)


def without(tensor: Tensor, gone: frozenset[str], finite: float) -> Tensor:
    """Return a tensor with a finite number wherever it was of some kinds; what is given stays as it was."""
    for kind in gone:
        tensor = torch.where(mask(tensor, kind), finite, tensor)
    return tensor


def constant(value: Any) -> bool:
    """Return whether an argument of an operation is a plain number that is not finite, as -inf in `masked_fill`."""
    return isinstance(value, float) and (value != value or value in (float("inf"), float("-inf")))


def extremes(tensor: Tensor) -> str:
    """Return the smallest and the largest finite number of a tensor, in words.

    >>> extremes(torch.tensor([2.0, -1.0, torch.nan]))
    'from -1 to 2'
    """
    real = plain(tensor)
    if real is None:
        real = tensor
    real = real[torch.isfinite(real)]
    if real.numel() == 0:
        return "empty" if tensor.numel() == 0 else "nothing finite"
    return f"from {short(real.min().item())} to {short(real.max().item())}"


def short(value: float) -> str:
    """Return a number as a person writes it: four digits."""
    return f"{value:.4g}"
