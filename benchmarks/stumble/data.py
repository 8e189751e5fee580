"""Real data that come with scikit-learn and with Python itself, split into training and validation rows."""

import argparse
import inspect
import io
import optparse
import tokenize
import typing
from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from torch import Tensor

Split = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]


def _split(x: Tensor, y: Tensor, train: int) -> Split:
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(x)))
    x, y = x[order], y[order]
    return (x[:train], y[:train]), (x[train:], y[train:])


@cache
def digits() -> Split:
    """Return 1,797 pictures of 64 numbers in [0, 1], standardised as a whole, and their digits."""
    found = load_digits()
    x = torch.tensor(found.data / 16.0, dtype=torch.float32)
    return _split((x - x.mean()) / x.std(), torch.tensor(found.target), 1280)


@cache
def pictures() -> Split:
    """Return the digits as their own targets, in [0, 1]."""
    x = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    return _split(x, x.clone(), 1280)


@cache
def diabetes() -> Split:
    """Return ten standardised columns and the standardised progression."""
    found = load_diabetes()
    x, y = (torch.tensor(each, dtype=torch.float32) for each in (found.data, found.target))
    return _split((x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std(), 320)


@cache
def cancer() -> Split:
    """Return thirty standardised columns and 0 or 1."""
    found = load_breast_cancer()
    x, y = (torch.tensor(each, dtype=torch.float32) for each in (found.data, found.target))
    return _split((x - x.mean(0)) / x.std(0), y, 384)


@cache
def source() -> Split:
    """Return windows of 32 bytes of Python's own source, and whether the middle is in a string or a comment."""
    rows, labels = [], []
    for module in (argparse, optparse, typing):
        text = inspect.getsource(module)
        inside = _told(text)
        data = text.encode("latin-1", "replace")
        for middle in range(16, len(data) - 16, 37):
            rows.append(list(data[middle - 16 : middle + 16]))
            labels.append(float(inside[middle]))
    x = torch.tensor(rows).clamp(max=127)
    order = torch.from_numpy(np.random.default_rng(1).permutation(len(x)))[:4096]
    return _split(x[order], torch.tensor(labels)[order], 3072)


def _told(text: str) -> np.ndarray:
    """Return for each character whether it stands in a string or a comment."""
    begins = np.cumsum([0, *(len(line) for line in text.splitlines(keepends=True))])
    found = np.zeros(len(text), bool)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            (row, column), (last, end) = token.start, token.end
            found[begins[row - 1] + column : begins[last - 1] + end] = True
    return found
