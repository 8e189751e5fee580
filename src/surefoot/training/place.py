"""Where in a run the user's code is being called, so that a failure can name the batch."""

from collections.abc import Iterator
from typing import final

from surefoot.training.batches import Batch


@final
class Place:
    """A note of what is being done with which batch.

    >>> place = Place()
    >>> place.doing("reading", "training", 16)
    >>> str(place)
    'reading training batch 17'
    """

    def __init__(self) -> None:
        self._act, self._which, self._batch = "preparing the", "training", 0

    def doing(self, act: str, which: str, batch: int) -> None:
        """Note an act on a batch of an epoch, counted from 0."""
        self._act, self._which, self._batch = act, which, batch

    def act(self, act: str) -> None:
        """Note another act on the same batch."""
        self._act = act

    def reading(self, batches: Iterator[Batch], which: str, number: int = 0) -> Iterator[Batch]:
        """Pass batches on, from the number given on, noting each before it is read."""
        while True:
            self.doing("reading", which, number)
            try:
                batch = next(batches)
            except StopIteration:
                return
            yield batch
            number += 1

    def __str__(self) -> str:
        return f"{self._act} {self._which} batch {self._batch + 1}"
