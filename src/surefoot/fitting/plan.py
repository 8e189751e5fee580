"""The plan of a run: what `fit` will do, every default filled in, every fault of the call told at once."""

from dataclasses import dataclass, replace
from typing import final

import torch
from torch import nn

from surefoot.errors import InvalidValue, refuse
from surefoot.feedback import Plateau
from surefoot.fitting.mistakes import count_faults, length_faults, open_faults, value_faults
from surefoot.pytorch.optimizer import Optimizer
from surefoot.schedules import Schedule
from surefoot.stopping import Flat, Judge, Never, Patience
from surefoot.trace import Scalar
from surefoot.training.average import TAIL
from surefoot.training.choices import FIELD, SCHEDULE, choice_of, optimizer_of
from surefoot.training.compute import Compute, compute_faults
from surefoot.training.groups import steps_in_epoch
from surefoot.training.loop import usual_check
from surefoot.training.open_end import OpenEnd, Until
from surefoot.training.task import Task

SEARCH = 0.25
"""Part of the run's steps that the search for its step size may take."""

UNKNOWN = 2000
"""Steps that a search supposes of a run whose length nobody knows."""

FEW = 10
"""Steps over which no schedule fits that has lengths in steps worth speaking of."""

MOST = 10**7
"""Steps that a run of unknown length takes at most, if nobody says."""


@final
@dataclass(frozen=True)
class Plan:
    """What `fit` will do, every default filled in; its fields are `fit`'s, where not said otherwise.

    Args:
        steps: of the run; of an open one the most it may take.
        check_every: see `fit`.
        field: the rules that race; the first trains where there is no race.
        step_size: the peak; None while it has to be found.
        decay: decoupled decay of the matrices; None while it has to be found.
        schedule: over the run's length; that of an open run before its end.
        stopping: see `fit`.
        seed: see `fit`.
        compute: where, and in which precision.
        accumulate: see `fit`.
        feedback: see `fit`.
        average: see `fit`.
        search: see `fit`.
        end: leads a run of unknown length to its end.
        course: the schedule that was given, if it has shares of the run alone, so that short runs can have it whole.
    """

    steps: int
    check_every: int
    field: tuple[str, ...]
    step_size: float | None
    decay: float | None
    schedule: Schedule
    stopping: Judge
    seed: int
    compute: Compute
    accumulate: int
    feedback: Plateau | None
    average: bool
    search: float
    end: OpenEnd | None
    course: Schedule | None

    @property
    def rule(self) -> str:
        """The rule that trains, as far as that is known."""
        return self.field[0]

    @property
    def supposed(self) -> int:
        """The length of the run; of an open one a usual length."""
        return self.steps if self.end is None else min(self.steps, UNKNOWN)

    @property
    def peak(self) -> float:
        """The step size, or the rule's usual one if none was given or found."""
        return choice_of(self.rule).step_size if self.step_size is None else self.step_size

    def at(self, rule: str, step_size: float, decay: float) -> "Plan":
        """Return the plan with what a search has found."""
        return replace(self, field=(rule,), step_size=step_size, decay=decay)

    def settings(self) -> dict[str, Scalar]:
        """Return the plan as plain values."""
        return {
            "seed": self.seed, "steps": self.steps, "check_every": self.check_every, "rule": self.rule,
            "step_size": self.peak, "decay": self._decay, "schedule": str(self.schedule),
            "stopping": str(self.stopping), "device": None if self.compute.device is None else str(self.compute.device),
            "precision": self.compute.precision, "accumulate": self.accumulate,
            "feedback": None if self.feedback is None else str(self.feedback),
            "average": str(TAIL) if self.average else None, "end": None if self.end is None else str(self.end),
        }  # fmt: skip

    def optimizer(self, model: nn.Module) -> Optimizer:
        """Return the rule's optimizer over a model, with decay on its matrices only.

        Errors: TaskError if the model has nothing to train.
        """
        return optimizer_of(model, self.rule, self.peak, self._decay, schedule=self.schedule, feedback=self.feedback)

    @property
    def _decay(self) -> float:
        return choice_of(self.rule).decay if self.decay is None else self.decay


def planned(
    task: Task,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    until: Until | None = None,
    minutes: float | None = None,
    rule: str | None = None,
    step_size: float | None = None,
    schedule: Schedule | None = None,
    stopping: Judge | None = None,
    seed: int = 0,
    check_every: int | None = None,
    device: str | torch.device | None = None,
    precision: str = "float32",
    accumulate: int = 1,
    feedback: Plateau | None = None,
    average: bool = True,
    search: float = SEARCH,
) -> Plan:
    """Return the plan of a fit; the arguments are `fit`'s.

    Errors: InvalidValue naming every fault.
    """
    is_open = until is not None or minutes is not None
    lengths = [*length_faults(task, steps, epochs, until, minutes), *count_faults(check_every, accumulate)]
    faults = [
        *lengths, *value_faults(rule, step_size, seed, search), *compute_faults(device, precision),
        *open_faults(task, schedule, until, is_open=is_open),
    ]  # fmt: skip
    if feedback is not None and task.validation is None:
        faults.append("feedback is told the validation penalty; give the task validation=..., or leave feedback out")
    end = OpenEnd(stopping or Flat() if until else None, minutes) if is_open and not faults else None
    total = MOST if lengths else _total(task, steps, epochs, accumulate)  # a schedule is not to be blamed for them
    try:
        sized = end.held if end is not None else (schedule or SCHEDULE).over(steps=total)
    except InvalidValue as error:
        faults.append(f"schedule {str(error).rstrip('.')}")
    refuse("fit", faults)
    every = check_every or usual_check(task, UNKNOWN if is_open else total, accumulate)
    stops: Judge = Never() if end is not None else stopping or Patience()
    return Plan(
        total, every, FIELD if rule is None else (rule,), step_size, None, sized, stops, seed,
        Compute(device, precision), accumulate, feedback, average, search, end, _course(schedule),
    )  # fmt: skip


def _course(schedule: Schedule | None) -> Schedule | None:
    try:
        return schedule.over(steps=FEW) and schedule if schedule is not None else None
    except InvalidValue:
        return None


def _total(task: Task, steps: int | None, epochs: int | None, accumulate: int) -> int:
    """Return the length of a run, or the most it may take."""
    if epochs is not None:
        return epochs * (steps_in_epoch(task.train, accumulate) or 1)
    return MOST if steps is None else steps
