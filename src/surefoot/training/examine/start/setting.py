"""What is examined: copies of the task's model and penalty, so that nothing of the user's is touched."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from surefoot.pytorch.groups.names import modules
from surefoot.training.batches import Batch
from surefoot.training.compute import Compute
from surefoot.training.examine.start.outcome import Unable, told
from surefoot.training.examine.start.reading import parted
from surefoot.training.generators import seeded
from surefoot.training.task import Task


@final
@dataclass(frozen=True, eq=False)
class Call:
    """One call of the model: what it was given, and what it gave."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    output: Any


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """A task whose model is copied for every look at it.

    Args:
        task: with a penalty of its own.
        compute: where, and in which precision.
        seed: with which everything begins.
        first: the model as a run would begin with it, never called but to make what is lazy; None if it has no copy.
        why: why it has none.
    """

    task: Task
    compute: Compute
    seed: int
    first: nn.Module | None
    why: str = ""

    def model(self) -> nn.Module:
        """Return a copy of the model, in training mode as the loop has it.

        Errors: Unable if it cannot be copied.
        """
        if self.first is None:
            raise Unable(self.why)
        try:
            return deepcopy(self.first).train()
        except Exception as error:  # a hook, a handle, a tensor with a history
            if isinstance(self.task.model, nn.Module):
                raise Unable(_uncopied(error)) from error
        seeded(self.seed)
        return self.compute.placed(self.task.make()).train()

    def judged(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Any, Any]:
        """Return a batch's penalty, output and target; the same draws every time."""
        seeded(self.seed)
        with self.compute.autocast(model):
            penalty, output, target = self.task.judged(model, self.compute.moved(batch))
        return penalty, self.compute.widened(output), target

    def called(self, model: nn.Module, batch: Batch) -> Call:
        """Return the one call of the model that a batch's penalty takes, whoever makes it.

        Errors: Unable if forward does not call the model just once.
        """
        calls: list[Call] = []
        handle = model.register_forward_hook(
            lambda _, args, kwargs, output: calls.append(Call(args, kwargs, output)), with_kwargs=True
        )
        try:
            self.judged(model, batch)
        finally:
            handle.remove()
        if len(calls) != 1:
            raise Unable(f"forward calls the model {len(calls)} times and not once")
        return calls[0]

    def given(self, batch: Batch) -> tuple[Any, Any]:
        """Return a batch's input and target, as far as they are known apart."""
        return parted(self.task, batch)


def prepared(task: Task, compute: Compute, seed: int) -> Setting:
    """Return a setting; everything is seeded and the model made as `fit` does it.

    Errors: TaskError if the model cannot be made.
    """
    seeded(seed)
    penalty = deepcopy(task.penalty) if isinstance(task.penalty, nn.Module) else task.penalty
    alone = replace(task, penalty=penalty)
    if not isinstance(task.model, nn.Module):
        return Setting(alone, compute, seed, compute.placed(_plain(task.make())))
    try:
        return Setting(alone, compute, seed, compute.placed(deepcopy(_plain(task.model))))
    except Exception as error:
        return Setting(alone, compute, seed, None, _uncopied(error))


@torch.no_grad()
def completed(setting: Setting, batch: Batch) -> None:
    """Let lazy modules make their parameters."""
    model = setting.first
    if model is not None and any(is_lazy(each) for each in (*model.parameters(), *model.buffers())):
        setting.judged(model.eval(), batch)


def _uncopied(error: Exception) -> str:
    return f"the model cannot be copied ({told(error)})"


def _plain(model: nn.Module) -> nn.Module:
    """Return the model that torch.compile wraps: compiling takes longer than the examination."""
    wrapped = type(model).__name__ == "OptimizedModule"  # whose class is slow to import
    return model._modules["_orig_mod"] or model if wrapped else model


def named(model: nn.Module) -> dict[nn.Module, str]:
    """Return the names of a model's modules, the first of each."""
    found: dict[nn.Module, str] = {}
    for name, module in modules(model).items():
        found.setdefault(module, name)
    return found
