"""The step size of a group: its peak times its schedule at the run's step."""

from surefoot.errors import InvalidValue
from surefoot.pytorch.spelling import Group, number
from surefoot.schedules import Schedule
from surefoot.symbols import SYMBOLS


def step_size_of(group: Group) -> float:
    """Return the step size that the group's coming step will use."""
    peak, schedule = group["lr"], group["schedule"]
    peak = peak if type(peak) is float else number(peak)
    return peak if schedule is None else peak * schedule(group["t"])


def step_size_faults(step_size: float) -> list[str]:
    """Say what is wrong with a step size: nothing, or one thing."""
    fault = SYMBOLS["step_size"].fault("step_size (lr)", step_size)
    return [fault] if fault else []


def with_length(where: str, schedule: Schedule | None) -> Schedule | None:
    """Return a schedule that can be computed.

    Errors: `InvalidValue` if a length in it is still a share of a run nobody has given the length of.
    """
    if schedule is not None:
        try:
            schedule(0)
        except InvalidValue as error:
            raise InvalidValue(f"{where}: its schedule cannot be computed yet: {error}") from error
    return schedule
