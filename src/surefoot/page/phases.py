"""The parts of a run: search, warm-up, hold, cool-down, as its schedule and its events tell them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from surefoot.errors import InvalidValue
from surefoot.schedules import parse
from surefoot.trace import Event

_KINDS = {"warmup": "warm-up", "cosine_warmup": "warm-up", "constant": "hold"}
"""What a phase of a schedule is to the run; all others lead the step size down."""


def phases(settings: Mapping[str, Any], events: Sequence[Event], taken: int) -> list[dict[str, Any]]:
    """Return the parts of a run from its first step, each with its kind, its first step and the step after its last.

    Args:
        settings: the run's.
        events: what has happened.
        taken: steps so far.

    >>> phases({"schedule": "warmup(20) >> linear(380, to=0.0)", "steps": 400}, (), 60)[1]
    {'kind': 'cool-down', 'first': 20, 'end': 400}
    """
    cooling = next((event for event in reversed(events) if event.kind == "cooling"), None)
    found = _written(settings)
    if cooling is None:
        return found if found and found[-1]["end"] else _open(found, taken)
    end = re.search(r"by step (\d+)", cooling.text)
    held = [{**each, "end": min(each["end"] or cooling.step, cooling.step)} for each in found]
    held = _open(held, cooling.step)
    return [*held, {"kind": "cool-down", "first": cooling.step, "end": int(end[1]) + 1 if end else taken}]


def _open(found: list[dict[str, Any]], end: int) -> list[dict[str, Any]]:
    """Return phases of which the last goes on to a step."""
    if not found:
        return []
    return [*found[:-1], {**found[-1], "end": max(end, found[-1]["first"] + 1)}]


def _written(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the phases of the schedule as it is written; the last has no end if nobody knows it."""
    try:
        schedule = parse(str(settings["schedule"]))
        if isinstance(settings.get("steps"), int) and settings.get("end") is None:
            schedule = schedule.over(steps=settings["steps"])
    except (InvalidValue, KeyError):
        return []
    found: list[dict[str, Any]] = []
    first = 0
    for shape, steps, _, _ in schedule.phases:
        kind = _KINDS.get(shape, "cool-down")
        end = None if steps is None else first + steps
        found.append({"kind": kind, "first": first, "end": end})
        if end is None:
            break
        first = end
    return _merged(found)


def _merged(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    for each in found:
        if merged and merged[-1]["kind"] == each["kind"]:
            merged[-1] = {**merged[-1], "end": each["end"]}
        else:
            merged.append(each)
    return merged
