"""Figures of every layer, step by step: the latest steps whole, older ones as least, mean and greatest of blocks.

A step of 62 tensors with five figures each takes 1.2 kB, a million of them 1.2 GB. Blocks of 16 and of 256 steps, made
from the steps themselves, keep what a person looks for in old steps (how large, how steady, when something went wrong)
within 20 MB per million steps, and the latest 65,536 steps sixteen times finer within as much again.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float32]
Steps = NDArray[np.int64]

BLOCKS = (1, 16, 256)
"""Steps in a block, level by level; those of the first are whole."""

KEPT = (4096, 65536, None)
"""Of how many of the latest steps a level keeps its blocks at most, about; the last keeps all."""

LEAST = (512, 8192, None)
"""Of how many it keeps them at least. A block that is not yet full is made from the whole steps after a restart."""

ROOM = 16_000_000
"""Bytes that the whole steps may take, and twice that the blocks of 16, where a net has more than some thousand
tensors' worth of figures."""

LONGEST = 64
"""Steps in one chunk of whole ones: what is forgotten is forgotten a chunk at a time."""


@final
@dataclass(frozen=True)
class Layout:
    """What the figures are of.

    Args:
        names: the tensors.
        columns: the figures of each.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Tensors and columns."""
        return len(self.names), len(self.columns)


@final
@dataclass(frozen=True, eq=False)
class Chunk:
    """A piece of one level: some whole steps, or one block.

    Args:
        level: 0 for whole steps.
        steps: of each whole step [n], or of the first and the last of the block [2].
        count: steps that are in it.
        data: [n, tensors, columns], or least, mean and greatest [3, tensors, columns].
        bad: how many of the block's values were not finite [tensors, columns]; None if none was, or for whole steps.
    """

    level: int
    steps: Steps
    count: int
    data: Figures
    bad: NDArray[np.uint32] | None = None


@final
class Pyramid:
    """Makes chunks of figures as they come, and says which are no longer to be kept.

    Args:
        chunks: what is there already, of all levels, each level's in order.

    Laws: the chunks do not depend on how the steps were grouped on their way, but for where whole steps are cut.
    """

    def __init__(self, chunks: Iterable[Chunk] = ()) -> None:
        levels = range(len(BLOCKS))
        there = list(chunks)
        self._ends = [deque((int(c.steps[-1]), c.count) for c in there if c.level == level) for level in levels]
        self._counts = [sum(count for _, count in ends) for ends in self._ends]
        whole = [chunk for chunk in there if chunk.level == 0]
        self._size = whole[0].data[0].size if whole else 1
        self._open = [_after(whole, ends[-1][0] if ends else -1) for ends in self._ends]

    def grown(self, steps: Steps, data: Figures) -> list[Chunk]:
        """Take in whole steps [n] with their figures [n, tensors, columns]; return the chunks that are ready."""
        self._size = data[0].size
        cuts = [*range(0, len(steps), LONGEST), len(steps)]
        chunks = [Chunk(0, steps[a:b], b - a, data[a:b]) for a, b in pairwise(cuts)]
        for level in range(1, len(BLOCKS)):
            chunks += self._blocks(level, steps, data)
        for chunk in chunks:
            self._ends[chunk.level].append((int(chunk.steps[-1]), chunk.count))
            self._counts[chunk.level] += chunk.count
        return chunks

    def _blocks(self, level: int, steps: Steps, data: Figures) -> list[Chunk]:
        before = self._open[level]
        if before is not None and len(before[0]):
            steps, data = np.concatenate([before[0], steps]), np.concatenate([before[1], data])
        size = BLOCKS[level]
        whole = len(steps) // size * size
        self._open[level] = (steps[whole:], data[whole:])
        return [_block(level, steps[at : at + size], data[at : at + size]) for at in range(0, whole, size)]

    def expired(self) -> dict[int, int]:
        """Return for each level that holds too much the step up to which it is to be forgotten; forget it here."""
        found = {}
        for level, ends in enumerate(self._ends):
            most = most_kept(level, self._size)
            while most is not None and ends and self._counts[level] - ends[0][1] >= most:
                found[level], count = ends.popleft()
                self._counts[level] -= count
        return found


def most_kept(level: int, size: int) -> int | None:
    """Return of how many of the latest steps a level keeps its blocks; None for all.

    Args:
        level: 0 for whole steps.
        size: figures of a step, those of all tensors together.

    >>> most_kept(0, 62 * 4), most_kept(0, 5000 * 4), most_kept(2, 1)
    (4096, 512, None)
    """
    most, least = KEPT[level], LEAST[level]
    if most is None or least is None:
        return None
    fits = ROOM // (4 * size) if level == 0 else 2 * ROOM // (3 * 4 * size) * BLOCKS[level]
    return max(least, min(most, fits))


def _after(whole: Sequence[Chunk], step: int) -> tuple[Steps, Figures] | None:
    """Return the whole steps after one, which no block holds yet."""
    if not whole:
        return None
    steps = np.concatenate([chunk.steps for chunk in whole])
    later = steps > step
    return steps[later], np.concatenate([chunk.data for chunk in whole])[later]


def _block(level: int, steps: Steps, data: Figures) -> Chunk:
    """Return a block; a NaN is in no least, mean or greatest, an infinity in no mean, and both are counted."""
    finite = np.isfinite(data)
    if finite.all():
        bad, mean = None, data.mean(axis=0, dtype=np.float64)
    else:
        good = finite.sum(axis=0)
        bad = (len(steps) - good).astype(np.uint32)
        total = np.where(finite, data, 0.0).sum(axis=0, dtype=np.float64)
        mean = np.where(good > 0, total / np.maximum(good, 1), np.nan)
    three = np.stack([np.fmin.reduce(data), mean.astype(np.float32), np.fmax.reduce(data)])
    return Chunk(level, steps[[0, -1]], len(steps), three, bad)
