"""The step size of a group: its peak times its schedule at the run's step times feedback; and schedules of the rest."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from surefoot.errors import InvalidValue
from surefoot.pytorch.spelling import Group, Reading, number
from surefoot.schedules import Schedule, parse
from surefoot.symbols import SYMBOLS

Scheduled: TypeAlias = Schedule | Mapping[str, Schedule] | None
"""A schedule of the step size, or schedules by hyperparameter: {"step_size": ..., "momentum": ..., "decay": ...}."""


class Pace(NamedTuple):
    """How large a step is to be: its peak, and the share of it that schedule and feedback leave."""

    peak: float
    factor: float

    @property
    def step_size(self) -> float:
        """The step size."""
        return self.peak * self.factor


def pace_of(group: Group) -> Pace:
    """Return the pace of the group's coming step."""
    peak, schedule, factor = group["lr"], group["schedule"], group["feedback"]
    peak = peak if type(peak) is float else number(peak)
    if group["relative"] != 1.0:
        peak *= group["relative"]
    if type(schedule) is dict:
        schedule = schedule.get("step_size")
    return Pace(peak, factor if schedule is None else factor * schedule(group["t"]))


def scheduled(reading: Reading, group: Group) -> Reading:
    """Return what a group says at its coming step, where a hyperparameter has a schedule of its own."""
    factors = {name: schedule(group["t"]) for name, schedule in group["schedule"].items() if name != "step_size"}
    constants = {name: value * factors.get(name, 1.0) for name, value in reading.constants.items()}
    return replace(reading, constants=constants, l2=reading.l2 * factors.get("l2", 1.0))


def pace_faults(pace: Pace) -> list[str]:
    """Say what is wrong with a step size: nothing, or one thing."""
    fault = SYMBOLS["step_size"].fault("step_size (lr)", pace.step_size)
    return [fault] if fault else []


def with_lengths(where: str, schedule: object, words: Mapping[str, str]) -> Scheduled:
    """Return schedules that can be computed, by our words.

    Args:
        where: the optimizer's name, for the message.
        schedule: one schedule, or schedules by hyperparameter, in our words or torch's.
        words: our word for each of torch's.

    Errors: `InvalidValue` if a length in one is still a share of a run nobody has given the length of.
    """
    if schedule is None or isinstance(schedule, Schedule):
        return None if schedule is None else _computable(where, "its schedule", schedule)
    if isinstance(schedule, Mapping):
        named = {words.get(name, name): one for name, one in schedule.items()}
        return {name: _computable(where, f"its schedule of {name}", one) for name, one in named.items()}
    what = type(schedule).__name__
    raise InvalidValue(f"{where}: schedule is a {what}; give a schedule, or a mapping from names to schedules.")


def _computable(where: str, what: str, schedule: Schedule) -> Schedule:
    try:
        schedule(0)
    except InvalidValue as error:
        raise InvalidValue(f"{where}: {what} cannot be computed yet: {error}") from error
    return schedule


def written(schedule: Scheduled) -> str | dict[str, str] | None:
    """Return schedules as text, which any torch.load reads."""
    if isinstance(schedule, Mapping):
        return {name: str(one) for name, one in schedule.items()}
    return None if schedule is None else str(schedule)


def read(text: object) -> Scheduled:
    """Return the schedules that text stands for; anything else as it is."""
    if isinstance(text, str):
        return parse(text)
    if isinstance(text, dict):
        return {name: parse(one) if isinstance(one, str) else one for name, one in text.items()}
    return text  # type: ignore[return-value]
