"""Metrics over a validation set: plain functions as means over its items, torchmetrics' objects over the whole of it.

An F1 score or an area under a curve is no mean of what single batches give, so objects of torchmetrics gather what they
need from every batch and are asked once. torchmetrics is not imported here: whoever made the object has done so.
"""

import sys
from collections.abc import Mapping
from math import fsum
from typing import Any, final

import torch
from torch import Tensor

from surefoot.errors import TaskError
from surefoot.trace import UNITS
from surefoot.training.task import Judge, one_number


@final
class Tally:
    """What a pass over a validation set gathers, batch by batch.

    Args:
        metrics: by name, functions and objects of torchmetrics; of the latter, empty copies are used.
        home: where outputs and targets will be.
    """

    def __init__(self, metrics: Mapping[str, Judge], home: torch.device) -> None:
        self._names = list(metrics)
        self._whole = {name: _emptied(metric, home) for name, metric in metrics.items() if gathers(metric)}
        self._means = {name: judge for name, judge in metrics.items() if name not in self._whole}
        self._rows: list[Tensor] = []
        self._weights: list[int] = []

    def __len__(self) -> int:
        """Return how many batches were taken in."""
        return len(self._rows)

    def add(self, penalty: Tensor, output: Any, target: Any, items: int) -> None:
        """Take in one batch.

        Args:
            penalty: its penalty, one number.
            output: the model's, for the metrics.
            target: what it should have been.
            items: how many there are in the batch [>= 0].
        """
        values = [penalty, *(one_number(name, judge(output, target)) for name, judge in self._means.items())]
        self._rows.append(torch.stack([value.float() for value in values]))
        self._weights.append(items)
        for metric in self._whole.values():
            metric.update(output, target)

    def found(self) -> dict[str, float]:
        """Return the validation penalty and each metric, in the order they were given.

        Errors: TaskError if nothing was taken in, or a metric gives no numbers or a name that is taken.
        """
        total = sum(self._weights)
        if not total:
            raise TaskError("validation gave no batches; give some, or leave validation out")
        columns = torch.stack(self._rows).T.tolist()  # one wait for the device, not one a batch
        means = [fsum(w * x for w, x in zip(self._weights, column, strict=True)) / total for column in columns]
        functions = dict(zip(self._means, means[1:], strict=True))
        found = [("validation_penalty", means[0])]
        for name in self._names:
            found += [(name, functions[name])] if name in functions else numbers(name, self._whole[name].compute())
        return _distinct(found)


def gathers(metric: object) -> bool:
    """Return whether a metric is an object of torchmetrics, which gathers over batches, and not a function."""
    package: Any = sys.modules.get("torchmetrics")
    return package is not None and isinstance(metric, (package.Metric, package.MetricCollection))


def numbers(name: str, value: object) -> list[tuple[str, float]]:
    """Return what a metric computed as named numbers: NAME, or NAME_KEY of a dict, or NAME_0, NAME_1 ... of a row.

    Errors: TaskError if there is anything in it but numbers.

    >>> numbers("f1", torch.tensor([0.5, 1.0])), numbers("all", {"recall": torch.tensor(0.25)})
    ([('f1_0', 0.5), ('f1_1', 1.0)], [('all_recall', 0.25)])
    """
    if isinstance(value, Mapping):
        return [pair for key, part in value.items() for pair in numbers(f"{name}_{key}", part)]
    if isinstance(value, Tensor) and value.ndim == 1 and len(value) > 1:
        return [(f"{name}_{place}", float(part)) for place, part in enumerate(value.tolist())]
    if isinstance(value, (int, float)) or (isinstance(value, Tensor) and value.numel() == 1):
        return [(name, float(value))]
    what = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
    raise TaskError(f"metric {name!r} gave {what}; use one that gives a number, a row of numbers, or a dict of them")


def _emptied(metric: Any, home: torch.device) -> Any:
    """Return a copy of the user's object without what it may have gathered."""
    copied = metric.clone().to(home)
    copied.reset()
    return copied


def _distinct(found: list[tuple[str, float]]) -> dict[str, float]:
    names = [name for name, _ in found]
    twice = sorted({name for name in names[1:] if name in UNITS or names.count(name) > 1})
    if twice:
        raise TaskError(f"more than one number is called {', '.join(twice)}; give the metrics other names")
    return dict(found)
