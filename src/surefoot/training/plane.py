"""The end of a run seen in the plane of its last checkpoints: whether they circle a minimum, so that their mean helps.

A mean is better than what it is the mean of where the penalty is convex. So the claim is tested where the run is: along
the lines between checkpoints the penalty should not rise above the straight line between its ends.

    tail = TailAverage(model, last=8)
    descend(task, model, optimizer, steps=1000, tick=lambda taken: tail.observe() if taken % 10 == 0 else None)
    end = end_of_run(task, model, tail)
    print(end.verdict); plane_figure(end)          # of training.plane_figure
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surefoot.errors import InvalidValue
from surefoot.pytorch.averager import TailAverage, refresh_statistics
from surefoot.training.batches import Batch, epoch
from surefoot.training.best import BestWeights
from surefoot.training.compute import Compute
from surefoot.training.task import Task
from surefoot.training.validation import validated

Floats = NDArray[np.float64]

ALONG = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where between two checkpoints the penalty is measured."""

FLAT = 1e-3
"""The rise, as a share of the penalty, up to which a line counts as convex: less is nobody's gain or loss."""

BATCHES = 10
"""Training batches that statistics are measured on, and that judge where there is no validation."""


@final
@dataclass(frozen=True, eq=False)
class Line:
    """The penalty from one checkpoint to another.

    Args:
        ends: their numbers, from 0.
        penalties: at `ALONG` [5].
    """

    ends: tuple[int, int]
    penalties: Floats

    @property
    def rise(self) -> float:
        """How far the penalty is above the straight line between its ends, where it is most so; below 0 if nowhere."""
        chord = np.interp(ALONG, (0.0, 1.0), self.penalties[[0, -1]])
        return float((self.penalties - chord)[1:-1].max())

    @property
    def convex(self) -> bool:
        """Whether it is nowhere above the straight line by more than `FLAT` of the lower end."""
        return bool(self.rise <= FLAT * abs(self.penalties[[0, -1]]).min())


@final
@dataclass(frozen=True, eq=False)
class EndOfRun:
    """What the end of a run is like.

    Args:
        places: of the checkpoints in the plane, their mean at the origin [n, 2; unit of p, root of the sum of squares].
        seen: the share of the checkpoints' spread that the plane holds [0 to 1].
        penalties: of the checkpoints [n].
        mean: the penalty of their mean.
        lines: between neighbours, and from the first to the last.
        across: the places of the grid along the plane's first direction [g]; the same along the second.
        grid: the penalty there [g, g], the second direction first; empty if it was not asked for.
    """

    places: Floats
    seen: float
    penalties: Floats
    mean: float
    lines: tuple[Line, ...]
    across: Floats
    grid: Floats

    @property
    def convex(self) -> bool:
        """Whether the penalty is convex along all lines, so that averaging should help."""
        return all(line.convex for line in self.lines)

    @property
    def rise(self) -> float:
        """The largest rise above a straight line between two checkpoints, in units of the penalty."""
        return max(line.rise for line in self.lines)

    @property
    def gain(self) -> float:
        """How much lower the mean's penalty is than that of a checkpoint on average, in units of the penalty."""
        return float(self.penalties.mean() - self.mean)

    @property
    def verdict(self) -> str:
        """What this says of averaging, in a sentence."""
        shape = "is convex" if self.convex else f"rises by {self.rise:.3g} in between"
        expected = "so their mean should be better" if self.convex else "so their mean need not be better"
        found = f"{abs(self.gain):.3g} {'lower' if self.gain >= 0 else 'higher'} than theirs on average"
        best = "below" if self.mean < self.penalties.min() else "not below"
        return (
            f"Between the last {len(self.penalties)} checkpoints the penalty {shape}, {expected}: "
            f"it has {self.mean:.4g}, {found} and {best} the best of them."
        )


