"""Points by buckets of steps: least, mean and greatest of each, so that a spike is never lost, however many there are.

A bucket of level L holds 2**L steps and begins at a multiple of them, whatever the run's length: buckets of one level
are made of those below, and a page that has old ones never has to ask for them again.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray


@final
@dataclass(frozen=True, eq=False)
class Buckets:
    """A column by buckets, those without a value left out.

    Args:
        level: each holds 2**level steps.
        ids: which bucket each is, the first step of it over 2**level [n], rising.
        least, mean, greatest: of the finite values [n]; NaN where there is none.
        counts: finite values in each [n].
        bad: values in each that are not finite [n].
    """

    level: int
    ids: NDArray[np.int64]
    least: NDArray[np.float64]
    mean: NDArray[np.float64]
    greatest: NDArray[np.float64]
    counts: NDArray[np.int64]
    bad: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def steps(self) -> NDArray[np.float64]:
        """The middle of each bucket [steps]."""
        return (self.ids.astype(np.float64) + 0.5) * 2.0**self.level - 0.5

    def coarser(self, level: int) -> "Buckets":
        """Return the same at a higher level, which gives what the points themselves would have given.

        >>> fine = of_points([0, 1, 2], [1.0, 3.0, 8.0], 0)
        >>> fine.coarser(1).mean.tolist(), fine.coarser(1).greatest.tolist()
        ([2.0, 8.0], [3.0, 8.0])
        """
        if level <= self.level or not len(self):
            return self
        ids = self.ids >> (level - self.level)
        at = np.flatnonzero(np.r_[True, np.diff(ids) > 0])
        counts = np.add.reduceat(self.counts, at)
        with np.errstate(over="ignore", invalid="ignore"):  # a sum that float64 cannot hold is infinite
            total = np.add.reduceat(np.where(self.counts > 0, self.mean * self.counts, 0.0), at)
        mean = np.divide(total, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        least, greatest = np.fmin.reduceat(self.least, at), np.fmax.reduceat(self.greatest, at)
        return Buckets(level, ids[at], least, mean, greatest, counts, np.add.reduceat(self.bad, at))

    def part(self, first: int, last: int) -> "Buckets":
        """Return the buckets from one id to another.

        >>> of_points([0, 1, 2], [1.0, 3.0, 8.0], 0).part(1, 5).ids.tolist()
        [1, 2]
        """
        at = slice(*np.searchsorted(self.ids, (first, last + 1)))
        return Buckets(
            self.level, self.ids[at], self.least[at], self.mean[at], self.greatest[at], self.counts[at], self.bad[at]
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON holds: arrays as base64 of little-endian int32 and float32."""
        whole = {"ids": self.ids, "counts": self.counts, "bad": self.bad}
        broken = {"least": self.least, "mean": self.mean, "greatest": self.greatest}
        with np.errstate(over="ignore"):
            return {
                "level": self.level,
                **{name: packed(values, "<i4") for name, values in whole.items()},
                **{name: packed(values, "<f4") for name, values in broken.items()},
            }


def of_points(steps: ArrayLike, values: ArrayLike, level: int) -> Buckets:
    """Return points as buckets.

    Args:
        steps: whole numbers [n], never falling.
        values: floats [n].
        level: of the buckets [>= 0].

    >>> of_points([0, 0, 5], [1.0, float("nan"), 2.0], 0).bad.tolist()
    [1, 0]
    """
    at, found = np.asarray(steps, np.int64), np.asarray(values, np.float64)
    finite = np.isfinite(found)
    inside = np.where(finite, found, np.nan)
    points = Buckets(-1, at << 1, inside, inside, inside, finite.astype(np.int64), (~finite).astype(np.int64))
    return points.coarser(level) if len(at) else none(level)


def merged(parts: Sequence[Buckets], level: int) -> Buckets:
    """Return buckets of several parts of a column, whatever their levels and their order, at one that is no lower.

    >>> merged([of_points([0, 1], [1.0, 3.0], 1), of_points([1], [8.0], 0)], 1).mean.tolist()
    [4.0]
    """
    there = [each.coarser(level) for each in parts if len(each)]
    if not there:
        return none(level)
    ids = np.concatenate([each.ids for each in there])
    order = np.argsort(ids, kind="stable")
    rest = (
        np.concatenate([getattr(each, name) for each in there])[order]
        for name in ("least", "mean", "greatest", "counts", "bad")
    )
    return Buckets(level - 1, ids[order] << 1, *rest).coarser(level)


def none(level: int = 0) -> Buckets:
    """Return no buckets."""
    whole, broken = np.zeros(0, np.int64), np.zeros(0)
    return Buckets(level, whole, broken, broken, broken, whole, whole)


def packed(values: ArrayLike, kind: str) -> str:
    """Return an array as base64."""
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def unpacked(text: str, kind: str) -> NDArray[Any]:
    """Return the array that base64 holds.

    Errors: ValueError if it holds none.

    >>> unpacked(packed([1, 2], "<i4"), "<i4").tolist()
    [1, 2]
    """
    return np.frombuffer(base64.b64decode(text, validate=True), kind)
