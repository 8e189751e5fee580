"""Copies of tensors' values: beside them while they are small, else in a file that is gone with the copies."""

import mmap
import tempfile
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor

IN_MEMORY = 4 * 2**30
"""Bytes of a model's tensors up to which a copy of them is kept beside them: a billion weights in float32."""

ALIGNED = 64
"""Bytes: each tensor begins at a multiple of them, which is a multiple of every dtype's size."""


@final
class Copies:
    """The values of tensors as they are now.

    Above a size they go, one tensor after the other, to a file without a name in Python's temporary folder (the
    variable TMPDIR chooses it), and are mapped back: they then take address space and no memory. The file is gone with
    the last of the copies, or with the process. Where it cannot be written, the copies stay in memory.

    Args:
        tensors: dense ones, on any device, of any dtype.
        most: bytes up to which they are copied in memory, each on its own device; `IN_MEMORY` if None.

    Laws: `values` are those of the tensors when they were copied, bit for bit, wherever they are kept.

    >>> weight = torch.tensor([1.0, 2.0]); copies = Copies([weight], most=0); _ = weight.zero_()
    >>> copies.on_disk, copies.values[0]
    (True, tensor([1., 2.]))
    """

    def __init__(self, tensors: Sequence[Tensor], most: int | None = None) -> None:
        kept = [tensor.detach() for tensor in tensors]
        self.values = _mapped(kept) if spilled(kept, most) else []
        self.on_disk = bool(self.values)
        if not self.on_disk:
            self.values = [tensor.clone() for tensor in kept]


def spilled(tensors: Sequence[Tensor], most: int | None = None) -> bool:
    """Return whether copies of tensors are to go to a file."""
    limit = IN_MEMORY if most is None else most
    return all(map(_dense, tensors)) and sum(tensor.nbytes for tensor in tensors) > limit


def _dense(tensor: Tensor) -> bool:
    return tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_meta


def _mapped(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Write tensors to a file and return them as they stand there; none of them if it cannot be written."""
    places = []
    try:
        with tempfile.TemporaryFile(prefix="surefoot-") as file:
            for tensor in tensors:
                file.seek(-(-file.tell() // ALIGNED) * ALIGNED)
                places.append(file.tell())
                file.write(_bytes(tensor))
            file.flush()
            held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # it keeps the file; a write to it goes nowhere
    except (OSError, ValueError):  # no room, no folder; a file of no bytes
        return []
    return [_standing(held, place, tensor) for place, tensor in zip(places, tensors, strict=True)]


def _bytes(tensor: Tensor) -> Any:
    flat = tensor.cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def _standing(held: mmap.mmap, place: int, like: Tensor) -> Tensor:
    if not like.numel():
        return torch.empty(like.shape, dtype=like.dtype)
    return torch.frombuffer(held, dtype=like.dtype, count=like.numel(), offset=place).reshape(like.shape)
