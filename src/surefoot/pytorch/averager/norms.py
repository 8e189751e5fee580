"""Batch norms' statistics for weights that no step has made: measured anew on training batches."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from surefoot.errors import InvalidValue


@torch.no_grad()
def refresh_statistics(
    model: nn.Module,
    batches: Iterable[Any],
    forward: Callable[[nn.Module, Any], object] | None = None,
) -> int:
    """Measure the running statistics of a model's batch norms anew, and return how many batches were used.

    Averaged weights have other activations than any weights that were trained, so the mean of their statistics is not
    their statistics. Each becomes the plain mean of what the batches have, all with the same weight; the rest of the
    model runs as in evaluation, so nothing is dropped. Those that training leaves alone, in evaluation mode, are left
    alone here. A norm's counter of batches stays, unless its statistics are a plain mean anyway (momentum None).

    Nothing is read if there is no batch norm. Modes, momenta, gradients and the generators of torch, numpy and random
    are left as they were; on an error the statistics are too.

    Args:
        model: whose; in training mode as the loop has it, or in evaluation mode.
        batches: of training data: tensors, or tuples that begin with what the model gets.
        forward: takes the model and a batch and runs it; the model on the batch's first part, moved to the model's
            device, if None.

    Errors: InvalidValue if there are no batches, or one is of another kind.

    >>> model = nn.BatchNorm1d(1)
    >>> refresh_statistics(model, [torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])])
    2
    >>> model.running_mean.item(), model.running_var.item(), model.num_batches_tracked.item()
    (4.0, 2.0, 0)
    """
    used = 0
    with _measuring(model) as norms:
        for batch in batches if norms else ():
            (forward or _forward)(model, batch)
            used += 1
        if norms and not used:
            raise InvalidValue("refresh_statistics: batches is empty; give some of the training data.")
    return used


@contextmanager
def _measuring(model: nn.Module) -> Iterator[list[_BatchNorm]]:
    """Let a model's batch norms take plain means, and the rest of it run as in evaluation."""
    modes = {module: module.training for module in model.modules()}
    with _drawing_nothing(model):
        try:
            if not model.training:
                model.train()  # a model may keep some of its norms out of it
            norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and _measures(module)]
            with _plain_means(norms):
                model.eval()
                for norm in norms:
                    norm.training = True
                yield norms
        finally:
            for module, mode in modes.items():
                module.training = mode


def _measures(norm: _BatchNorm) -> bool:
    return norm.training and norm.track_running_stats and norm.running_mean is not None


@contextmanager
def _plain_means(norms: list[_BatchNorm]) -> Iterator[None]:
    """Begin statistics anew, with no momentum; momenta and counters come back, and on an error all statistics."""
    momenta = [norm.momentum for norm in norms]
    held = [[buffer.clone() for buffer in norm.buffers(recurse=False)] for norm in norms]
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        yield
    except BaseException:
        for norm, buffers in zip(norms, held, strict=True):
            for buffer, before in zip(norm.buffers(recurse=False), buffers, strict=True):
                buffer.copy_(before)
        raise
    finally:
        for norm, momentum, buffers in zip(norms, momenta, held, strict=True):
            norm.momentum = momentum
            if momentum is not None and norm.num_batches_tracked is not None:
                norm.num_batches_tracked.copy_(buffers[-1])


@contextmanager
def _drawing_nothing(model: nn.Module) -> Iterator[None]:
    """Leave the generators of torch, numpy and random as they were: batches are drawn, by whatever they are of."""
    where = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    numpy_state, state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng([where] if where.type == "cuda" else []):
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(state)


def _forward(model: nn.Module, batch: Any) -> object:
    given = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if not isinstance(given, Tensor):
        what = f"a batch is a {type(batch).__name__}"
        raise InvalidValue(f"refresh_statistics: {what}; give tensors, (input, target), or forward=.")
    where = next((parameter.device for parameter in model.parameters()), given.device)
    return model(given.to(where))
