"""The data of a task, read once: a few whole batches, and of the others what the checks need."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, final

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from surefoot.training.batches import Batch, Batches, Source, epoch, length
from surefoot.training.examine.start.batch_rows import axes, count, digests
from surefoot.training.examine.start.outcome import Clock
from surefoot.training.generators import draws, held_by, put_back, set_state, state_of
from surefoot.training.nested import changed, first_tensor
from surefoot.training.task import Task

KEPT = 5
"""Batches that are kept whole."""
ENDLESS = 500
"""Batches that are read of a source that does not know how many it has, and may never end."""
NUMBERS = 4_000_000
"""Numbers of tables and of targets that are kept: 16 MB of each."""
ROWS = 1_000_000
"""Rows that are looked for elsewhere."""
DEPTH = 3
"""How far from a loader its generators are looked for: loader, sampler of batches, the sampler, its generator."""


@final
@dataclass(frozen=True, eq=False)
class Flawed:
    """The first batch with numbers that are not finite.

    Args:
        number: of the batch, from 1.
        batch: it.
        of: input or target.
        tensor: the tensor that holds them.
    """

    number: int
    batch: Batch
    of: str
    tensor: Tensor


@final
@dataclass(eq=False)
class Side:
    """What was read of the training batches, or of those for validation.

    Args:
        rows: how many rows.
        batches: in how many batches.
        whole: whether an epoch was read to its end.
        axes: the dimensions along which rows may stand.
        kept: the first batches.
        tables: inputs that are tables of floats, batch by batch, as many as `NUMBERS` allows.
        targets: targets, batch by batch, likewise.
        digests: a hash of each row.
        flawed: the first batch with numbers that are not finite.
    """

    rows: int = 0
    batches: int = 0
    whole: bool = False
    axes: tuple[int, ...] = ()
    kept: list[Batch] = field(default_factory=list)
    tables: list[Tensor] = field(default_factory=list)
    targets: list[Tensor] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    flawed: Flawed | None = None


def parted(task: Task, batch: Batch) -> tuple[Any, Any]:
    """Return a batch's input and target; the whole batch and None if the task's `forward` takes it as it is."""
    pair = task.forward is None and isinstance(batch, (tuple, list)) and len(batch) == 2
    return (batch[0], batch[1]) if pair else (batch, None)


def read(task: Task, source: Source, seed: int, clock: Clock, until: float) -> Side:
    """Return what one epoch of a source says, or as much of it as can be read until a second of the clock."""
    side = Side()
    batches = _alone(source) if isinstance(source, Iterable) else source()
    most = ENDLESS if length(batches) is None else None
    for batch in islice(epoch(batches, seed, 0), most):
        given, target = parted(task, batch)
        side.axes = side.axes or axes(source, given, target)
        _note(side, source, batch, given, target)
        if clock.passed > until:
            break
    else:
        side.whole = most is None or side.batches < most
    if isinstance(source, Batches):
        side.digests = digests(source.input[:ROWS], 0, min(ROWS, len(source.input)))  # in the user's order
    return side


def _note(side: Side, source: Source, batch: Batch, given: Any, target: Any) -> None:
    axis = side.axes[0] if side.axes else 0
    rows = count(given, axis)
    if len(side.kept) < KEPT:
        side.kept.append(_copied(batch))
    first, answer = first_tensor(given), target
    if first is not None and first.ndim == 2 and first.is_floating_point():
        _keep(side.tables, first)
    if isinstance(answer, Tensor):
        _keep(side.targets, answer)
    if side.flawed is None:
        side.flawed = _flaw(side.batches + 1, batch, given, target)
    if not isinstance(source, Batches) and len(side.digests) < ROWS:
        side.digests += digests(given, axis, rows)
    side.rows, side.batches = side.rows + (rows or 1), side.batches + 1


def _keep(kept: list[Tensor], tensor: Tensor) -> None:
    if len(kept) * tensor.numel() < NUMBERS:
        kept.append(tensor.detach().cpu().clone())


def _flaw(number: int, batch: Batch, given: Any, target: Any) -> Flawed | None:
    found: list[tuple[str, Tensor]] = []
    for of, part in (("input", given), ("target", target)):

        def look(tensor: Any, of: str = of) -> Any:
            if isinstance(tensor, Tensor) and tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                found.append((of, tensor.detach().cpu().clone()))
            return tensor

        changed(part, look)
    return Flawed(number, _copied(batch), *found[0]) if found else None


def _copied(batch: Batch) -> Batch:
    """Return a copy: a loader may fill the same memory again."""
    return changed(batch, lambda tensor: tensor.detach().clone() if isinstance(tensor, Tensor) else deepcopy(tensor))


def _alone(source: Iterable[Batch]) -> Iterable[Batch]:
    """Return a loader that leaves no workers behind in the user's."""
    if not isinstance(source, DataLoader) or not source.persistent_workers:
        return source
    alone = copy(source)
    alone._iterator = None
    return alone


@contextmanager
def unread(sources: Iterable[Source | None]) -> Iterator[None]:
    """Put the generators back on leaving: the global ones, and those that loaders, samplers and data sets hold.

    What else a data set changes in itself when it is read, and what a stream has given, does not come back.
    """
    before = draws()
    own = [(each, state_of(each)) for each in held_by(_reached([source for source in sources if source is not None]))]
    try:
        yield
    finally:
        for each, state in own:
            set_state(each, state)
        put_back(before)


def _reached(things: list[Any]) -> list[object]:
    """Return things and the objects in their attributes, a few steps deep."""
    found, fresh = {id(thing): thing for thing in things}, things
    for _ in range(DEPTH):
        inside = [value for thing in fresh for value in getattr(thing, "__dict__", {}).values()]
        fresh = [*{id(value): value for value in inside if not isinstance(value, (Tensor, type))}.values()]
        fresh = [value for value in fresh if id(value) not in found and getattr(value, "__dict__", None)]
        found.update((id(value), value) for value in fresh)
    return [*found.values()]


def joined(tensors: list[Tensor]) -> Tensor | None:
    """Return batches' tensors as one, or None if there are none or they do not fit together."""
    if not tensors or any(each.shape[1:] != tensors[0].shape[1:] or not each.ndim for each in tensors):
        return None
    return torch.cat(tensors)
