"""What a penalty should be, from its facts and a sample of targets: at the start, by chance, and at best."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from surefoot.penalties import Classes, Distributions, Labels, Numbers
from surefoot.training.examine.start.knowledge import Known

MOST = 200_000
"""Targets that are looked at: their shares are then known to one in a thousand."""
COLUMNS = 64
"""Columns of targets that are looked at one by one; more are taken as one."""
GROUPS = 4096
"""Places of targets whose least penalty is worked out one by one; of more, evenly spread ones."""

Sample: TypeAlias = Classes | Labels | Distributions | Numbers


def classes_in(output: Tensor) -> int:
    """Return how many classes an output chooses between: the size of its second dimension, or of its only one."""
    return output.shape[1 if output.ndim > 1 else 0] if output.ndim else 0


def samples(of: Known, target: Tensor, classes: int) -> list[Sample]:
    """Return what the targets are, as the facts take them; several columns of quantities one by one.

    Errors: InvalidValue if the targets are not what the penalty takes.
    """
    found = target.detach().cpu()
    if of.kind == "classes" and not found.is_floating_point():
        ids = found.reshape(-1)
        return [Classes.of(_some(ids if of.ignore is None else ids[ids != of.ignore]), count=max(2, classes))]
    if of.kind in ("classes", "distributions"):
        rows = found.movedim(1, -1).reshape(-1, classes) if found.ndim > 1 else found.reshape(1, -1)
        spread = Distributions.of(_some(rows))
        return [spread if of.kind == "distributions" else Classes(spread.prior)]
    if of.kind == "labels":
        yes = (found.double() + 1.0) / 2.0 if of.signs else found.double()
        return [Labels.of(_some(yes if yes.ndim == 2 else yes.reshape(-1)))]
    columns = found.double().reshape(len(found), -1).T if found.ndim > 1 else found.double().reshape(1, -1)
    columns = columns if len(columns) <= COLUMNS else columns.reshape(1, -1)
    return [Numbers.of(_some(column)) for column in columns]


def at_start(of: Known, found: Sequence[Sample]) -> float:
    """Return what outputs that are all 0 cost."""
    return of.scale * math.fsum(of.facts.at_start(each) for each in found) / len(found)


def chance_level(of: Known, found: Sequence[Sample]) -> float:
    """Return what the best constant costs."""
    return of.scale * math.fsum(of.facts.chance_level(each) for each in found) / len(found)


def floor(of: Known, target: Tensor, classes: int, rows: Sequence[Hashable]) -> float:
    """Return the least that rows can cost, when equal rows get equal answers.

    Args:
        of: the penalty.
        target: of these rows, which stand first.
        classes: how many there are to choose from.
        rows: what tells the rows apart; equal for equal rows.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        members[row].append(at)
    if _placed(of, target):  # each place of a row, or each column, can have an answer of its own
        flat = target.reshape(len(target), -1).T
        step = -(-len(flat) * len(members) // GROUPS)
        groups = [column[group] for column in flat[::step] for group in members.values()]
    else:
        groups = [target[group] for group in members.values()]
    costs = [(chance_level(of, samples(of, group, classes)), len(group)) for group in groups]
    return math.fsum(cost * size for cost, size in costs) / sum(size for _, size in costs)


def _placed(of: Known, target: Tensor) -> bool:
    if of.kind == "classes":
        return target.ndim > 1 and not target.is_floating_point()
    return of.kind == "quantities" or (of.kind == "labels" and target.ndim > 2)


def names(of: Known, classes: int) -> tuple[str, str]:
    """Return how the penalty at the start and that by chance are called."""
    if of.kind == "quantities":
        return "an output of 0", "the best constant"
    number = {"classes": classes, "distributions": classes, "labels": 2}[of.kind]
    return f"ln {number}" if of.plain else "an even guess", "the best constant"


def spread_of(output: Tensor, of: Known) -> float:
    """Return the standard deviation of a row's outputs over the classes, or of labels' outputs over rows; the mean."""
    found = output.detach().float()
    if of.kind == "labels":
        return float(found.reshape(-1).std(correction=0))
    return float(found.std(1 if found.ndim > 1 else 0, correction=0).mean())


def _some(values: Tensor) -> np.ndarray[Any, Any]:
    step = -(-len(values) // MOST)
    return values[:: max(1, step)].to(torch.float64 if values.is_floating_point() else torch.int64).numpy()
