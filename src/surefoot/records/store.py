"""What a run's log is written to: a database, or lines that are only ever appended."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from surefoot.records.pyramid import Chunk, Layout
from surefoot.trace import Trace


@final
@dataclass(frozen=True, eq=False)
class Batch:
    """What is written at one time.

    Args:
        time: when, in seconds since 1970.
        pieces: pieces of the trace, in the order in which they were told.
        chunks: figures of layers.
        expired: for a level of these the step up to which it is to be forgotten.
    """

    time: float
    pieces: Sequence[Trace] = ()
    chunks: Sequence[Chunk] = ()
    expired: Mapping[int, int] = field(default_factory=dict)


class Store(ABC):
    """The log of one run, open for writing; used by one thread.

    Its methods raise OSError or sqlite3.Error if the disk fails. What `write` was given is kept whatever becomes of the
    process when it returns, or else none of it is.
    """

    told: int
    """How many pieces it holds, those among them that are empty."""

    layout: Layout | None
    """What figures of layers are of, if there are any."""

    @abstractmethod
    def chunks(self) -> list[Chunk]:
        """Return all figures of layers that it holds, level by level, each level's in order."""

    @abstractmethod
    def write(self, batch: Batch) -> None:
        """Add a batch, whole or not at all."""

    @abstractmethod
    def lay_out(self, layout: Layout) -> None:
        """Say what figures of layers are of."""

    @abstractmethod
    def rewind(self, told: int, step: int) -> None:
        """Forget the pieces after the first so many, and figures of layers from a step on."""

    @abstractmethod
    def close(self) -> None:
        """Leave plain files."""
