"""The CPU lane: all parameters of one group and dtype in one call, one read and one write of each array.

Raw memory is stepped, so everything that the kernel takes for granted is checked before every step (`fits`): kind,
dtype, device, strides and size of each parameter and gradient, and where each array lies. An address alone is no key,
since the allocator reuses it.
"""

import struct
from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.backends.compiled import measure_kernel, step_kernel
from surefoot.backends.emit import BLOCK, SUMS
from surefoot.backends.team import run
from surefoot.rules.gradient import NUMBERS
from surefoot.rules.rule import Rule

KINDS = {torch.float32: "float32", torch.float64: "float64"}
LONGEST_CHUNK = 32
"""Most blocks that a thread takes at a time: long stretches of memory are read a tenth faster than scattered ones."""

Row = tuple[float, ...]

_stride, _numel, _address, _negated = Tensor.stride, Tensor.numel, Tensor.data_ptr, Tensor.is_neg
_bump = torch.autograd.graph.increment_version
_dtype, _on_cpu = attrgetter("dtype"), attrgetter("is_cpu")


class CpuLane:
    """Parameters of one dtype, with their slots, that step together in one call of a rule's kernel.

    Args:
        rule: the rule.
        parameters: the parameters; see `choose.lane_of` for what may enter.
        slots: for each slot of the rule, one tensor per parameter, of its shape, dtype and strides.
    """

    def __init__(self, rule: Rule, parameters: Sequence[Tensor], slots: Sequence[Sequence[Tensor]]) -> None:
        self.parameters = list(parameters)
        self._slots = [tensor for slot in slots for tensor in slot]
        self._kind = KINDS[parameters[0].dtype]
        self._kernel, self._measure = step_kernel(rule, self._kind), measure_kernel(self._kind)
        self._pointed = 0
        self._expected = self._layout([*parameters, *parameters])
        self._slot_addresses = list(map(_address, self._slots))
        self._lay_out_blocks(rule)

    def _lay_out_blocks(self, rule: Rule) -> None:
        sizes = list(map(_numel, self.parameters))
        tensors, columns = len(sizes), len(NUMBERS) + len(rule.names)
        self._elements = sum(sizes)
        self._blocks = np.array(
            [(t, start, min(BLOCK, size - start)) for t, size in enumerate(sizes) for start in range(0, size, BLOCK)]
        )
        self._first_blocks = np.searchsorted(self._blocks[:, 0], np.arange(tensors))
        self._sums = np.zeros((len(self._blocks), len(SUMS)))
        self._addresses = np.zeros(tensors * len(rule.parsed.arrays), dtype=np.int64)
        self._pack_addresses = struct.Struct(f"{len(self._addresses)}q").pack_into
        self._numbers = np.zeros((tensors, columns))
        self._pack_numbers = struct.Struct(f"{columns}d").pack_into
        self._rows: Sequence[Row] = ()
        chunk = max(1, min(LONGEST_CHUNK, len(self._blocks) // (4 * torch.get_num_threads())))
        tables = (self._blocks, self._addresses, self._numbers, self._sums)
        # What emit.py reads: counter, blocks, the four tables, the stride of a row of numbers, tensors, numbers, chunk.
        facts = [0, len(self._blocks), *(table.ctypes.data for table in tables), 0, tensors, self._numbers.size, chunk]
        self._arguments = np.array(facts, dtype=np.int64)
        self._arguments_address = self._arguments.ctypes.data

    @staticmethod
    def _layout(tensors: list[Tensor]) -> tuple[list[object], ...]:
        return (
            list(map(_stride, tensors)),
            list(map(_numel, tensors)),
            list(map(_dtype, tensors)),
            list(map(_on_cpu, tensors)),
        )

    def fits(self, gradients: list[Tensor]) -> bool:
        """Tell whether parameters and gradients still lie in memory as this lane takes for granted."""
        self._pointed = 0
        try:
            same = self._layout(self.parameters + gradients) == self._expected
        except RuntimeError:  # a sparse gradient has no strides
            return False
        return (
            same and True not in map(_negated, gradients) and list(map(_address, self._slots)) == self._slot_addresses
        )

    def _point(self, gradients: list[Tensor]) -> None:
        self._arguments[0] = 0
        if self._pointed == id(gradients):
            return  # by the measuring of these just now
        addresses = map(_address, self.parameters + gradients)
        self._pack_addresses(self._addresses.data, 0, *addresses, *self._slot_addresses)

    def squares(self, gradients: list[Tensor]) -> float:
        """Return the sum of squared gradients, summed in float64."""
        self._point(gradients)
        self._pointed = id(gradients)  # whatever comes next asks `fits` first, or steps by the same list
        kernel = self._measure
        run(kernel.worker, kernel.address, self._arguments_address, self._elements, len(self._blocks))
        return float(np.add.reduce(self._sums[:, 0]))

    def step(self, gradients: list[Tensor], rows: Sequence[Row], sound: Tensor | None = None) -> None:
        """Step every parameter.

        Args:
            gradients: one per parameter, for which `fits` is true.
            rows: the numbers `scale`, `l2` and the formula's; one row for all parameters, or one each.
            sound: if false, no parameter is stepped.
        """
        if sound is not None and not sound:
            return
        if rows != self._rows:
            self._write_numbers(rows)
        self._point(gradients)
        kernel = self._kernel
        run(kernel.worker, kernel.address, self._arguments_address, self._elements, len(self._blocks))
        self._pointed = 0
        # A raw write bypasses autograd: without this, a later backward through an old graph is silently wrong.
        _bump(self.parameters)

    def _write_numbers(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        if len(rows) == 1:
            self._arguments[6] = 0
            self._pack_numbers(self._numbers.data, 0, *rows[0])
        else:
            self._arguments[6] = self._numbers.shape[1]
            self._numbers[:] = rows

    def sums(self) -> NDArray[np.float64]:
        """Return the statistics of the last step, one row per parameter, the columns of `emit.SUMS`."""
        # Blocks are added in their order, in float64: the result does not depend on the thread count.
        if len(self._blocks) == len(self.parameters):
            return self._sums.copy()
        return np.add.reduceat(self._sums, self._first_blocks, axis=0)
