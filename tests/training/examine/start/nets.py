"""What the tests of the examination share: data, small nets, and a module of any function."""

from itertools import pairwise

import pytest
import torch
from torch import nn

import surefoot as sf

datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")

DRAWS = torch.Generator().manual_seed(0)
DIGITS = torch.tensor(datasets.load_digits().data, dtype=torch.float32) / 16
DIGIT = torch.tensor(datasets.load_digits().target)


def standardised(x):
    x = torch.as_tensor(x, dtype=torch.float32)
    return (x - x.mean(0)) / x.std(0)


def drawn(*shape):
    return torch.randn(*shape, generator=DRAWS)


def ids(count, *shape):
    return torch.randint(count, shape, generator=DRAWS)


def mlp(*widths, act=nn.ReLU):
    layers = [part for one, two in pairwise(widths) for part in (nn.Linear(one, two), act())]
    return nn.Sequential(*layers[:-1])


def split(x, y, size=32, held=64):
    return {"train": sf.Batches(x[held:], y[held:], size=size), "validation": sf.Batches(x[:held], y[:held])}


def digits(model, penalty=None, **given):
    return sf.Task(model=model, penalty=penalty or sf.CrossEntropy(), **{**split(DIGITS, DIGIT), **given})


class Fold(nn.Module):
    """Any function as a module, over modules that it holds."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function, self.parts = function, nn.ModuleDict(parts)

    def forward(self, *given, **named):
        return self.function(self.parts, *given, **named)
