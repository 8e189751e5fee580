"""Where batches come from, and how a search gets the same ones again and again.

A source is **repeatable** if beginning it anew, with the random generators as they were, gives the same batches:
`Epochs`, lists and tuples, torch's DataLoader over a data set with its own samplers, and loaders with a `state_dict`.
Of any other the first batches are kept in memory, within a stated number of bytes, or it is refused.
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import count, islice
from typing import Any, Protocol, final, runtime_checkable

from torch.utils.data import DataLoader, IterableDataset

from surefoot.errors import InvalidValue, TaskError
from surefoot.training.batches import Batch, Epochs, Source, epoch
from surefoot.training.loader import Loader
from surefoot.training.nested import changed

MEMORY = 256 * 2**20
"""Bytes of batches that are kept at most, of a source that cannot be begun again."""


@runtime_checkable
class Stateful(Protocol):
    """A loader that knows its place, as torchdata's StatefulDataLoader does."""

    def state_dict(self) -> Any:
        """Return the place."""

    def load_state_dict(self, state_dict: Any) -> Any:
        """Go to a place."""


def parts(source: Source) -> list[object]:
    """Return what of a source may hold generators: itself, its data set and its samplers."""
    if isinstance(source, Loader):
        return [source, source.dataset]
    if not isinstance(source, DataLoader):
        return [source]
    samplers = [source.sampler, source.batch_sampler, getattr(source.batch_sampler, "sampler", None)]
    return [source, source.dataset, *samplers]


def repeatable(source: Source) -> bool:
    """Return whether a source gives the same batches again once the generators are put back.

    >>> repeatable([1, 2]), repeatable(lambda: iter([1, 2]))
    (True, False)
    """
    if isinstance(source, (Epochs, list, tuple, Stateful)):
        return True
    if not isinstance(source, DataLoader) or isinstance(source.dataset, IterableDataset):
        return False
    known = all(type(part).__module__.startswith("torch.utils.data") for part in parts(source)[2:] if part is not None)
    return known and not source.persistent_workers  # whose generators are out of reach


def again(source: Source, batches: int, memory: int = MEMORY) -> Source:
    """Return a source that gives the same first batches as often as it is asked.

    Args:
        source: any.
        batches: how many are needed [>= 1].
        memory: bytes that may be kept of a source that cannot be begun again [>= 0].

    Errors: InvalidValue if that is not enough.
    """
    return source if repeatable(source) else Kept(source, batches, memory)


@final
class Kept(Epochs):
    """The first batches of a source that cannot be begun again; after them it goes on with the source where it stood.

    A search that was given one marks no batch as read: train on the `Kept` and none is lost.

    Args:
        source: read at once, epoch after epoch, whatever the seed.
        batches: how many to keep [>= 1].
        memory: bytes that may be kept; tensors count.

    Errors: InvalidValue if that is not enough; TaskError if the source raises.

    >>> kept = Kept(lambda: iter("abc"), batches=4)
    >>> [*kept.epoch(seed=0, number=0)], [*kept.epoch(seed=0, number=0)], [*kept.epoch(seed=0, number=1)]
    (['a', 'b', 'c'], ['a', 'b', 'c'], ['a', 'b', 'c'])
    """

    def __init__(self, source: Source, batches: int, memory: int = MEMORY) -> None:
        self._source: Source | None = source
        self._epochs: list[list[Batch]] = []
        self._rest: Iterator[Batch] = iter(())
        held = 0
        for number in count():
            self._rest = _reading(epoch(source, 0, number))
            self._epochs.append([])
            for batch in self._rest:
                self._epochs[-1].append(deepcopy(batch))  # a loader may fill the same memory again
                batches, held = batches - 1, held + size_of(batch)
                _refuse_above(memory, held, batches)
                if batches <= 0:
                    return
            if not self._epochs[-1]:
                return  # nothing comes: whoever trains will say so

    def __len__(self) -> int:
        raise TypeError("a source that cannot be begun again has no known length")

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch(0, 0)

    def epoch(self, seed: int, number: int, start: int = 0) -> Iterator[Batch]:
        """Return one epoch's batches: those kept, then what the source still has of that epoch."""
        if number < len(self._epochs):
            yield from self._epochs[number][start:]
        if number == len(self._epochs) - 1:
            yield from islice(self._rest, max(0, start - len(self._epochs[-1])), None)
        elif number >= len(self._epochs) and self._source is not None:
            yield from epoch(self._source, seed, number, start)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy in another process keeps: the batches, not the source."""
        return {**vars(self), "_source": None, "_rest": iter(())}


def _reading(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Pass batches on; an error in the user's code is told as the task's."""
    try:
        yield from batches
    except Exception as error:
        raise TaskError(f"reading the training batches failed: {type(error).__name__}: {error}") from error


def size_of(batch: Batch) -> int:
    """Return the bytes of the tensors in a batch, however nested.

    >>> import torch
    >>> size_of({"x": torch.zeros(2, 3), "y": [torch.zeros(5, dtype=torch.uint8)]})
    29
    """
    sizes: list[int] = []
    changed(batch, lambda tensor: sizes.append(getattr(tensor, "data", tensor).nbytes))
    return sum(sizes)


def _refuse_above(memory: int, held: int, missing: int) -> None:
    if held > memory:
        raise InvalidValue(
            f"search: train cannot be begun again, and its batches take more than the {memory / 2**20:.0f} MiB that "
            f"may be kept of them ({max(missing, 0)} more are needed); give a loader over a data set, or more memory."
        )
