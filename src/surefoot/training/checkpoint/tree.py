"""A state as JSON and tensors: taken apart for a file and put together again, without pickle.

What a state may hold: None, truth values, whole numbers of any length, floats (NaN and infinities too), text, bytes,
tuples, lists, dicts with such keys, tensors and numpy's arrays and numbers. Anything else is named and refused: a file
that could hold every object could also run code when it is read.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from surefoot.errors import InvalidValue

Json: TypeAlias = Any
"""What `json.dumps` writes: here always with every float finite."""

DEEPEST = 64
"""Levels of nesting in a state: more than any has, and few enough for a crafted file not to exhaust the stack."""


def apart(state: Any, where: str = "state") -> tuple[Json, dict[str, Tensor]]:
    """Return a state as what JSON holds, and its tensors by name.

    A tensor's name is its path, and its memory is the state's own: whoever goes on changing it copies it first.

    Args:
        state: what a `state_dict` returns, say.
        where: what it is the state of; names begin with it.

    Errors: InvalidValue naming what it cannot hold, and where that is.

    Laws: `together` of it is equal to the state, bit for bit, dicts in their order; mappings come back as dicts, named
    tuples as tuples, numpy's numbers as arrays without dimensions.

    >>> apart({"step": 3, "m": torch.zeros(2)}, "adam")
    ({'dict': [['step', 3], ['m', {'tensor': 'adam.m'}]]}, {'adam.m': tensor([0., 0.])})
    """
    tensors: dict[str, Tensor] = {}
    return _apart(state, where, tensors, 0), tensors


def _apart(value: Any, where: str, tensors: dict[str, Tensor], depth: int) -> Json:
    if depth > DEEPEST:
        raise InvalidValue(f"{where} is nested more than {DEEPEST} levels deep; a checkpoint holds no more.")
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, Tensor):
        return {"tensor": _named(value.detach(), where, tensors)}
    if isinstance(value, (np.ndarray, np.generic)):
        return {"array": _named(_of_array(np.asarray(value), where), where, tensors)}
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        keys = [_apart(key, f"a key of {where}", tensors, depth + 1) for key in value]
        rest = [_apart(each, f"{where}.{key}", tensors, depth + 1) for key, each in value.items()]
        return {"dict": [list(pair) for pair in zip(keys, rest, strict=True)]}
    if isinstance(value, (list, tuple)):
        parts = [_apart(part, f"{where}.{place}", tensors, depth + 1) for place, part in enumerate(value)]
        return {"tuple": parts} if isinstance(value, tuple) else parts
    raise InvalidValue(
        f"{where} is a {type(value).__name__}, which a checkpoint cannot hold without pickle; its state_dict should "
        "give numbers, text, tensors, lists, tuples and dicts."
    )


def _named(tensor: Tensor, where: str, tensors: dict[str, Tensor]) -> str:
    name, number = where, 2
    while name in tensors:  # a dict may have the keys 1 and "1"
        name, number = f"{where}~{number}", number + 1
    tensors[name] = tensor
    return name


def _of_array(array: "np.ndarray[Any, Any]", where: str) -> Tensor:
    try:
        return torch.from_numpy(np.array(array))
    except TypeError as error:
        raise InvalidValue(f"{where} is an array of {array.dtype}, which a checkpoint cannot hold.") from error


def together(found: Json, tensors: Mapping[str, Tensor]) -> Any:
    """Return the state that `apart` took apart.

    Args:
        found: the JSON.
        tensors: by name.

    Errors: InvalidValue if it is nothing that `apart` returns.

    >>> together(*apart({"rate": float("inf"), 1: (None, [b"x"])}))
    {'rate': inf, 1: (None, [b'x'])}
    """
    return _together(found, tensors, 0)


def _together(found: Json, tensors: Mapping[str, Tensor], depth: int) -> Any:
    if depth > 2 * DEEPEST + 2:  # a dict is two levels of JSON
        raise InvalidValue(f"the state is nested more than {DEEPEST} levels deep.")
    if found is None or isinstance(found, (bool, int, float, str)):
        return found
    if isinstance(found, list):
        return [_together(part, tensors, depth + 1) for part in found]
    try:
        return _kind(found, tensors, depth + 1)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidValue(f"the state holds {str(found)[:60]}, which no checkpoint is made of.") from error


def _kind(found: Json, tensors: Mapping[str, Tensor], depth: int) -> Any:
    match found:
        case {"dict": pairs}:
            return {_together(key, tensors, depth): _together(value, tensors, depth) for key, value in pairs}
        case {"tuple": parts}:
            return tuple(_together(part, tensors, depth) for part in parts)
        case {"tensor": name}:
            return tensors[name]
        case {"array": name}:
            return tensors[name].numpy()
        case {"float": name}:
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[name]
        case {"bytes": text}:
            return b64decode(text, validate=True)
    raise TypeError
