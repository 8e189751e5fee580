"""The share of each layer's outputs that get no gradient, found at one step in some and held until the next."""

from collections.abc import Callable, Sequence
from math import nan
from typing import Any, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surefoot.pytorch.groups.assignment import kind_of
from surefoot.pytorch.groups.names import Named, named
from surefoot.pytorch.matrices.roles import EMBEDDING, roles

Values: TypeAlias = NDArray[Any]
Rows: TypeAlias = Callable[[Values], Values]
"""Lays a gradient out as one row for each output."""

EVERY = 61
"""Steps from one look to the next. A look takes 15 us for each weight, its code no longer being in the cache, so that
the average step of a net of two layers has 0.5 us of it; a prime, so that looks do not meet the same batches of a short
epoch again and again."""

SOON = 17
"""Steps from one of the first looks to the next, so that there are shares after one stretch of `EVERY` steps."""

LOOKS = 4
"""How many looks in a row an output must have been without a gradient to be dead. At batches of one item, half of all
ReLUs are off at any single look, and one in sixteen at four; at batches of eight, one in four billion."""

_TRANSPOSED = nn.modules.conv._ConvTransposeNd


@final
class Outputs:
    """The outputs of one weight: which of them had no gradient at the latest looks.

    Args:
        rows: lays a gradient out as one row for each output.

    >>> outputs = Outputs(flat)
    >>> outputs.share(torch.tensor([[0.0, 1.0], [0.0, 0.0]])), outputs.share(torch.tensor([[0.0, 0.0], [0.0, 2.0]]))
    (0.5, 0.0)
    """

    def __init__(self, rows: Rows) -> None:
        self._rows, self._looks, self._column = rows, 0, 0
        self._last: NDArray[np.int64] | int = (
            0  # the look at which each had a gradient; one number where it is the same
        )

    def share(self, gradient: Tensor) -> float:
        """Look at a gradient; return the share of outputs without one at any of the last looks [0 to 1].

        There are `LOOKS` of them, or as many as there were so far.
        """
        rows = self._rows((gradient.float() if gradient.dtype is torch.bfloat16 else gradient).numpy(force=True))
        self._looks += 1
        if np.count_nonzero(rows[:, self._column]) == len(rows) or (alive := self._alive(rows)).all():
            self._last = self._looks
            return 0.0
        self._last = np.where(alive, self._looks, self._last)
        return float(np.mean(self._looks - self._last >= min(self._looks, LOOKS)))

    def _alive(self, rows: Values) -> NDArray[np.bool_]:
        """Tell which rows hold anything but zeros; NaN is something.

        A row whose element of one column is not zero need not be read further; where that column tells of too few, as
        a pixel that is always black does, the next look begins with the column that tells of most.
        """
        found: NDArray[np.bool_] = rows[:, self._column] != 0
        rest = np.flatnonzero(~found)
        found[rest] = there = rows[rest].any(axis=1)
        if 2 * np.count_nonzero(there) > len(rows):
            self._column = int(np.count_nonzero(rows, axis=0).argmax())
        return found


@final
class DeadShares:
    """The shares of some parameters' outputs that get no gradient.

    A unit whose ReLU is off for every item of a batch passes no gradient to its row of weights, nor to its kernel.
    Where all units of a layer are off, the weights before and after it have none either: no gradient comes through to
    those, and no input to these. A parameter of one axis has no share: the weight beside it has.
    Nor has an embedding, since a word that is not in the batch is not dead.

    Args:
        parameters: those that are stepped, in order, in the CPU's memory.
        model: says what they are; without one there are no shares.

    >>> linear = nn.Linear(2, 4)
    >>> linear(torch.ones(1, 2))[0, :3].sum().backward()
    >>> found = DeadShares(list(linear.parameters()), linear); found.look(); found.shares.tolist()
    [0.25, nan]
    """

    def __init__(self, parameters: Sequence[Tensor], model: nn.Module | None) -> None:
        known = {} if model is None else outputs(model)
        self._watched = [(i, p, Outputs(known[id(p)])) for i, p in enumerate(parameters) if id(p) in known]
        self.shares = np.full(len(parameters), nan)

    shares: NDArray[np.float64]
    """As of the last look [parameters]; NaN for what has none, or had no gradient to look at."""

    def look(self) -> None:
        """Look at the gradients of a step; the share of a parameter without one stays as it is."""
        for place, parameter, its in self._watched:
            gradient = parameter.grad
            if (
                type(gradient) is Tensor and gradient.layout is torch.strided
            ):  # a DTensor would wait for other processes
                self.shares[place] = its.share(gradient)


def outputs(model: nn.Module) -> dict[int, Rows]:
    """Return how the gradient of each weight is laid out by outputs, by the `id` of the parameter.

    Outputs are along the first axis, but for a transposed convolution. A table is what `roles` calls an embedding; what
    is a bias by its name is none either, though it may have several axes.

    >>> model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 8), nn.LayerNorm(8))
    >>> outputs(model) == {id(model[1].weight): flat}
    True
    """
    role = roles(model)
    weights = [each for each in named(model) if role[each.name] != EMBEDDING and _is_weight(each)]
    return {id(each.parameter): _layout(each) for each in weights}


def _is_weight(each: Named) -> bool:
    p = each.parameter
    return p.ndim >= 2 and p.numel() > 0 and all(kind_of(p, place) == "matrices" for place in each.places)


def _layout(each: Named) -> Rows:
    module = each.places[0].module
    return _swapped(module.groups) if isinstance(module, _TRANSPOSED) else flat


def flat(gradient: Values) -> Values:
    """Return a gradient as a row for each element of its first axis."""
    return gradient.reshape(len(gradient), -1)


def _swapped(groups: int) -> Rows:
    """Return what lays out the gradient of a transposed convolution: inputs, outputs of each group, kernel."""

    def laid_out(gradient: Values) -> Values:
        grouped = gradient.reshape(groups, len(gradient) // groups, gradient.shape[1], -1).swapaxes(1, 2)
        return grouped.reshape(groups * gradient.shape[1], -1)

    return laid_out
