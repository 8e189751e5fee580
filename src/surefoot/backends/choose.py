"""Which backend steps which parameter, and what none can step."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.backends.eager import EagerLane
from surefoot.backends.matrix import MatrixLane
from surefoot.rules.matrix_rule import AnyRule, MatrixRule


class Lane(Protocol):
    """Parameters that one backend steps together."""

    parameters: list[Tensor]

    def fits(self, gradients: list[Tensor]) -> bool:
        """Tell whether parameters and gradients are still what this lane takes for granted."""

    def squares(self, gradients: list[Tensor]) -> float:
        """Return the sum of squared gradients."""

    def step(self, gradients: list[Tensor], rows: Sequence[tuple[float, ...]], sound: Tensor | None = None) -> None:
        """Step every parameter by the rule; `rows` is one row of numbers for all, or one each.

        Where `sound`, a truth on the device, is given and is false, parameters and slots stay as they are.
        """

    def sums(self) -> NDArray[np.float64]:
        """Return the statistics of the last step, one row per parameter."""


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


def kernel_takes(p: Tensor, g: Tensor, slots: Sequence[Tensor]) -> bool:
    """Tell whether a parameter may enter a CPU kernel: plain dense CPU memory, all arrays in one order of strides."""
    plain = all(type(tensor) in (Tensor, torch.nn.Parameter) for tensor in (p, g, *slots))
    if not (plain and _has_numba() and p.dtype in (torch.float32, torch.float64) and p.numel() > 0):
        return False
    same = all(
        t.is_cpu and t.dtype == p.dtype and t.stride() == p.stride() and t.shape == p.shape for t in (g, p, *slots)
    )
    return same and _dense(p) and not any(tensor.is_neg() for tensor in (p, g, *slots))


def _dense(tensor: Tensor) -> bool:
    """Tell whether the tensor's elements fill one stretch of memory, in whatever order of dimensions."""
    expected = 1
    for stride, size in sorted(
        (stride, size) for stride, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1
    ):
        if stride != expected:
            return False
        expected *= size
    return True


def lane_of(
    kind: torch.dtype | None,
    rule: AnyRule,
    parameters: Sequence[Tensor],
    slots: Sequence[Sequence[Tensor]],
    *,
    differentiable: bool,
) -> Lane:
    """Return the lane for parameters that all enter the kernel of one dtype, or, with no kind, step eagerly."""
    if isinstance(rule, MatrixRule):
        return MatrixLane(rule, parameters, slots, differentiable=differentiable)
    if kind is None:
        return EagerLane(rule, parameters, slots, differentiable=differentiable)
    from surefoot.backends.cpu import CpuLane  # here: numba is optional and takes half a second to import

    return CpuLane(rule, parameters, slots)
