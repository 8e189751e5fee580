"""What can be wrong with a call of `fit`, told in the caller's words, all of it at once."""

from math import inf

from surefoot.schedules import Schedule
from surefoot.training.batches import length
from surefoot.training.choices import no_choice
from surefoot.training.task import Task


def length_faults(task: Task, steps: int | None, epochs: int | None, until: object, minutes: float | None) -> list[str]:
    """Return what is wrong with a run's length: given twice, not at all, or not a length."""
    if steps is not None and epochs is not None:
        return [f"steps is {steps} and epochs is {epochs}; give one of the two"]
    if steps is None and epochs is None:
        known = until is not None or minutes is not None
        return [] if known else ["neither steps nor epochs is given; say how long the run is: steps, epochs, minutes"]
    name, given = ("steps", steps) if epochs is None else ("epochs", epochs)
    if not isinstance(given, int) or given < 1:
        return [f"{name} is {given}; it must be a whole number, 1 at least"]
    if epochs is not None and not length(task.train):
        return ["epochs is given and train does not know how many batches it has; give steps"]
    return []


def open_faults(task: Task, schedule: Schedule | None, until: object, *, is_open: bool) -> list[str]:
    """Return what is wrong with a run whose length is to be found out."""
    faults = []
    if until not in (None, "plateau"):
        faults.append(f"until is {until!r}; it must be 'plateau'")
    if until is not None and task.validation is None:
        faults.append("until is told by the validation penalty; give the task validation=..., or give steps")
    if schedule is not None and is_open:
        faults.append("schedule has a length and the run has none; leave schedule out, or give steps instead")
    return faults


def value_faults(rule: str | None, step_size: float | None, seed: int, search: float) -> list[str]:
    """Return what is wrong with the rule, the step size, the seed and the search."""
    faults = []
    if rule is not None and (fault := no_choice(rule)):
        faults.append(fault)
    if step_size is not None and not 0 < step_size < inf:
        faults.append(f"step_size is {step_size:g}; it must be above 0 and finite")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        faults.append(f"seed is {seed}; it must be a whole number from 0 to 2**32 - 1")
    if not 0.0 <= search <= 1.0:
        faults.append(f"search is {search:g}; it is the part of the run that the search may take, from 0 to 1")
    return faults


def count_faults(check_every: int | None, accumulate: int) -> list[str]:
    """Return what is wrong with the steps between checks and the batches in a step."""
    faults = []
    if check_every is not None and check_every < 1:
        faults.append(f"check_every is {check_every}; it must be at least 1")
    if not isinstance(accumulate, int) or accumulate < 1:
        faults.append(f"accumulate is {accumulate}; it must be a whole number of batches, 1 at least")
    return faults
