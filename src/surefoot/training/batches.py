"""Batches from tensors in memory: an epoch is a pure function of the seed and its number."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from inspect import signature
from itertools import islice
from typing import Any, TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from surefoot.errors import refuse
from surefoot.training.nested import first_tensor

Batch: TypeAlias = Any
Source: TypeAlias = Iterable[Batch] | Callable[[], Iterable[Batch]]
"""A loader, or a function of no arguments that returns an epoch's batches and is called at the start of each epoch."""


class Epochs(ABC):
    """Batches whose epochs are functions of the run's seed and the epoch's number, and of nothing else.

    A class to inherit from and no protocol: loaders of other libraries have an `epoch` that means something else.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Return how many batches an epoch has."""

    @abstractmethod
    def __iter__(self) -> Iterator[Batch]:
        """Go through batches in an order of their own, the same each time, as validation does."""

    @abstractmethod
    def epoch(self, seed: int, number: int, start: int = 0) -> Iterator[Batch]:
        """Return the batches of one epoch, as training does; nothing is drawn from a global generator.

        Args:
            seed: the run's.
            number: the epoch's, from 0.
            start: the first batch to give, from 0; those before it are not read. An epoch that is begun past its end
                is empty.
        """


@final
@dataclass(frozen=True, eq=False)
class Batches(Epochs):
    """Shuffled batches of two tensors, much quicker than fetching item by item.

    Args:
        input: what the model gets, one row an item [n, ...].
        target: what it should answer [n, ...].
        size: items in a batch [>= 1]; the last batch of an epoch holds what is left.

    Errors: InvalidValue if the tensors have no rows or not equally many, or the size is below 1.

    Laws: the order of an epoch depends on the seed and the epoch's number alone; every item comes once.

    >>> batches = Batches(torch.arange(5.0), torch.arange(5), size=2)
    >>> len(batches), sorted(int(x) for part, _ in batches.epoch(seed=0, number=0) for x in part)
    (3, [0, 1, 2, 3, 4])
    """

    input: Tensor
    target: Tensor
    size: int = 64

    def __post_init__(self) -> None:
        faults = []
        rows = [len(part) if part.ndim else 0 for part in (self.input, self.target)]
        if min(rows) == 0 or rows[0] != rows[1]:
            faults.append(f"input has {rows[0]} rows and target {rows[1]}; give equally many, one at least")
        if self.size < 1:
            faults.append(f"size is {self.size}; it must be at least 1")
        refuse("Batches", faults)

    def __len__(self) -> int:
        return -(-len(self.input) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Go through the items in their own order; `fit` shuffles, by `epoch`."""
        return zip(torch.split(self.input, self.size), torch.split(self.target, self.size), strict=True)

    def epoch(self, seed: int, number: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Return the shuffled batches of one epoch; nothing is drawn from torch's global generator."""
        order = torch.randperm(len(self.input), generator=draws(seed, number))
        for rows in torch.split(order.to(self.input.device), self.size)[start:]:
            yield self.input[rows], self.target[rows]


def draws(seed: int, number: int) -> torch.Generator:
    """Return a generator on the CPU for one epoch; those of neighbouring seeds and numbers have nothing in common."""
    mixed = int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)
    return torch.Generator().manual_seed(mixed)


def epoch(source: Source, seed: int, number: int, start: int = 0) -> Iterator[Batch]:
    """Return the batches of one epoch of any source, from the batch number `start` on.

    `Epochs` are begun there; of any other source the batches before it are read and dropped, with all that this draws,
    and so of a user's own `Epochs` whose `epoch` takes no start.

    Errors: InvalidValue if start is below 0.

    >>> [*epoch("abcd", seed=0, number=0, start=2)]
    ['c', 'd']
    """
    refuse("epoch", [f"start is {start}; it must be at least 0"] if start < 0 else [])
    loader = source if isinstance(source, Iterable) else source()
    if isinstance(loader, Epochs) and start and len(signature(loader.epoch).parameters) > 2:
        return loader.epoch(seed, number, start)
    batches = loader.epoch(seed, number) if isinstance(loader, Epochs) else iter(loader)
    return islice(batches, start, None) if start else batches


def length(source: Source) -> int | None:
    """Return how many batches an epoch has, or None if the source does not know."""
    loader = source if isinstance(source, Iterable) else source()
    try:
        return len(loader) if isinstance(loader, Sized) else None
    except TypeError:  # a DataLoader over a stream has __len__ and refuses to use it
        return None


def weight(batch: Batch) -> int:
    """Return the number of items in a batch: the rows of the first tensor found in it, or 1.

    >>> weight((torch.zeros(7, 2), torch.zeros(7))), weight({"text": torch.zeros(3, 9)}), weight("batch")
    (7, 3, 1)
    """
    first = first_tensor(batch)
    return len(first) if first is not None and first.ndim else 1
