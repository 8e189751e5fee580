"""Tensors inside of batches and outputs, however nested in tuples, lists and dicts."""

from collections.abc import Callable, Mapping, MutableMapping
from copy import copy
from typing import Any

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


def changed(thing: Any, change: Callable[[Any], Any]) -> Any:
    """Return a thing with each tensor in it changed; what is given stays as it was.

    Args:
        thing: a tensor, or tuples (named ones too), lists and dicts in each other; anything else is passed on.
        change: takes a tensor (or a PackedSequence, which knows by itself which of its parts may leave the CPU).

    >>> import torch
    >>> changed({"x": [torch.ones(1), "word"], "y": (torch.zeros(1), 3)}, lambda tensor: tensor + 1)
    {'x': [tensor([2.]), 'word'], 'y': (tensor([1.]), 3)}
    """
    if isinstance(thing, (Tensor, PackedSequence)):
        return change(thing)
    if isinstance(thing, MutableMapping):
        other = copy(thing)  # so that a defaultdict or a tokenizer's own kind of dict stays one
        other.update({key: changed(value, change) for key, value in thing.items()})
        return other
    if isinstance(thing, list):
        return [changed(part, change) for part in thing]
    if isinstance(thing, tuple):
        parts = [changed(part, change) for part in thing]
        return tuple(parts) if type(thing) is tuple else type(thing)(*parts)
    return thing


def first_tensor(thing: Any) -> Tensor | None:
    """Return the first tensor in a thing if its first part, and that part's first, lead to one.

    >>> first_tensor({"x": [3, "word"]}) is None
    True
    """
    while isinstance(thing, (tuple, list, Mapping)) and thing:
        thing = next(iter(thing.values() if isinstance(thing, Mapping) else thing))
    return thing if isinstance(thing, Tensor) else None
