"""Handwritten digits: 1797 images of 8 by 8 pixels, ten classes, and a conv net that reads them.

Source: the test half of the UCI "Optical Recognition of Handwritten Digits" (Alpaydin & Kaynak 1998), as scikit-learn
ships it. The file is read out of the installed package, which is not imported: that would cost a second.
"""

import importlib.util
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surefoot.errors import MissingPackage
from surefoot.pytorch.penalties import CrossEntropy
from surefoot.training.batches import Batches
from surefoot.training.task import Task

HELD_BACK = 0.2
"""Share of the images held back for validation, about."""


def rows() -> NDArray[np.uint8]:
    """Return the data, 1797 rows of 64 pixels (0 to 16) and the digit.

    Errors: MissingPackage if scikit-learn is not installed.
    """
    found = importlib.util.find_spec("sklearn")
    folders = (found.submodule_search_locations or []) if found else []
    for folder in folders:
        file = Path(folder, "datasets", "data", "digits.csv.gz")
        if file.is_file():
            return np.loadtxt(file, delimiter=",", dtype=np.uint8)
    raise MissingPackage("the digits come with scikit-learn; install it with: pip install 'surefoot[data]'")


def held_back(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which rows are for validation: a row's own bytes decide, so equal rows are never on both sides.

    >>> both = held_back(np.array([[1, 2], [3, 4], [1, 2]], dtype=np.uint8))
    >>> bool(both[0] == both[2])
    True
    """
    draws = [int.from_bytes(sha256(row.tobytes()).digest()[:4], "big") for row in data]
    return np.array(draws) < HELD_BACK * 2**32


def network() -> nn.Module:
    """Return a conv net of 38 thousand weights.

    Chosen by measurement, validation accuracy in 1000 steps, mean of three seeds: an MLP of 26 thousand weights
    0.984 in 0.3 s, this 0.990 in 1.7 s, one twice as wide 0.995 in 4.6 s.
    """
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """Return the share of images read rightly."""
    return (output.argmax(1) == target).float().mean()


def task() -> Task:
    """Return the task: batches of 64, pixels from 0 to 1, validation accuracy as a metric."""
    data = rows()
    images = torch.from_numpy(data[:, :64]).float() / 16
    digits = torch.from_numpy(data[:, 64]).long()
    back = torch.from_numpy(held_back(data))
    return Task(
        model=network,
        penalty=CrossEntropy(),
        train=Batches(images[~back], digits[~back], size=64),
        validation=Batches(images[back], digits[back], size=512),
        metrics={"accuracy": accuracy},
        name="digits",
    )
