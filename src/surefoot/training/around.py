"""The penalty around a model's weights, along two random directions whose every filter is as long as the model's own.

found = around(task, model, places=25)
found.across, found.penalties, found.says
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surefoot.errors import refuse
from surefoot.training.batches import Batch, epoch
from surefoot.training.compute import Compute
from surefoot.training.task import Task
from surefoot.training.validation import validated

Floats = NDArray[np.float64]

CAVEAT = (
    "These are two random directions of very many: a wall or a valley along others does not show, so the picture "
    "cannot prove that a minimum is flat. Each filter of a direction is as long as the model's own, so that networks "
    "that compute the same at other scales look the same. Biases and norms do not move, and batch norms keep their "
    "statistics."
)
"""What such a picture cannot say (Li et al. 2018, sections 4 and 6)."""

ALL = 64
"""Batches that are kept at most: more make the picture smoother than anyone sees."""


@final
@dataclass(frozen=True, eq=False)
class Around:
    """The penalty around some weights.

    Args:
        across: places along the first direction; the same along the second [lengths of the weights; n, 0 the weights].
        penalties: there [n, n], the second direction first; nan where it was not finite.
        batches: how many it is the mean of, of validation or, without it, of training.
        items: in them.
        validation: whether they are of validation.
        seed: of the directions.
        seconds: that it took.
    """

    across: Floats
    penalties: Floats
    batches: int
    items: int
    validation: bool
    seed: int
    seconds: float

    @property
    def centre(self) -> float:
        """The penalty of the weights themselves, on these batches."""
        middle = len(self.across) // 2
        return float(self.penalties[middle, middle])

    @property
    def says(self) -> str:
        """What is to be seen, in a sentence: how far one can go before the penalty has doubled, and what is lowest."""
        low = float(np.nanmin(self.penalties))
        place = np.unravel_index(np.nanargmin(self.penalties), self.penalties.shape)
        away = float(np.hypot(*(self.across[index] for index in place)))
        lower = f"; the lowest, {low:.4g}, is {away:.2g} away" if low < self.centre else ", the lowest of the map"
        return f"At the weights the penalty is {self.centre:.4g}{lower}. {self._doubled()}"

    def _doubled(self) -> str:
        ways = np.hypot(self.across[None, :], self.across[:, None])
        beyond = ways[~(self.penalties <= 2.0 * self.centre)]
        if not beyond.size:
            return "Nowhere on the map does it double."
        return f"It has doubled, where it rises most, {beyond.min():.2g} of the weights' length away."

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON holds; a penalty that was not finite becomes None."""
        rows = [[value if np.isfinite(value) else None for value in row] for row in self.penalties.tolist()]
        return {
            "across": self.across.tolist(), "penalties": rows, "batches": self.batches, "items": self.items,
            "validation": self.validation, "seed": self.seed, "seconds": self.seconds, "says": self.says,
            "caveat": CAVEAT,
        }  # fmt: skip


