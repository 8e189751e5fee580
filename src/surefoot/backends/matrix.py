"""The matrix lane: parameters seen as matrices, those of one shape stepped together.

What has more than two axes (a convolution's kernel) is the matrix of its first axis by all others. Small matrices of
one shape are stacked, so that one product of a batch takes the place of many; large ones gain nothing by it and are
stepped in turn. Parameters of less than float32's precision are stepped in float32 and rounded once per step and array.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.backends.eager import fault, put, sum_of_squares
from surefoot.backends.emit import SUMS
from surefoot.errors import UnsupportedInput
from surefoot.rules.gradient import prepared
from surefoot.rules.matrix_rule import MatrixRule

ELSEWHERE = 2**24
"""Elements of a batch where it is not a CPU that steps: starting a product costs more there than a copy."""

Row = tuple[float, ...]
Sums = tuple[Tensor, Tensor | None]
"""Of a batch: the norms of gradients, parameters and movements; how many gradients and parameters are finite, or None
where all are.
"""


class MatrixLane:
    """Parameters with two axes or more, of any kind, with their slots, stepped by a matrix rule.

    Args:
        rule: the rule.
        parameters: the parameters.
        slots: for each slot of the rule, one tensor per parameter.
        differentiable: keep the step in the graph of autograd.

    Errors: `UnsupportedInput` for a parameter of less than two axes.
    """

    def __init__(
        self,
        rule: MatrixRule,
        parameters: Sequence[Tensor],
        slots: Sequence[Sequence[Tensor]],
        *,
        differentiable: bool = False,
    ) -> None:
        flat = [tuple(p.shape) for p in parameters if p.ndim < 2]
        if flat:
            raise UnsupportedInput(
                f"{rule.name}: a parameter of shape {flat[0]} is no matrix; give it to another rule."
            )
        self.parameters = list(parameters)
        self._rule = rule
        self._slots = [list(slot) for slot in slots]
        self._differentiable = differentiable
        self._expected = list(map(_kind, self.parameters))
        self._batches = batches(self.parameters, rule.together)
        self._sums: list[Sums] = []

    def fits(self, gradients: list[Tensor]) -> bool:
        """Tell whether parameters have the shapes that the batches were made for, and gradients that can be used."""
        same = all(_kind(p) == kind for p, kind in zip(self.parameters, self._expected, strict=True))
        return same and not any(map(fault, self.parameters, gradients))

    def squares(self, gradients: list[Tensor]) -> float:
        """Return the sum of squared gradients."""
        return sum_of_squares(gradients)

    def step(self, gradients: list[Tensor], rows: Sequence[Row], sound: Tensor | None = None) -> None:
        """Step every parameter, unless `sound` is false; `rows` is one row of numbers, the same for all matrices."""
        (row,) = rows
        with _no_autocast(self.parameters[0].device.type), torch.set_grad_enabled(self._differentiable):
            self._sums = [self._step_batch(batch, gradients, row, sound) for batch in self._batches]

    def _step_batch(self, batch: list[int], gradients: list[Tensor], row: Row, sound: Tensor | None) -> Sums:
        arrays = (self.parameters, gradients, *self._slots)
        p, g, *slots = (_stacked([tensors[i] for i in batch], _wide(self.parameters[batch[0]])) for tensors in arrays)
        scale, l2, *numbers = row
        new = self._rule.formula(p, g if (scale, l2) == (1.0, 0.0) else prepared(p, g, scale, l2), *slots, *numbers)
        with torch.no_grad():  # now, as of a lone float32 matrix p is a view that the copy changes
            after = new[0].to(self.parameters[batch[0]].dtype).to(p.dtype)  # as it is stored
            sums = _sums(torch.stack([g, after, after - p]))
        for tensors, values in zip((self.parameters, *self._slots), new, strict=True):
            for i, value in zip(batch, values, strict=True):
                put(tensors[i], value.reshape(tensors[i].shape), sound)
        return sums

    def sums(self) -> NDArray[np.float64]:
        """Return the statistics of the last step, one row per parameter, the columns of `emit.SUMS`."""
        result = np.zeros((len(self.parameters), len(SUMS)))
        for batch, (norms, finite) in zip(self._batches, self._sums, strict=True):
            found = norms.numpy() if norms.is_cpu else np.array(norms.tolist())
            result[batch, :3] = np.square(found, dtype=np.float64).T
            if finite is not None:
                result[batch, 3:] = self.parameters[batch[0]].numel() - np.array(finite.tolist()).T
        return result


def batches(parameters: Sequence[Tensor], together: int) -> list[list[int]]:
    """Return which parameters are stepped together: those alike, as many as a batch may have elements.

    Args:
        parameters: the parameters.
        together: elements of a batch on a CPU.

    >>> batches([torch.zeros(2, 3), torch.zeros(3, 2), torch.zeros(2, 3, 1), torch.zeros(2, 3)], together=12)
    [[0, 2], [3], [1]]
    """
    alike: dict[object, list[int]] = {}
    for i, p in enumerate(parameters):
        alike.setdefault((p.dtype, p.device, p.shape[0], p.numel()), []).append(i)
    result = []
    for members in alike.values():
        p = parameters[members[0]]
        count = max(1, (together if p.is_cpu else ELSEWHERE) // max(1, p.numel()))
        result += [members[at : at + count] for at in range(0, len(members), count)]
    return result


def _no_autocast(device: str) -> AbstractContextManager[object]:
    """Return what keeps a step that is taken within autocast from multiplying in another precision than the rule's."""
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def _kind(p: Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return p.shape, p.dtype, p.device


def _stacked(tensors: list[Tensor], kind: torch.dtype) -> Tensor:
    """Return tensors of one shape as a batch of matrices to compute with."""
    matrices = [tensor.flatten(1) for tensor in tensors]
    batch = matrices[0].unsqueeze(0) if len(matrices) == 1 else torch.stack(matrices)
    return batch.to(kind)


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.dtype.itemsize < 4 else tensor.dtype


def _sums(arrays: Tensor) -> Sums:
    """Return, of gradients, parameters and movements [3, matrices, rows, columns], what the statistics are made of.

    A small matrix's step is mostly the starting of operations, so what is finite is counted only where a norm is not;
    but on a CPU alone: elsewhere, looking at a norm would wait for the device.
    """
    norms = torch.linalg.vector_norm(arrays, dim=(2, 3))
    if norms.is_cpu and norms.isfinite().all():
        return norms, None
    return norms, torch.isfinite(arrays[:2]).sum(dim=(2, 3))
