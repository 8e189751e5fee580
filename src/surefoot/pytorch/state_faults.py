"""What is wrong with a state that an optimizer is to load: told before anything of it is taken over.

torch takes over whatever it is given, and the step after that fails in the middle of a tensor's arithmetic. Kinds and
shapes are looked at here; whether numbers are within their bounds is asked at every step anyway.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from surefoot.errors import short
from surefoot.feedback import Memory
from surefoot.pytorch.spelling import Group, Spelling
from surefoot.schedules import Schedule

CHOSEN = ("foreach", "fused")
"""Flags that torch sets itself where they are None."""

FLAGS = ("maximize", "amsgrad", "nesterov", "differentiable", "capturable", "fused", "foreach", "centered")
NUMBERS = ("t", "feedback", "relative")
"""Keys of ours beside those that a spelling reads."""

LARGEST = 1e30
"""A number beyond it is none in float32 once it is multiplied, and a whole one beyond 1e308 has no float."""


def state_faults(state: object, groups: Sequence[Group], spelling: Spelling) -> list[str]:
    """Return all that keeps a state from being loaded; nothing if it is sound.

    Args:
        state: what was given, of any kind.
        groups: the optimizer's own.
        spelling: the optimizer's names for its slots and constants.

    >>> state_faults([1, 2], [], None)
    ['the state is a list; give what state_dict() returned']
    """
    if not isinstance(state, Mapping):
        return [f"the state is a {type(state).__name__}; give what state_dict() returned"]
    entries, saved = state.get("state"), state.get("param_groups")
    if not isinstance(entries, Mapping):
        return ["'state' is no dict of what each parameter has; give what state_dict() returned"]
    if not isinstance(saved, (list, tuple)) or not all(isinstance(group, Mapping) for group in saved):
        return ["'param_groups' is no list of dicts; give what state_dict() returned"]
    if len(saved) != len(groups):
        return [f"the state has {len(saved)} groups and the optimizer has {len(groups)}; group parameters the same way"]
    faults = [
        fault for place, pair in enumerate(zip(saved, groups, strict=True)) for fault in _group(place, *pair, spelling)
    ]
    if not faults:
        faults = _entries(entries, saved, groups, spelling)
    return [*faults, *_memory(state.get("feedback"))]


def _group(place: int, saved: Mapping[str, Any], own: Group, spelling: Spelling) -> list[str]:
    where, ids = f"group {place}", saved.get("params")
    if not isinstance(ids, (list, tuple)) or not all(isinstance(key, (int, str)) for key in ids):
        return [f"{where}: 'params' is no list of numbers; give what state_dict() returned"]
    if len(ids) != len(own["params"]) or len({*ids}) < len(ids):
        return [
            f"{where} has {len({*ids})} parameters and the optimizer's has {len(own['params'])}; give it the same ones"
        ]
    keys = [key for key in ("lr", *spelling.keys, *FLAGS, *NUMBERS) if key in own and key in saved]
    return [
        f"{where}: {key} is {_told(saved[key])}; it must be {wanted}"
        for key in dict.fromkeys(keys)
        if (wanted := _wanted(key, saved[key], own[key]))
    ] + _schedule(where, saved.get("schedule"))


def _wanted(key: str, value: object, own: object) -> str | None:
    """Return what a value must be, or None if it is that."""
    if key == "differentiable" and value is True and not own:
        return "false, as the optimizer was made"
    if key in FLAGS or isinstance(own, bool):
        unset = value is None and key in CHOSEN
        return None if unset or isinstance(value, bool) else "true or false"
    if key == "t":
        return None if type(value) is int and 0 <= value < 2**63 else "a whole number of steps, at least 0"
    if isinstance(own, (tuple, list)):
        good = isinstance(value, (tuple, list)) and len(value) == len(own) and all(map(_number, value))
        return None if good else f"{len(own)} numbers"
    if isinstance(own, (int, float, Tensor)):
        return None if _number(value) else "a number, at most 1e30 in size"
    if isinstance(own, str):
        return None if isinstance(value, str) else f"a word, such as {own!r}"
    return None if value is None or isinstance(value, (bool, str)) or _number(value) else "a number or a word"


def _number(value: object) -> bool:
    if isinstance(value, Tensor):
        return value.numel() == 1 and not value.is_meta and value.layout == torch.strided and not value.is_complex()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= LARGEST or value in (math.inf, -math.inf)  # whether it may be that is told at the step


def _schedule(where: str, saved: object) -> list[str]:
    each = saved.values() if isinstance(saved, Mapping) else [saved]
    if all(one is None or isinstance(one, (str, Schedule)) or callable(one) for one in each):
        return []
    return [f"{where}: schedule is {_told(saved)}; it must be a text, such as warmup(5%) >> linear(to=0.0)"]


def _entries(
    entries: Mapping[Any, Any], saved: Sequence[Mapping[str, Any]], groups: Sequence[Group], spelling: Spelling
) -> list[str]:
    pairs = zip(saved, groups, strict=True)
    parameters = {key: p for given, own in pairs for key, p in zip(given["params"], own["params"], strict=True)}
    faults = []
    for key, entry in entries.items():
        if not isinstance(entry, Mapping):
            faults.append(f"the state of parameter {_told(key)} is {_told(entry)}; it must be a dict")
        elif key in parameters:
            faults += [f"parameter {key}: {fault}" for fault in _entry(entry, parameters[key], spelling)]
    return faults


def _entry(entry: Mapping[Any, Any], parameter: Tensor, spelling: Spelling) -> list[str]:
    faults = []
    step = entry.get("step", 0.0)
    if not _number(step) or not 0.0 <= float(step) < 2.0**63:
        faults.append(f"step is {_told(step)}; it must be a number of gradients, at least 0")
    carried = [name for name in spelling.carried.values() if name in entry and not _number(entry[name])]
    faults += [f"{name} is {_told(entry[name])}; it must be a number" for name in carried]
    for name in spelling.slots.values():
        value = entry.get(name)
        if value is not None and not _fits(value, parameter):
            faults.append(f"{name} is {_told(value)}; it must be a dense tensor of shape {list(parameter.shape)}")
    return faults


def _fits(value: object, parameter: Tensor) -> bool:
    if not isinstance(value, Tensor) or (value.is_meta and not parameter.is_meta) or value.layout != parameter.layout:
        return False
    return value.shape == parameter.shape and value.is_complex() <= parameter.is_complex()


def _memory(saved: object) -> list[str]:
    if saved is None:
        return []
    if not isinstance(saved, Mapping) or not {*saved} <= {*Memory._fields}:
        return [f"feedback is {_told(saved)}; it must be a dict of {', '.join(Memory._fields)}"]
    odd = [key for key, value in saved.items() if not (_number(value) or (key == "best" and value is None))]
    return [f"feedback: {key} is {_told(saved[key])}; it must be a number" for key in odd]


def _told(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)} and dtype {value.dtype} on {value.device}"
    if isinstance(value, (str, float, bool, type(None))) or (isinstance(value, int) and abs(value) < 10**20):
        return short(repr(value), 80)
    return f"a {type(value).__name__}"