def around(
    task: Task,
    model: nn.Module,
    *,
    places: int = 25,
    reach: float = 1.0,
    seconds: float = 60.0,
    seed: int = 0,
    compute: Compute | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Around:
    """Measure the penalty around a model's weights; the model is left as it was.

    Source: Li et al. 2018 (arXiv 1712.09913), section 4: filter-normalised random directions.

    Args:
        task: the penalty and the data.
        model: whose weights are in the middle.
        places: along each direction [odd, 3 to 101].
        reach: of the map to each side [lengths of the weights' own filters; above 0].
        seconds: for all of it, about: so many batches are taken as can be judged in that time, one at least.
        seed: of the directions.
        compute: where, and in which precision.
        tell: told how many rows are done, after each.

    Errors: InvalidValue naming every fault; TaskError if the task's code raises.

    Laws: the middle is the penalty of the weights. Scaling a filter and undoing it in the next layer leaves the map.
    """
    odd = 3 <= places <= 101 and places % 2 == 1
    faults = [] if odd else [f"places is {places}; it must be odd and from 3 to 101"]
    faults += [] if 0.0 < reach < float("inf") else [f"reach is {reach:g}; it must be above 0 and finite"]
    faults += [] if seconds > 0.0 else [f"seconds is {seconds:g}; it must be above 0"]
    refuse("around", faults)
    began, held = perf_counter(), [weight.detach().clone() for weight in model.parameters()]
    ways = (_direction(model, seed), _direction(model, seed + 1))
    across = np.linspace(-reach, reach, places)
    source = task.validation if task.validation is not None else task.train
    batches = list(islice(epoch(source, 0, 0), ALL))
    judge = _Judge(replace(task, validation=batches, metrics={}), model, compute or Compute())
    judge.batches = judge.affordable(batches, seconds / places**2)
    rows = []
    try:
        for done, y in enumerate(across, 1):
            rows.append([judge(held, ways, (x, y)) for x in across])
            tell(done)
    finally:
        _put(model, held)
    items = sum(_items(batch) for batch in judge.batches)
    taken = perf_counter() - began
    return Around(across, np.array(rows), len(judge.batches), items, task.validation is not None, seed, taken)


@final
class _Judge:
    """Judges weights by some batches."""

    def __init__(self, task: Task, model: nn.Module, compute: Compute) -> None:
        self._task, self._model, self._compute = task, model, compute
        self.batches: Sequence[Batch] = ()

    def affordable(self, batches: Sequence[Batch], seconds: float) -> Sequence[Batch]:
        """Return as many batches as can be judged in a time; the first, judged once before, is not what is measured."""
        self.batches = batches[:1]
        self._penalty()
        began = perf_counter()
        self._penalty()
        return batches[: max(1, int(seconds / max(perf_counter() - began, 1e-9)))]

    def __call__(self, middle: Sequence[Tensor], ways: Sequence[Sequence[Tensor]], place: tuple[float, float]) -> float:
        """Return the penalty at a place; nan if it is not finite."""
        _put(self._model, _moved(middle, ways, place))
        found = self._penalty()
        return found if np.isfinite(found) else float("nan")

    def _penalty(self) -> float:
        task = replace(self._task, validation=self.batches)
        return validated(task, self._model, compute=self._compute)["validation_penalty"]


def _moved(middle: Sequence[Tensor], ways: Sequence[Sequence[Tensor]], place: tuple[float, float]) -> Iterator[Tensor]:
    for weight, first, second in zip(middle, *ways, strict=True):
        yield weight + place[0] * first + place[1] * second


@torch.no_grad()
def _put(model: nn.Module, weights: Sequence[Tensor] | Iterator[Tensor]) -> None:
    for there, weight in zip(model.parameters(), weights, strict=True):
        there.copy_(weight)


def _direction(model: nn.Module, seed: int) -> list[Tensor]:
    """Return a random direction, each filter of it as long as the model's; nothing for what has no filters."""
    drawn = torch.Generator().manual_seed(seed)
    return [_filters(weight.detach(), drawn) for weight in model.parameters()]


def _filters(weight: Tensor, drawn: torch.Generator) -> Tensor:
    if weight.ndim < 2 or not weight.is_floating_point():
        return torch.zeros_like(weight)
    random = torch.randn(weight.shape, generator=drawn, dtype=torch.float64).flatten(1)
    lengths = weight.to("cpu", torch.float64).flatten(1).norm(dim=1, keepdim=True)
    scaled = random * lengths / random.norm(dim=1, keepdim=True).clamp_min(1e-30)
    found: Tensor = scaled.reshape(weight.shape).to(weight)
    return found


def _items(batch: Batch) -> int:
    first = batch[0] if isinstance(batch, (tuple, list)) else batch
    return len(first) if isinstance(first, Tensor) and first.ndim else 1
