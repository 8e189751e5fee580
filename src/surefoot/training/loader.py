"""Batches fetched from a data set item by item, by workers if wished, whose place in a run can be restored exactly."""

import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, default_collate

from surefoot.errors import TaskError, refuse
from surefoot.training.batches import Batch, Epochs, draws


@final
@dataclass(frozen=True, eq=False)
class Loader(Epochs):
    """Shuffled batches of a map-style data set, the same ones whoever fetches them and wherever an epoch is begun.

    Args:
        dataset: has a length [>= 1] and gives an item for each of the numbers below it, as torch's data sets do; many
            at once if it has `__getitems__`.
        size: items in a batch [>= 1].
        workers: processes that fetch [>= 0], started anew for each epoch; with 0 this one does.
        collate: makes a batch of a list of items; torch's `default_collate` if None.
        drop_last: whether to leave out the last batch of an epoch when it is smaller.
        prefetch: batches that each worker fetches ahead [>= 1].

    Errors: InvalidValue naming every fault; TaskError if an item or the collating raises, with what and where.

    Laws: the order of an epoch depends on the seed and the epoch's number alone, and every item comes once. What items
        and collating draw from the global generators of torch (on the CPU), numpy and random depends on the seed, the
        epoch's number and the batch's alone, so that batches are the same, bit for bit, with any number of workers. The
        generators of this process are left as they were, which costs about 0.1 ms a batch without workers and nothing
        with them. An epoch can be begun at any batch, and none before it is fetched.

    A generator that the data set holds for itself is beyond these laws: draw from the global ones. So is a sum over so
    many numbers that torch splits it between threads, since a worker has one. Tensors in memory: `Batches` is faster.

    >>> loader = Loader([10.0, 11.0, 12.0, 13.0, 14.0], size=2)
    >>> whole = [batch.tolist() for batch in loader.epoch(seed=0, number=0)]
    >>> len(loader), whole[1:] == [batch.tolist() for batch in loader.epoch(seed=0, number=0, start=1)]
    (3, True)
    """

    dataset: Any
    size: int = 64
    _: KW_ONLY
    workers: int = 0
    collate: Callable[[list[Any]], Batch] | None = None
    drop_last: bool = False
    prefetch: int = 2

    def __post_init__(self) -> None:
        least = {"size": 1, "workers": 0, "prefetch": 1}
        given: dict[str, object] = {name: getattr(self, name) for name in (*least, "collate")}
        faults = [
            f"{name} is {value!r}; it must be a whole number, at least {lowest}"
            for name, lowest in least.items()
            if type(value := given[name]) is not int or value < lowest
        ]
        if given["collate"] is not None and not callable(given["collate"]):
            faults.append(f"collate is a {type(self.collate).__name__}; give a function of a list of items")
        refuse("Loader", [*_dataset_faults(self.dataset), *faults] or _drop_faults(self))

    def __len__(self) -> int:
        items = len(self.dataset)
        return items // self.size if self.drop_last else -(-items // self.size)

    def __iter__(self) -> Iterator[Batch]:
        """Go through the items in their own order, as validation does; what is drawn is the same each time."""
        return self._fetched(torch.arange(len(self.dataset)), 0, 0, 0)

    def epoch(self, seed: int, number: int, start: int = 0) -> Iterator[Batch]:
        """Return the shuffled batches of one epoch; no global generator is changed by it."""
        order = torch.randperm(len(self.dataset), generator=draws(seed, number))
        return self._fetched(order, seed, number, start)

    def _fetched(self, order: Tensor, seed: int, number: int, start: int) -> Iterator[Batch]:
        jobs = _Jobs(order, self.size, start, len(self))
        fetch = _Fetch(self.dataset, self.collate or default_collate, seed, number)
        batches: Iterator[Batch | _Failure] = map(fetch.undisturbing, jobs)
        if self.workers and len(jobs):
            batches = iter(_shared(fetch, jobs, min(self.workers, len(jobs)), self.prefetch))
        for batch in batches:
            if isinstance(batch, _Failure):
                raise batch.error
            yield batch


