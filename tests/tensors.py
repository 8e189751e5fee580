"""Tensors for tests: random ones, and the real data that scikit-learn ships."""

from functools import cache

import numpy as np
import torch
from sklearn import datasets

random = torch.Generator().manual_seed(0)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=random)


def ids(count: int, *shape: int) -> torch.Tensor:
    return torch.randint(count, shape, generator=random)


def untrained(inputs: int, outputs: int, seed: int = 0, scale: float = 1.0) -> torch.nn.Module:
    """A net as torch initialises it, its outputs scaled."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Linear(inputs, 64), torch.nn.ReLU(), torch.nn.Linear(64, outputs))
    with torch.no_grad():
        for parameter in net[2].parameters():
            parameter.mul_(scale)
    return net


def same_as_torch(ours, torchs, output, target) -> None:
    """Assert that value and gradient are torch's to the last bit."""
    mine, theirs = (output.clone().requires_grad_() for _ in range(2))
    value, wanted = ours(mine, target), torchs(theirs, target)
    value.backward()
    wanted.backward()
    assert torch.equal(value, wanted)
    assert torch.equal(mine.grad, theirs.grad)


@cache
def table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of digits, diabetes or breast_cancer, as they are."""
    inputs, targets = getattr(datasets, f"load_{name}")(return_X_y=True)
    return inputs, targets


def standardised(inputs: np.ndarray) -> torch.Tensor:
    """Inputs with mean 0 and variance 1 in each column that varies."""
    spread = inputs.std(0)
    return torch.from_numpy((inputs - inputs.mean(0)) / np.where(spread > 0, spread, 1.0)).float()
