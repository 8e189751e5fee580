"""Where every candidate of a search starts: one model, one state of everything, and the same batches."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch

from surefoot.errors import TaskError
from surefoot.pytorch.optimizer import Optimizer
from surefoot.schedules import Schedule
from surefoot.search.snapshot import Snapshot
from surefoot.trace import Trace, joined
from surefoot.training.batches import Source
from surefoot.training.choices import optimizer_of
from surefoot.training.compute import Compute
from surefoot.training.generators import seeded
from surefoot.training.loop import Ending
from surefoot.training.place import Place
from surefoot.training.sources import MEMORY
from surefoot.training.task import Task
from surefoot.training.validation import validated


@final
@dataclass(frozen=True)
class Way:
    """How every candidate computes; the fields are `fit`'s.

    Args:
        seed: [0 to 2**32 - 1].
        compute: where, and in which precision.
        accumulate: batches in a step [>= 1].
        memory: bytes of batches that may be kept of a source that cannot be begun again.
    """

    seed: int
    compute: Compute
    accumulate: int = 1
    memory: int = MEMORY


@final
@dataclass(frozen=True, eq=False)
class Start:
    """Where candidates start.

    Args:
        task: what they train; its `model` is one module, its sources can be gone through again and again.
        snapshot: the state they start in: weights, generators, the place in the data.
        way: how they compute.
        process: the number of the process in which it was made.
        threads: how many threads torch had there: how sums are split over threads may change their last digits.
    """

    task: Task
    snapshot: Snapshot
    way: Way
    process: int
    threads: int

    def optimizer(self, rule: str, step_size: float, decay: float, schedule: Schedule) -> Optimizer:
        """Return an optimizer over the model, as `fit` makes it."""
        assert isinstance(self.task.model, torch.nn.Module)
        return optimizer_of(self.task.model, rule, step_size, decay, schedule=schedule)


def unmarked(task: Task) -> Snapshot:
    """Return a snapshot of the user's things, to be put back at the end of a search."""
    return Snapshot(task.model if isinstance(task.model, torch.nn.Module) else None, sources=sources_of(task))


def begun(task: Task, way: Way) -> torch.nn.Module:
    """Return a task's model as `fit` makes it: everything seeded, and the model where it computes.

    Args:
        task: its `model` is made if it is a function.
        way: how to compute; its seed seeds the global generators.

    Errors: TaskError if the model cannot be made.
    """
    seeded(way.seed)
    return way.compute.placed(task.make())


def started(task: Task, way: Way) -> Start:
    """Return a start: everything seeded, the model made, as `fit` does it.

    Args:
        task: its `model` is made if it is a function; its sources can be gone through again and again.
        way: how to compute; its seed seeds the global generators.

    Errors: TaskError if the model cannot be made.
    """
    model = begun(task, way)
    ready = replace(task, model=model, metrics={})
    return Start(ready, Snapshot(model, sources=sources_of(ready)), way, os.getpid(), torch.get_num_threads())


def before(start: Start) -> float:
    """Return the validation penalty before any step.

    Errors: TaskError if the task's code raises.
    """
    place = Place()
    try:
        found = validated(start.task, start.task.make(), place, start.way.compute)
    except Exception as error:  # of the user's code: any kind
        what = str(error) if isinstance(error, TaskError) else f"{type(error).__name__}: {error}"
        raise failed(start.task, f"{place} failed: {what}", error) from error
    return found["validation_penalty"]


def failed(task: Task, reason: str, error: Exception | None) -> TaskError:
    """Return what to raise when the user's code failed while it was being searched with."""
    found = TaskError(f"{task.name}: while searching, {reason}")
    found.__cause__ = error
    return found


def penalties_of(task: Task, ending: Ending, pieces: Sequence[Trace]) -> tuple[float, ...]:
    """Return the penalties of a short run that has ended; one that was not finite is among them.

    Errors: KeyboardInterrupt if it was interrupted; TaskError if the task's code raised.
    """
    penalties = tuple(float(value) for value in joined(pieces)["penalty"].values)
    if ending.kind == "interrupted":
        raise KeyboardInterrupt
    if ending.kind == "failed" and all(map(math.isfinite, penalties)):
        raise failed(task, ending.reason, ending.error)
    return penalties


def sources_of(task: Task) -> list[Source]:
    """Return the sources of a task's batches."""
    return [source for source in (task.train, task.validation) if source is not None]
