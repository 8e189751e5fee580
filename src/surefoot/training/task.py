"""A task: a model, a penalty and data, all that a run needs to know about what is trained."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from torch import Tensor, nn
from torch.utils.data import Dataset, IterableDataset

from surefoot.errors import TaskError, refuse
from surefoot.trace import UNITS
from surefoot.training.batches import Batch, Source
from surefoot.training.compute import home

Judge: TypeAlias = Callable[[Any, Any], Tensor]
"""Takes the model's output and the target and returns one number as a tensor, the mean over the batch."""


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """A model, a penalty and data.

    Args:
        model: a function of no arguments that makes the model (a class will do), called once the run is seeded, or a
            module, which is trained in place.
        train: batches to train on: a loader, or a function of no arguments that returns an epoch's batches. Without
            `forward` each batch is (input, target).
        penalty: what to make small: takes the model's output and the target, returns the mean over the batch.
        validation: batches to judge the weights on, like `train`; without them no step is best and no run stops early.
        forward: takes the model and a batch and returns the penalty; instead of `penalty`, for batches of any kind.
        metrics: by name, what else to measure on the validation batches: functions, called like `penalty`, whose values
            are averaged over the items; or objects of torchmetrics, which are computed over the whole set at once.
        name: what to call it in messages and records.
        source: FILE.py:NAME if it was loaded from a file; a record says so, and it can be found again.

    Errors: InvalidValue naming every fault.

    >>> import torch
    >>> data = [(torch.zeros(4, 2), torch.zeros(4, 1))]
    >>> Task(model=lambda: nn.Linear(2, 1), penalty=nn.MSELoss(), train=data, name="line").name
    'line'
    """

    model: Callable[[], nn.Module] | nn.Module
    train: Source
    penalty: Judge | None = None
    validation: Source | None = None
    forward: Callable[[nn.Module, Batch], Tensor] | None = None
    metrics: Mapping[str, Judge] = field(default_factory=dict)
    name: str = "task"
    source: str = ""

    def __post_init__(self) -> None:
        faults = [_model_fault(self.model), *_penalty_faults(self), _source_fault("train", self.train)]
        if self.validation is not None:
            faults.append(_source_fault("validation", self.validation))
        if not (isinstance(self.name, str) and self.name.strip()):
            faults.append(f"name is {self.name!r}; give it a word")
        refuse("Task", [fault for fault in [*faults, *_metric_faults(self)] if fault])

    def make(self) -> nn.Module:
        """Return the model, made anew if `model` is a function.

        Errors: TaskError if the function fails or returns something else.
        """
        if isinstance(self.model, nn.Module):
            return self.model
        try:
            model = self.model()
        except Exception as error:
            raise TaskError(f"{self.name}: making the model failed: {type(error).__name__}: {error}") from error
        if not isinstance(model, nn.Module):
            raise TaskError(f"{self.name}: model() returned a {type(model).__name__}; it must return an nn.Module.")
        return model

    def penalty_of(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the penalty of a batch, one number.

        Errors: TaskError if the batch is not (input, target), or the penalty not one number.
        """
        return self.judged(model, batch)[0]

    def judged(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Any, Any]:
        """Return the penalty of a batch, and the output and target it was computed from; with `forward`, None and None.

        Errors: TaskError if the batch is not (input, target), or the penalty not one number.
        """
        if self.forward is not None:
            return one_number("forward", self.forward(model, batch)), None, None
        given, target = _on_device_of(model, _pair(batch))
        output = model(given)
        value = self.penalty(output, target) if self.penalty is not None else None
        return one_number("penalty", value), output, target


def one_number(name: str, value: object) -> Tensor:
    """Return a penalty or a metric as a tensor without dimensions.

    Errors: TaskError if it is no tensor of one element.
    """
    if not isinstance(value, Tensor):
        raise TaskError(f"{name} gave a {type(value).__name__}; it must give a tensor of one number")
    if value.numel() != 1:
        raise TaskError(f"{name} gave a tensor of shape {tuple(value.shape)}; it must give one number: take the mean")
    return value if value.ndim == 0 else value.reshape(())


def _pair(batch: Batch) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        size = f" of {len(batch)}" if isinstance(batch, (tuple, list, dict)) else ""
        raise TaskError(f"a batch is a {type(batch).__name__}{size}; make it (input, target), or give forward=")
    return batch[0], batch[1]


def _on_device_of(model: nn.Module, things: tuple[Any, Any]) -> Iterator[Any]:
    where = home(model)
    return (thing.to(where, non_blocking=True) if isinstance(thing, Tensor) else thing for thing in things)


def _model_fault(model: object) -> str | None:
    if isinstance(model, nn.Module):
        return None
    if not callable(model):
        return f"model is a {type(model).__name__}; give an nn.Module, or a function of no arguments that makes one"
    try:
        inspect.signature(model).bind()
    except TypeError:
        return "model needs arguments; give a function of no arguments, such as lambda: Net(64)"
    except ValueError:  # some builtins have no signature
        return None
    return None


def _penalty_faults(task: Task) -> list[str]:
    if task.penalty is not None and task.forward is not None:
        return ["penalty and forward are both given; forward returns the penalty itself, so leave penalty out"]
    if task.penalty is None and task.forward is None:
        return ["penalty is missing; give penalty=..., or forward=lambda model, batch: penalty"]
    name, given = ("penalty", task.penalty) if task.forward is None else ("forward", task.forward)
    if isinstance(given, type):
        return [f"{name} is the class {given.__name__}; make one: {given.__name__}()"]
    return [] if callable(given) else [f"{name} is a {type(given).__name__}; give a function"]


def _source_fault(name: str, source: object) -> str | None:
    if isinstance(source, Tensor) or (isinstance(source, Dataset) and not isinstance(source, IterableDataset)):
        return f"{name} is a {type(source).__name__}, not batches; wrap it, as in DataLoader({name}, batch_size=64)"
    if isinstance(source, Iterator):
        return f"{name} can be gone through only once; give a loader, or a function that returns an epoch's batches"
    if not isinstance(source, Iterable) and not callable(source):
        return f"{name} is a {type(source).__name__}; give a loader, or a function that returns an epoch's batches"
    return None


def _metric_faults(task: Task) -> list[str]:
    given: object = task.metrics
    if not isinstance(given, Mapping):
        return [f"metrics is a {type(given).__name__}; give a mapping from names to functions"]
    faults = [fault for name, judge in task.metrics.items() if (fault := _metric_fault(name, judge))]
    taken = [name for name in task.metrics if name in UNITS]
    faults += [f"a metric is called {name!r}, which every run records; rename it" for name in taken]
    if task.metrics and task.forward is not None:
        faults.append("metrics need the model's output, which forward does not show; give penalty instead of forward")
    if task.metrics and task.validation is None:
        faults.append("metrics are measured on validation batches; give validation=...")
    return faults


def _metric_fault(name: str, judge: object) -> str | None:
    if isinstance(judge, type):
        return f"metric {name!r} is the class {judge.__name__}; make one: {judge.__name__}(...)"
    return None if callable(judge) else f"metric {name!r} is no function"
