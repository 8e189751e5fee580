"""What a page asks of a run's log: all of it by buckets at first, and then what is new."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from surefoot.page.buckets import MOST, Buckets
from surefoot.trace import Event

Points: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Steps and values of a column [n]."""


@final
@dataclass(frozen=True)
class Mark:
    """A place in a log: how many of its pieces were seen, and when the last of them was written.

    The time tells a log that has been rewound and told again: it has the place, at another time.

    >>> Mark.read(str(Mark(3, 1700000000.25)))
    Mark(pieces=3, time=1700000000.25)
    """

    pieces: int = 0
    time: float = 0.0

    def __str__(self) -> str:
        return f"{self.pieces}@{self.time!r}"

    @classmethod
    def read(cls, text: str) -> "Mark | None":
        """Return the mark that a text stands for, or None if it is none."""
        pieces, _, time = text.partition("@")
        try:
            return cls(int(pieces), float(time))
        except ValueError:
            return None


@final
@dataclass(frozen=True, eq=False)
class Snapshot:
    """A log as it stood at one moment.

    Args:
        series: every column by buckets.
        events: all that happened.
        mark: the place to go on from.
    """

    series: Mapping[str, Buckets]
    events: tuple[Event, ...]
    mark: Mark


@final
@dataclass(frozen=True, eq=False)
class News:
    """What a log has that it had not at a mark.

    Args:
        series: new points by column.
        events: new events.
        mark: the place to go on from.
    """

    series: Mapping[str, Points]
    events: tuple[Event, ...]
    mark: Mark


class Log(ABC):
    """A run's log, open for reading by any number of threads; it holds nothing open between calls."""

    @abstractmethod
    def snapshot(self, most: int = MOST) -> Snapshot:
        """Return all of it, each column in at most so many buckets."""

    @abstractmethod
    def events(self) -> tuple[Event, ...]:
        """Return all that has happened, without looking at the curves."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""

    @abstractmethod
    def buckets(self, name: str, level: int, first: int, last: int) -> Buckets:
        """Return a part of a column: the steps from first to last, in buckets of a level."""

    @abstractmethod
    def points(self, name: str) -> Points:
        """Return a whole column."""

    @abstractmethod
    def last(self, name: str) -> int | None:
        """Return the last step of a column, or None if it has no point."""

    @abstractmethod
    def since(self, mark: Mark) -> News | None:
        """Return what is new since a mark, or None if the log has been rewound behind it."""