@final
@dataclass(frozen=True, eq=False)
class _Jobs:
    """What is to be fetched: the numbers of the batches and of their items."""

    order: Tensor
    size: int
    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        for batch in range(self.start, self.stop):
            yield batch, self.order[batch * self.size : (batch + 1) * self.size].tolist()


@final
@dataclass(frozen=True)
class _Failure:
    """An error on its way from a worker: told in words, since not every error can be sent."""

    what: str
    trace: str

    @property
    def error(self) -> TaskError:
        error = TaskError(self.what)
        error.add_note(self.trace)
        return error


@final
@dataclass(frozen=True, eq=False)
class _Fetch:
    """Fetches batches; a data set of its own, whose items are whole batches, for torch's workers."""

    dataset: Any
    collate: Callable[[list[Any]], Batch]
    seed: int
    number: int

    def __getitem__(self, job: tuple[int, list[int]]) -> Batch | _Failure:
        batch, items = job
        _seed_globals(self.seed, self.number, batch)
        try:
            many = getattr(self.dataset, "__getitems__", None)
            return self.collate(list(many(items)) if many else [self.dataset[item] for item in items])
        except Exception as error:  # of the user's code: any kind
            few = ", ".join(map(str, items[:4])) + (", ..." if len(items) > 4 else "")
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"({last.filename}:{last.lineno})"
            what = f"fetching batch {batch + 1} of items {few} failed: {type(error).__name__}: {error} {where}"
            return _Failure(f"Loader: {what}", traceback.format_exc())

    def undisturbing(self, job: tuple[int, list[int]]) -> Batch | _Failure:
        """Return a batch fetched in this process, whose generators are left as they were."""
        before = torch.get_rng_state(), np.random.get_state(), random.getstate()
        try:
            return self[job]
        finally:
            torch.set_rng_state(before[0])
            np.random.set_state(before[1])
            random.setstate(before[2])


def _shared(fetch: _Fetch, jobs: _Jobs, workers: int, prefetch: int) -> "DataLoader[Any]":
    """Return a loader whose workers do the jobs; its batches come in order."""
    return DataLoader(
        fetch, batch_size=None, sampler=jobs, num_workers=workers, prefetch_factor=prefetch, collate_fn=_itself,  # type: ignore[arg-type]
        generator=torch.Generator(),  # for the seed that each worker gets, which the global one would else give
    )  # fmt: skip


def _itself(batch: Batch) -> Batch:
    return batch


def _seed_globals(seed: int, number: int, batch: int) -> None:
    """Seed the CPU's generators for one batch. The key is no part of what draws the order, so they do not overlap."""
    words = np.random.SeedSequence([seed, number], spawn_key=(batch,)).generate_state(4, np.uint32)
    torch.default_generator.manual_seed((int(words[0]) << 31) + int(words[1]))  # torch.manual_seed seeds GPUs too
    np.random.seed(int(words[2]))
    random.seed(int(words[3]))


def _dataset_faults(dataset: object) -> list[str]:
    kind = type(dataset)
    if isinstance(dataset, IterableDataset):
        return [f"dataset is a {kind.__name__}, a stream without numbers; give the task a DataLoader over it instead"]
    lacking = [what for what in ("__len__", "__getitem__") if not callable(getattr(kind, what, None))]
    if lacking:
        return [f"dataset is a {kind.__name__} without {' and '.join(lacking)}; give a map-style data set"]
    if len(dataset) == 0:  # type: ignore[arg-type]
        return ["dataset is empty; give one item at least"]
    return []


def _drop_faults(loader: Loader) -> list[str]:
    if len(loader) > 0:
        return []
    items = f"dataset has {len(loader.dataset)} items, which make no batch of {loader.size}"
    return [f"{items}, and drop_last leaves out what is smaller; give a smaller size"]
