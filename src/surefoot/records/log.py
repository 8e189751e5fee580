"""A run's log as its writing thread knows it: where pieces and figures go, and what of them is kept."""

import time
from collections.abc import Iterable
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import InvalidValue
from surefoot.records.pyramid import Chunk, Layout, Pyramid
from surefoot.records.store import Batch, Store
from surefoot.trace import Trace

Item: TypeAlias = "Trace | tuple[int, NDArray[Any]]"
"""A piece of the trace, or a step and its figures of layers."""


@final
class Log:
    """Writes items to a store, the figures among them as a pyramid.

    Args:
        store: open, and used by nobody else.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._pyramid = Pyramid(store.chunks())

    def write(self, items: Iterable[Item]) -> None:
        """Write some items in one batch."""
        pieces, steps, figures = [], [], []
        for item in items:
            if isinstance(item, Trace):
                pieces.append(item)
            else:
                steps.append(item[0])
                figures.append(item[1])
        chunks = self._chunks(steps, figures) if steps else []
        if pieces or chunks:
            self.store.write(Batch(time.time(), pieces, chunks, self._pyramid.expired()))

    def _chunks(self, steps: list[int], figures: list[NDArray[Any]]) -> list[Chunk]:
        layout = self.store.layout
        shapes = {each.shape for each in figures}
        if layout is None or shapes != {layout.shape}:
            given = ", ".join(map(str, shapes))
            raise InvalidValue(f"figures of shape {given} were given, which begin_layers had not announced")
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and counted as such
            return self._pyramid.grown(np.array(steps, np.int64), np.array(figures).astype(np.float32))

    def lay_out(self, layout: Layout) -> None:
        """Say what figures of layers are of.

        Errors: InvalidValue if the log has others already.
        """
        if self.store.layout is None:
            self.store.lay_out(layout)
        elif self.store.layout != layout:
            raise InvalidValue("the run was begun with other layers, and figures of both cannot stand in one record")

    def rewind(self, told: int, step: int) -> None:
        """Forget the pieces after the first so many, and figures of layers from a step on."""
        self.store.rewind(told, step)
        self._pyramid = Pyramid(self.store.chunks())
