"""The plan of a run: what `fit` will do, every default filled in, every fault of the call told at once."""

from dataclasses import dataclass
from math import inf
from typing import final

import torch
from torch import nn

from surefoot.errors import InvalidValue, refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.optimizer import Optimizer
from surefoot.schedules import Schedule, linear, warmup
from surefoot.stopping import Judge, Patience
from surefoot.trace import Scalar
from surefoot.training.average import TAIL
from surefoot.training.batches import length
from surefoot.training.choices import choice_of, no_choice, optimizer_of
from surefoot.training.compute import Compute, compute_faults
from surefoot.training.groups import steps_in_epoch
from surefoot.training.loop import usual_check
from surefoot.training.task import Task

SCHEDULE = warmup(0.05) >> linear(to=0.0)
"""The default schedule: up for 5 % of the run, then straight down to nothing."""


@final
@dataclass(frozen=True)
class Plan:
    """What `fit` will do, every default filled in; its fields are `fit`'s, and `decay` is the rule's from `CHOICES`."""

    steps: int
    check_every: int
    rule: str
    step_size: float
    decay: float
    schedule: Schedule
    stopping: Judge
    seed: int
    compute: Compute
    accumulate: int
    feedback: Plateau | None = None
    average: bool = True

    def settings(self) -> dict[str, Scalar]:
        """Return the plan as plain values."""
        return {
            "seed": self.seed, "steps": self.steps, "check_every": self.check_every, "rule": self.rule,
            "step_size": self.step_size, "decay": self.decay, "schedule": str(self.schedule),
            "stopping": str(self.stopping), "device": None if self.compute.device is None else str(self.compute.device),
            "precision": self.compute.precision, "accumulate": self.accumulate,
            "feedback": None if self.feedback is None else str(self.feedback),
            "average": str(TAIL) if self.average else None,
        }  # fmt: skip

    def optimizer(self, model: nn.Module) -> Optimizer:
        """Return the rule's optimizer over a model, with decay on its matrices only.

        Errors: TaskError if the model has nothing to train.
        """
        return optimizer_of(
            model, self.rule, self.step_size, self.decay, schedule=self.schedule, feedback=self.feedback
        )


def planned(
    task: Task,
    steps: int | None,
    epochs: int | None,
    rule: str,
    step_size: float | None,
    schedule: Schedule | None,
    stopping: Judge | None,
    seed: int,
    check_every: int | None,
    device: str | torch.device | None,
    precision: str,
    accumulate: int,
    feedback: Plateau | None,
    average: bool = True,
) -> Plan:
    """Return the plan of a fit; the arguments are `fit`'s.

    Errors: InvalidValue naming every fault.
    """
    faults = [*_length_faults(task, steps, epochs), *_value_faults(rule, step_size, seed, check_every, accumulate)]
    faults += compute_faults(device, precision)
    if feedback is not None and task.validation is None:
        faults.append("feedback is told the validation penalty; give the task validation=..., or leave feedback out")
    sized, total = SCHEDULE, steps or 1
    if not faults:
        total = steps or (epochs or 1) * (steps_in_epoch(task.train, accumulate) or 1)
        try:
            sized = (schedule or SCHEDULE).over(steps=total)
        except InvalidValue as error:
            faults.append(f"schedule {str(error).rstrip('.')}")
    refuse("fit", faults)
    choice = choice_of(rule)
    every = check_every or usual_check(task, total, accumulate)
    peak = choice.step_size if step_size is None else step_size
    compute = Compute(device, precision)
    return Plan(
        total, every, rule, peak, choice.decay, sized, stopping or Patience(), seed, compute, accumulate, feedback,
        average,
    )  # fmt: skip


def _length_faults(task: Task, steps: int | None, epochs: int | None) -> list[str]:
    if steps is not None and epochs is not None:
        return [f"steps is {steps} and epochs is {epochs}; give one of the two"]
    if steps is None and epochs is None:
        return ["neither steps nor epochs is given; say how long the run is with one of them"]
    name, given = ("steps", steps) if epochs is None else ("epochs", epochs)
    if not isinstance(given, int) or given < 1:
        return [f"{name} is {given}; it must be a whole number, 1 at least"]
    if epochs is not None and not length(task.train):
        return ["epochs is given and train does not know how many batches it has; give steps"]
    return []


def _value_faults(rule: str, step_size: float | None, seed: int, check_every: int | None, accumulate: int) -> list[str]:
    faults = []
    if fault := no_choice(rule):
        faults.append(fault)
    if step_size is not None and not 0 < step_size < inf:
        faults.append(f"step_size is {step_size:g}; it must be above 0 and finite")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        faults.append(f"seed is {seed}; it must be a whole number from 0 to 2**32 - 1")
    if check_every is not None and check_every < 1:
        faults.append(f"check_every is {check_every}; it must be at least 1")
    if not isinstance(accumulate, int) or accumulate < 1:
        faults.append(f"accumulate is {accumulate}; it must be a whole number of batches, 1 at least")
    return faults
