"""Tensors by name: those that a call was given, and those that a model holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from inspect import Parameter, signature
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


@final
@dataclass(frozen=True, eq=False)
class Named:
    """A tensor and what it is called.

    Args:
        name: as the user's code has it, such as "x" or "batch['image']".
        tensor: it.
        role: input, target, weight, buffer, gradient, or constant for what is none of these.
    """

    name: str
    tensor: Tensor
    role: str = "input"


def tensors(thing: Any, name: str, role: str = "input") -> Iterator[Named]:
    """Return the tensors in a thing, however nested in tuples, lists, dicts and dataclasses, with where they are.

    >>> [named.name for named in tensors({"x": [torch.ones(1), 3]}, "batch")]
    ["batch['x'][0]"]
    """
    if isinstance(thing, Tensor):
        yield Named(name, thing, role)
    elif isinstance(thing, PackedSequence):
        yield Named(f"{name}.data", thing.data, role)
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from tensors(value, f"{name}[{key!r}]", role)
    elif isinstance(thing, tuple | list):
        for number, value in enumerate(thing):
            yield from tensors(value, f"{name}[{number}]", role)
    elif is_dataclass(thing) and not isinstance(thing, type):
        for each in fields(thing):
            yield from tensors(getattr(thing, each.name, None), f"{name}.{each.name}", role)


def inputs(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Named]:
    """Return the tensors that a model was called with, by the names of its forward's arguments.

    >>> [named.name for named in inputs(nn.Linear(1, 1), (torch.ones(1),), {})]
    ['input']
    """
    try:
        known = [each.name for each in signature(model.forward).parameters.values() if each.kind in _PLACED]
    except (TypeError, ValueError):
        known = []
    names = [*known[: len(args)], *(f"args[{number}]" for number in range(len(known), len(args)))]
    return [
        *(found for name, thing in zip(names, args, strict=True) for found in tensors(thing, name)),
        *(found for name, thing in kwargs.items() for found in tensors(thing, name)),
    ]


_PLACED = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def held(model: nn.Module) -> list[Named]:
    """Return a model's parameters and buffers by name."""
    return [
        *(Named(plain_name(name), each, "weight") for name, each in model.named_parameters()),
        *(Named(plain_name(name), each, "buffer") for name, each in model.named_buffers()),
    ]


def plain_name(name: str) -> str:
    """Return a module's or parameter's name without what `torch.compile` puts into it."""
    return name.replace("_orig_mod.", "").removesuffix("_orig_mod")


def memory(tensor: Tensor) -> int | None:
    """Return what tells one tensor's memory from another's while both live; None if it has none of its own.

    Views of one tensor share it.
    """
    if tensor.layout is not torch.strided:
        return id(tensor)
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # a subclass without memory
        return None