def end_of_run(
    task: Task, model: nn.Module, tail: TailAverage, *, grid: int = 9, compute: Compute | None = None
) -> EndOfRun:
    """Measure the penalty around the last checkpoints of a run; the model is left as it was.

    It is the validation penalty or, without validation, that of ten training batches. It takes grid^2 + 4 n validations
    for n checkpoints; batch norms' statistics are measured anew at each place.

    Args:
        task: the penalty and the data.
        model: whose weights the checkpoints are.
        tail: an average of the last snapshots, three at least; they are the checkpoints.
        grid: places along each direction of the plane [odd, 3 at least], or 0 for none.
        compute: where, and in which precision.

    Errors: InvalidValue if there are too few checkpoints, or the grid is not allowed.
    """
    copies: Sequence[Mapping[str, Tensor]] = tail.state_dict()["kept"]
    if len(copies) < 3:
        raise InvalidValue(f"end_of_run: there are {len(copies)} checkpoints; observe 3 at least, with last=3 or more.")
    if grid and (grid < 3 or grid % 2 == 0):
        raise InvalidValue(f"end_of_run: grid is {grid}; it must be odd and 3 at least, or 0 for none.")
    count = len(copies)
    places, directions, seen = plane(copies)
    reach = 1.3 * max(float(np.abs(places).max()), 1e-30)
    across = np.linspace(-reach, reach, grid) if grid else np.zeros(0)
    single, even = np.eye(count), np.full(count, 1.0 / count)
    pairs = [*pairwise(range(count)), (0, count - 1)]
    with _Judge(task, model, copies, compute or Compute()) as judge:
        lines = tuple(
            Line(pair, np.array([judge((1 - t) * single[pair[0]] + t * single[pair[1]]) for t in ALONG]))
            for pair in pairs
        )
        heights = [[judge(even + np.array([x, y]) @ directions) for x in across] for y in across]
        penalties = np.array([line.penalties[0] for line in lines[:-1]] + [lines[-1].penalties[-1]])
        return EndOfRun(places, seen, penalties, judge(even), lines, across, np.array(heights))


def plane(copies: Sequence[Mapping[str, Tensor]]) -> tuple[Floats, Floats, float]:
    """Return where checkpoints are in the plane that holds most of their spread.

    Principal components, from the checkpoints' products with each other alone: a direction is a sum of checkpoints, so
    no place in the plane needs more than the copies that are there.

    Returns: the places [n, 2]; each direction's weight of each checkpoint [2, n], which add up to 0; the share of the
        spread in the plane.
    """
    count = len(copies)
    gram = np.zeros((count, count))
    for name in copies[-1]:
        rows = torch.stack([copy[name].detach().flatten().double().cpu() for copy in copies])
        rows -= rows.mean(0)
        gram += (rows @ rows.T).numpy()
    squares, vectors = np.linalg.eigh(gram)
    squares, vectors = np.maximum(squares[::-1], 0.0), vectors[:, ::-1]
    scales = np.sqrt(squares[:2])
    centred = np.eye(count) - 1.0 / count
    directions = np.where(scales[:, None] > 0, (vectors[:, :2] / np.maximum(scales, 1e-300)).T, 0.0) @ centred
    return vectors[:, :2] * scales, directions, float(squares[:2].sum() / max(squares.sum(), 1e-300))


@final
class _Judge:
    """Judges sums of checkpoints by their weights; a context that leaves the model as it was."""

    def __init__(self, task: Task, model: nn.Module, copies: Sequence[Mapping[str, Tensor]], compute: Compute) -> None:
        validation = task.validation if task.validation is not None else self._batches
        self._train = task.train
        self._task, self._model, self._compute = replace(task, validation=validation, metrics={}), model, compute
        self._copies, self._held = copies, BestWeights(model)

    def __enter__(self) -> "_Judge":
        self._held.remember(0)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._held.restore()

    @torch.no_grad()
    def __call__(self, weights: Floats) -> float:
        """Return the penalty of a sum of the checkpoints."""
        there = dict(self._model.named_parameters())
        for name in self._copies[-1]:
            wide = torch.promote_types(there[name].dtype, torch.float32)
            parts = zip(weights.tolist(), self._copies, strict=True)
            there[name].copy_(sum(weight * copy[name].to(wide) for weight, copy in parts))
        refresh_statistics(self._model, self._batches(), self._forward)
        return validated(self._task, self._model, compute=self._compute)["validation_penalty"]

    def _batches(self) -> Iterator[Batch]:
        yield from islice(epoch(self._train, 0, 0), BATCHES)

    def _forward(self, model: nn.Module, batch: Batch) -> object:
        with self._compute.autocast(model):
            return self._task.judged(model, self._compute.moved(batch))
