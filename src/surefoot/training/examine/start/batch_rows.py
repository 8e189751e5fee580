"""The rows of a batch: along which dimension they stand, and batches of some of them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence
from torch.utils.data import DataLoader, default_collate

from surefoot.training.batches import Batches, Source
from surefoot.training.examine.start.outcome import Unable
from surefoot.training.nested import changed, first_tensor
from surefoot.training.windows import Windows


def axes(source: Source, given: Any, target: Any) -> tuple[int, ...]:
    """Return the dimensions of the input along which its rows may stand; one, if that is known.

    Rows of `Batches` and of torch's own stacking stand first. Elsewhere the target tells: a sequence model may take
    (places, rows, ...). Where the target leaves both possible, both are returned.

    >>> axes([], torch.zeros(7, 4, 2), torch.zeros(4)), axes([], torch.zeros(4, 7), torch.zeros(4, 7))
    ((1,), (0, 1))
    """
    first, answer = first_tensor(given), first_tensor(target)
    if first is None or first.ndim == 0:
        return ()
    if first.ndim == 1 or _stacked(source):
        return (0,)
    if answer is None or answer.ndim == 0 or (answer.ndim > 1 and answer.shape[:2] == first.shape[:2]):
        return (0, 1)
    return tuple(axis for axis in (0, 1) if first.shape[axis] == answer.shape[0]) or (0,)


def _stacked(source: Source) -> bool:
    if isinstance(source, DataLoader):
        return source.collate_fn is default_collate and source.batch_size is not None
    return isinstance(source, (Batches, Windows))


def count(given: Any, axis: int) -> int:
    """Return how many rows the first tensor of an input has."""
    first = first_tensor(given)
    return 0 if first is None or first.ndim <= axis else first.shape[axis]


def selected(thing: Any, axis: int, rows: int, chosen: Sequence[int]) -> Any:
    """Return a batch, or a part of one, with some of its rows, in the order in which they are named.

    Args:
        thing: tensors, however nested; those that have no dimension for the rows stay.
        axis: along which dimension they stand; a tensor that has not so many there is tried along the first two.
        rows: how many there are.
        chosen: their numbers; one may come twice.

    Errors: Unable if its rows cannot be told apart.

    >>> selected({"x": torch.tensor([5, 6, 7]), "scale": torch.tensor([2.0, 3.0])}, 0, 3, [2, 0])
    {'x': tensor([7, 5]), 'scale': tensor([2., 3.])}
    """

    def some(tensor: Any) -> Any:
        if isinstance(tensor, PackedSequence):
            raise Unable("the rows of a PackedSequence cannot be told apart")
        where = row_axis(tensor, axis, rows)
        return tensor if where is None else tensor.index_select(where, torch.tensor(chosen, device=tensor.device))

    return changed(thing, some)


def row_axis(tensor: Tensor, axis: int, rows: int) -> int | None:
    """Return the dimension along which a tensor has so many rows: the one named, else the first or second, or None."""
    return next((at for at in (axis, 0, 1) if tensor.ndim > at and tensor.shape[at] == rows), None)


def digests(thing: Any, axis: int, rows: int) -> list[int]:
    """Return a hash of each row's bytes; equal rows have equal ones (within this process).

    >>> one, two, three = digests(torch.tensor([[1, 2], [3, 4], [1, 2]]), 0, 3)
    >>> one == three, one == two
    (True, False)
    """
    parts: list[Tensor] = []

    def take(tensor: Any) -> Any:
        if isinstance(tensor, Tensor) and tensor.layout is torch.strided and tensor.numel():
            where = row_axis(tensor, axis, rows)
            if where is not None:
                flat = tensor.detach().movedim(where, 0).reshape(rows, -1).cpu().contiguous()
                parts.append(flat.view(torch.uint8))
        return tensor

    changed(thing, take)
    if not parts:
        return []
    return [hash(row.tobytes()) for row in torch.cat(parts, 1).numpy()]
