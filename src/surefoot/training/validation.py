"""Measuring a model on its validation batches, without leaving a mark on the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import fsum

import torch
from torch import nn

from surefoot.errors import TaskError
from surefoot.training.batches import epoch, weight
from surefoot.training.place import Place
from surefoot.training.task import Task


@contextmanager
def unmarked(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode without gradients; on leaving, modes and random draws are as before."""
    modes = {module: module.training for module in model.modules()}
    home = next(model.parameters(), torch.empty(0)).device
    try:
        with torch.no_grad(), torch.random.fork_rng([home] if home.type == "cuda" else []):
            model.eval()
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def validated(task: Task, model: nn.Module, place: Place | None = None) -> dict[str, float]:
    """Return the validation penalty and each metric: means over the items, whatever the sizes of the batches.

    Args:
        task: a task with validation batches.
        model: the model to judge; its modes and torch's generators are left as they were.
        place: told which batch is being read, for the message if one fails.

    Errors: TaskError if there are no validation batches.
    """
    place = place or Place()
    with unmarked(model):
        judged, weights = [], []
        place.doing("preparing", "validation", 0)
        for batch in place.reading(epoch(task.validation or [], seed=0, number=0), "validation"):
            place.act("judging")
            judged.append(torch.stack([value.float() for value in task.judged(model, batch)]))
            weights.append(weight(batch))
    if not weights or not sum(weights):
        raise TaskError("validation gave no batches; give some, or leave validation out")
    columns = torch.stack(judged).T.tolist()  # one wait for the device, not one a batch
    total = sum(weights)
    means = (fsum(w * x for w, x in zip(weights, column, strict=True)) / total for column in columns)
    return dict(zip(["validation_penalty", *task.metrics], means, strict=True))
