"""Rows of the batch and columns of its features in which a tensor is not finite; silent where the axis is not plain."""

from torch import Tensor

from surefoot.training.examine.kinds import PLAIN_ERRORS, mask, plain
from surefoot.training.examine.things import Named


def batch_size(inputs: list[Named]) -> int:
    """Return the size that the inputs share along their first axis, or that of the first of them; 0 if there is none.

    >>> import torch
    >>> batch_size([Named("x", torch.zeros(8, 3)), Named("mask", torch.zeros(3, 3))])
    8
    """
    return next((named.tensor.shape[0] for named in inputs if named.tensor.dim()), 0)


def batch_axis(tensor: Tensor, size: int) -> int | None:
    """Return the axis of the batch: the first if it has the batch's size, else the only other one that has."""
    if size == 0 or size not in tensor.shape:
        return None
    if tensor.shape[0] == size:
        return 0
    return tensor.shape.index(size) if list(tensor.shape).count(size) == 1 else None


def rows(tensor: Tensor, kind: str, size: int) -> tuple[int, ...]:
    """Return the rows of the batch in which a tensor holds numbers of a kind.

    >>> import torch
    >>> rows(torch.tensor([[1.0, 2.0], [1.0, torch.nan]]), "nan", 2)
    (1,)
    """
    axis = batch_axis(tensor, size)
    return () if axis is None else _along(tensor, kind, axis)


def columns(tensor: Tensor, kind: str) -> tuple[int, ...]:
    """Return the columns (features) in which a table of rows and columns holds numbers of a kind."""
    return _along(tensor, kind, 1) if tensor.dim() == 2 else ()


def _along(tensor: Tensor, kind: str, axis: int) -> tuple[int, ...]:
    try:
        real = plain(tensor)
        if real is None or real.dim() < tensor.dim():  # sparse values have lost their places
            return ()
        found = mask(real, kind).movedim(axis, 0).reshape(tensor.shape[axis], -1).any(1)
    except PLAIN_ERRORS:
        return ()
    return tuple(found.nonzero().flatten().tolist())
