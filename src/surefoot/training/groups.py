"""The batches of one step: several small ones whose gradients add up to that of the one large batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import final

from surefoot.training.batches import Batch, Source, length, weight


@final
@dataclass(frozen=True, eq=False)
class Group:
    """The batches of one step.

    Args:
        first: the number of the first of them in its epoch, from 0.
        batches: one at least.

    Laws: the shares add up to 1. A penalty that is a mean over items, summed with them, is the mean over the group's.

    >>> import torch
    >>> Group(0, [torch.zeros(3, 2), torch.zeros(1, 2)]).shares
    [0.75, 0.25]
    """

    first: int
    batches: list[Batch]

    @property
    def shares(self) -> list[float]:
        """Each batch's part of the group's items; equal parts if there are none at all."""
        items = [weight(batch) for batch in self.batches]
        total = sum(items)
        return [n / total if total else 1 / len(items) for n in items]


def grouped(batches: Iterator[Batch], size: int, first: int = 0) -> Iterator[Group]:
    """Return an epoch's batches, from the number `first` on, in groups of a size; the last may be smaller.

    A group is read before its first gradient is computed: the shares need all the sizes. Batches wait where the loader
    left them and are moved one at a time.

    >>> [group.batches for group in grouped(iter("abcde"), 2)]
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    while group := list(islice(batches, size)):
        yield Group(first, group)
        first += len(group)


def steps_in_epoch(source: Source, accumulate: int) -> int | None:
    """Return how many steps an epoch has, or None if the source does not know."""
    batches = length(source)
    return None if batches is None else -(-batches // accumulate)
