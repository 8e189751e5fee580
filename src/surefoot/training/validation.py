"""Measuring a model on its validation batches, without leaving a mark on the run."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from surefoot.training.batches import epoch, weight
from surefoot.training.compute import Compute, home
from surefoot.training.metrics import Tally
from surefoot.training.place import Place
from surefoot.training.task import Task


@contextmanager
def unmarked(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode without gradients; on leaving, modes and random draws are as before."""
    modes = {module: module.training for module in model.modules()}
    where = home(model)
    try:
        with torch.no_grad(), torch.random.fork_rng([where] if where.type == "cuda" else []):
            model.eval()
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def validated(
    task: Task, model: nn.Module, place: Place | None = None, compute: Compute | None = None
) -> dict[str, float]:
    """Return the validation penalty and each metric, whatever the sizes of the batches.

    The penalty and metrics that are functions are means over the items; metrics of torchmetrics are computed over all
    items at once, by a copy, so that the user's object stays as it was.

    Args:
        task: a task with validation batches.
        model: the model to judge; its modes and torch's generators are left as they were.
        place: told which batch is being read, for the message if one fails.
        compute: where, and in which precision; as the model is if None.

    Errors: TaskError if there are no validation batches, or a metric does not give numbers.
    """
    place, compute = place or Place(), compute or Compute()
    tally = Tally(task.metrics, home(model))
    with unmarked(model):
        place.doing("preparing", "validation", 0)
        for batch in place.reading(epoch(task.validation or [], seed=0, number=0), "validation"):
            place.act("judging")
            with compute.autocast(model):
                penalty, output, target = task.judged(model, compute.moved(batch))
            tally.add(penalty, compute.widened(output), target, weight(batch))
        if len(tally):
            place.doing("computing the metrics after", "validation", len(tally) - 1)
        return tally.found()
