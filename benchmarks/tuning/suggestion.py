"""What torch-lr-finder suggests: a range test as in its own example, and the steepest place of its curve."""

import io
import itertools
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import final

import torch
from torch import nn

from surefoot.training.batches import Batch, Epochs
from surefoot.training.task import Task

RANGE_STEPS = 100
"""Steps of the range test, and from where to where: those of torch-lr-finder's own example."""

LOWEST, HIGHEST = 1e-7, 100.0


def suggested(task: Task, seed: int, model: nn.Module) -> tuple[float, int]:
    """Return the step size that torch-lr-finder suggests and the steps it took; the model is as before."""
    from matplotlib.figure import Figure
    from torch_lr_finder import LRFinder, TrainDataLoaderIter

    optimizer = torch.optim.AdamW(model.parameters(), lr=LOWEST)
    finder = LRFinder(model, optimizer, task.penalty)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        batches = TrainDataLoaderIter(Shuffled(task.train, seed))
        finder.range_test(batches, end_lr=HIGHEST, num_iter=RANGE_STEPS)
        spent = len(finder.history["lr"])
        try:
            _, found = finder.plot(ax=Figure().add_subplot(), suggest_lr=True)
        except RuntimeError:  # fewer than 17 steps before the penalty was five times its least
            found = 1e-3
        finder.reset()
    return float(found), spent


@final
class Shuffled:
    """Epochs as torch-lr-finder asks for them: each call of `iter` is the next."""

    def __init__(self, source: Epochs, seed: int) -> None:
        self._source, self._seed, self._numbers = source, seed, itertools.count()

    def __iter__(self) -> Iterator[Batch]:
        return self._source.epoch(self._seed, next(self._numbers))
