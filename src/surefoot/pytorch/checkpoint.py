"""What an optimizer's checkpoint holds: torch's layout, with our keys as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from surefoot.pytorch.spelling import Group, number
from surefoot.pytorch.step_size import read, written


def plain(state_dict: dict[str, Any], feedback: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return torch's state dict with schedules as text, and the memory of the feedback where there is a rule for it."""
    for group in state_dict["param_groups"]:
        group["schedule"] = written(group["schedule"])
    return state_dict if feedback is None else {**state_dict, "feedback": feedback}


def adopted(state_dict: Mapping[str, Any], groups: Sequence[Group]) -> dict[str, Any]:
    """Return a state as torch's own loading takes it, whichever class of one name has written it.

    A state of torch's has no run step: it starts from the largest count of its parameters. What else it lacks stays as
    the groups have it.

    Args:
        state_dict: the state; it shares no memory with what is returned.
        groups: the groups that will take it over.
    """
    state = {
        key: {k: v.clone() if isinstance(v, Tensor) else v for k, v in entry.items()}
        for key, entry in state_dict["state"].items()
    }
    oldest = max((number(entry["step"]) for entry in state.values() if "step" in entry), default=0.0)
    result = [dict(group) for group in state_dict["param_groups"]]
    for group, own in zip(result, groups, strict=False):
        saved = group.get("schedule")
        group["schedule"] = own["schedule"] if saved is None else read(saved)
        group.setdefault("t", int(oldest))
        for key in ("decay", "relative"):
            if key in own:
                group.setdefault(key, own[key])
    return {**state_dict, "state": state, "param_groups": result}
