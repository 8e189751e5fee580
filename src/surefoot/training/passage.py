"""The way through the training data: steps' batches, epoch after epoch, from any place on.

A place is an epoch, how many of its batches were taken, and the generators as they were when the epoch began. To come
back to it a source is put to one of four uses, the first that fits:

- `Epochs` (ours: `Batches`, `Loader`) begin at any batch and read none before it;
- a loader with a `state_dict`, such as torchdata's StatefulDataLoader, is given that;
- what gives the same batches again (`sources.repeatable`: torch's DataLoader, lists) is begun as it was begun then, and
  the batches taken are read once more and dropped;
- anything else likewise, but nobody knows whether its batches are the same: `inexact` says so.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import count, islice
from typing import Any, final

from surefoot.errors import TaskError
from surefoot.training.batches import Batch, Epochs, Source, epoch
from surefoot.training.generators import Draws, draws, held_by, put_back, set_state, state_of
from surefoot.training.groups import Group, grouped
from surefoot.training.place import Place
from surefoot.training.sources import Stateful, parts, repeatable


def inexact(source: Source) -> str:
    """Return why a run that is resumed may see other batches than the unbroken one, in words; nothing if it will not.

    >>> inexact([1, 2]), inexact(lambda: iter([1, 2]))[:9]
    ('', 'train is ')
    """
    if repeatable(source):
        return ""
    return (
        f"train is a {type(source).__name__} that cannot be brought back to a place: its batches are read again from "
        "the start of the epoch, and are the same only if nothing but the global generators of torch, numpy and random "
        "decides on them; sf.Batches, sf.Loader, a DataLoader or a loader with a state_dict are exact"
    )


@final
class Passage:
    """Goes through a source's batches as often as need be, and knows where it is.

    Args:
        source: the training batches.
        seed: orders the epochs of `Epochs`.
        accumulate: batches in a step [>= 1].
        place: told which batch is being read.

    Laws: a passage that loads another's state goes on with the very batches that the other would have given, and leaves
    the generators as they were when the state was taken, if `inexact` says nothing.

    >>> there = Passage([1, 2, 3], seed=0, accumulate=1, place=Place())
    >>> way = there.groups(); [next(way).batches for _ in range(4)]
    [[1], [2], [3], [1]]
    >>> again = Passage([1, 2, 3], seed=0, accumulate=1, place=Place()); again.load_state_dict(there.state_dict())
    >>> next(again.groups()).batches
    [2]
    """

    def __init__(self, source: Source, *, seed: int, accumulate: int, place: Place) -> None:
        self._source, self._seed, self._accumulate, self._place = source, seed, accumulate, place
        self.epoch, self.taken = 0, 0
        self._own = [] if isinstance(source, Epochs) else held_by(parts(source))
        self._begun: dict[str, Any] | None = None  # the generators when the epoch began
        self._there: dict[str, Any] | None = None  # a state that was loaded and not yet gone to

    def groups(self) -> Iterator[Group]:
        """Return the batches of each step, without an end.

        Errors: TaskError if an epoch gives none; whatever the source raises.
        """
        for number in count(self.epoch):
            self._place.doing("preparing", "training", 0)
            first = self._first(number)
            batches = self._place.reading(self._batches(number, first), "training", first)
            for group in grouped(batches, self._accumulate, first):
                self.taken += len(group.batches)
                yield group
            if not self.taken:
                raise TaskError(f"train gave no batches in epoch {number + 1}")

    def _first(self, number: int) -> int:
        """Go to an epoch; return which of its batches is the first to be given."""
        if self._there is None:
            self.epoch, self.taken = number, 0
        return self.taken

    def _batches(self, number: int, first: int) -> Iterator[Batch]:
        there, self._there = self._there, None
        if isinstance(self._source, Epochs):
            if there is not None:
                self._put(there["now"])
            return epoch(self._source, self._seed, number, first)
        if there is None:
            self._begun = self._drawn()
            return epoch(self._source, self._seed, number)
        return self._returned(there, first)

    def _returned(self, there: Mapping[str, Any], first: int) -> Iterator[Batch]:
        """Return the rest of an epoch that another run has begun."""
        self._begun = there["begun"]
        loader: object = self._source
        if isinstance(loader, Stateful):
            loader.load_state_dict(deepcopy(there["loader"]))
            batches = epoch(self._source, self._seed, self.epoch)
        else:
            self._put(self._begun)
            batches = epoch(self._source, self._seed, self.epoch)
            for _ in islice(batches, first):
                pass  # read now, so that what this draws is drawn before the generators are put where they were
        self._put(there["now"])
        return batches

    def state_dict(self) -> dict[str, Any]:
        """Return where it is, between two steps."""
        source: object = self._source
        loader = deepcopy(source.state_dict()) if isinstance(source, Stateful) else None
        return {
            "epoch": self.epoch, "taken": self.taken, "begun": self._begun, "now": self._drawn(), "loader": loader,
        }  # fmt: skip

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go to a place, when `groups` is next asked; the generators are put there then."""
        self.epoch, self.taken = int(state_dict["epoch"]), int(state_dict["taken"])
        self._there = dict(state_dict)

    def _drawn(self) -> dict[str, Any]:
        return {"draws": vars(draws()), "own": [state_of(own) for own in self._own]}

    def _put(self, drawn: Mapping[str, Any] | None) -> None:
        if drawn is None:
            return
        for own, state in zip(self._own, drawn["own"], strict=True):
            set_state(own, state)
        put_back(Draws(**drawn["draws"]))
