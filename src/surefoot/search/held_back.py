"""A part of the training data held back, for tasks without validation batches: a search has to judge by something."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import torch
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler, Subset

from surefoot.errors import InvalidValue
from surefoot.training.batches import Batches, Source, draws
from surefoot.training.loader import Loader
from surefoot.training.task import Task
from surefoot.training.windows import Windows, spread

if TYPE_CHECKING:
    from collections.abc import Sized

SHARE = 5
"""One item in so many is held back."""


def judged(task: Task, seed: int = 0) -> Task:
    """Return a task that has validation batches: as it is, or with a fifth of its training data held back.

    Args:
        task: any. Of `Batches`, a `Loader` and a DataLoader over a data set items are held back, drawn by the seed; of
            `Windows` the end of the sequence; of a list every fifth batch.
        seed: draws the items.

    Errors: InvalidValue if nothing can be held back of such a source.

    >>> task = Task(model=torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=[(torch.ones(2, 1),) * 2] * 10)
    >>> held = judged(task); len(held.train), len(held.validation)
    (8, 2)
    """
    if task.validation is not None:
        return task
    train, validation = _parted(task.train, seed)
    return replace(task, train=train, validation=validation)


def _parted(source: Source, seed: int) -> tuple[Source, Source]:
    if isinstance(source, Batches):
        kept, back = _rows(len(source.input), seed)
        given, target = source.input, source.target
        return Batches(given[kept], target[kept], source.size), Batches(given[back], target[back], source.size)
    if isinstance(source, Windows):
        return _windows(source)
    if isinstance(source, Loader):
        kept, back = _rows(len(source.dataset), seed)
        held = replace(source, dataset=Subset(source.dataset, back.tolist()), drop_last=False)
        return replace(source, dataset=Subset(source.dataset, kept.tolist())), held
    if isinstance(source, (list, tuple)) and len(source) >= 2:
        places = range(min(SHARE, len(source)) - 1, len(source), SHARE)
        return [batch for at, batch in enumerate(source) if at not in places], [source[at] for at in places]
    if isinstance(source, DataLoader) and _plain(source):
        return _loaders(source, seed)
    raise InvalidValue(
        f"search: the task has no validation batches to judge by, and of train, a {type(source).__name__}, none can be "
        f"held back; give the task validation=...."
    )


def _rows(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which rows are kept and which held back, each in their own order."""
    if count < 2:
        raise InvalidValue("search: train has a single item, so none can be held back; give the task validation=....")
    order = torch.randperm(count, generator=draws(seed, 0))
    back = max(1, count // SHARE)
    return order[back:].sort().values, order[:back].sort().values


def _windows(source: Windows) -> tuple[Source, Source]:
    cut = len(source.sequence) - len(source.sequence) // SHARE
    if min(cut, len(source.sequence) - cut) <= source.context:
        raise InvalidValue(
            f"search: a fifth of train's {len(source.sequence)} tokens is no longer than a window of {source.context}; "
            f"give the task validation=...."
        )
    held = Batches(*spread(source.sequence[cut:], source.context, 8 * source.size), size=source.size)
    return replace(source, sequence=source.sequence[:cut]), held


def _plain(loader: DataLoader[object]) -> bool:
    """Return whether a loader could be made anew over a part of its data: it has torch's usual samplers."""
    return loader.batch_size is not None and type(loader.sampler) in (RandomSampler, SequentialSampler)


def _loaders(loader: DataLoader[object], seed: int) -> tuple[Source, Source]:
    kept, back = _rows(len(cast("Sized", loader.dataset)), seed)
    shuffle = isinstance(loader.sampler, RandomSampler)
    return _over(loader, kept.tolist(), shuffle=shuffle), _over(loader, back.tolist(), shuffle=False)


def _over(loader: DataLoader[object], rows: list[int], *, shuffle: bool) -> DataLoader[object]:
    return DataLoader(
        Subset(loader.dataset, rows), batch_size=cast("int", loader.batch_size), shuffle=shuffle,
        num_workers=loader.num_workers, collate_fn=loader.collate_fn, drop_last=shuffle and loader.drop_last,
        generator=loader.generator, worker_init_fn=loader.worker_init_fn, pin_memory=loader.pin_memory,
    )  # fmt: skip
