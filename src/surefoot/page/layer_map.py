"""Figures of every layer over time, as a picture of buckets by tensors, and the whole net's as two curves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from surefoot.page.buckets import Buckets, level_for, packed
from surefoot.page.layer_log import latest
from surefoot.page.library import Signature, signature
from surefoot.records.reading import Layers, read_layers

DEAD = "dead_share"
MAPS = {
    "update_ratio": "update over weight",
    "gradient_norm": "gradient norm",
    "weight_norm": "weight norm",
    DEAD: "dead share",
}
"""What a picture can show, with its title."""

COLUMNS = 192
"""Buckets of a picture: about one for each few pixels of a line."""

_NORMS = ("gradient_norm", "weight_norm", "update_norm")


@final
@dataclass(frozen=True, eq=False)
class Figures:
    """Figures of every tensor over blocks of steps, in order.

    Args:
        names: the tensors.
        columns: what the figures are.
        first, counts: the first step of each block, and how many it holds [blocks].
        least, mean, greatest: [blocks, tensors, columns].
        bad: gradients or weights of the block that were not finite, or norms that were not [blocks, tensors].
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    least: NDArray[np.float32]
    mean: NDArray[np.float32]
    greatest: NDArray[np.float32]
    bad: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def last(self) -> int:
        """The last step; -1 without one."""
        return int(self.first[-1] + self.counts[-1] - 1) if len(self) else -1

    def of(self, which: str, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return one figure of each tensor [blocks, tensors]: a column, or the update over the weight.

        What the record does not have, since an older version made it, is NaN.
        """
        at = {name: place for place, name in enumerate(self.columns)}
        if which != "update_ratio":
            there = which in at
            return values[:, :, at[which]].astype(np.float64) if there else np.full(values.shape[:2], np.nan)
        update, weight = values[:, :, at["update_norm"]].astype(np.float64), self.mean[:, :, at["weight_norm"]]
        found: NDArray[np.float64] = np.divide(update, weight, out=np.full(update.shape, np.nan), where=weight > 0)
        return found


def figures(folder: Path) -> Figures | None:
    """Return all figures that a run has, the latest step by step, older ones by blocks; None if it has none.

    Errors: InvalidValue if the record cannot be read.
    """
    return _read(folder, signature(folder))


@lru_cache(4)
def _read(folder: Path, _: Signature) -> Figures | None:
    """Return the figures of a run as it was when its files were as they are said to be."""
    layers = read_layers(folder)
    if layers is None or not {*_NORMS, "not_finite"} <= {*layers.columns}:
        return None
    return _figures(layers)


def _figures(layers: Layers) -> Figures:
    levels = layers.timeline
    shape = (0, len(layers.names), len(layers.columns))
    empty = np.zeros(shape, np.float32)
    bad = [_bad(layers.columns, level.bad, level.greatest) for level in levels]
    return Figures(
        layers.names, layers.columns,
        np.concatenate([np.zeros(0, np.int64), *(level.first for level in levels)]),
        np.concatenate([np.zeros(0, np.int64), *(level.counts for level in levels)]),
        np.concatenate([empty, *(level.least for level in levels)]),
        np.concatenate([empty, *(level.mean for level in levels)]),
        np.concatenate([empty, *(level.greatest for level in levels)]),
        np.concatenate([np.zeros(shape[:2], np.int64), *bad]),
    )  # fmt: skip


def maps_of(found: Figures | None) -> dict[str, str]:
    """Return what can be shown of a run, with titles; all of it while nothing is known of its layers."""
    there = MAPS if found is None else {"update_ratio", *found.columns}
    return {which: title for which, title in MAPS.items() if which in there}


def _bad(columns: Sequence[str], bad: NDArray[np.int64], greatest: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return what was not finite [blocks, tensors], though the tensor was stepped: the others have NaN everywhere."""
    at = columns.index("not_finite")
    norms = [columns.index(name) for name in _NORMS]
    broken: NDArray[np.int64] = (bad[:, :, norms] - bad[:, :, [at]]).clip(min=0).sum(axis=2)
    return broken + (np.nan_to_num(greatest[:, :, at]) > 0)


def later(folder: Path, step: int) -> Figures | None:
    """Return the figures of the steps after one; None if there are none.

    Errors: InvalidValue if the record cannot be read.
    """
    laid, chunks = latest(folder, step)
    if laid is None or not chunks:
        return None
    names, columns = laid
    steps = np.concatenate([each for each, _ in chunks])
    data = np.concatenate([each.reshape(-1, len(names), len(columns)) for _, each in chunks])
    bad = _bad(columns, (~np.isfinite(data)).astype(np.int64), data)
    return _part(Figures(names, columns, steps, np.ones_like(steps), data, data, data, bad), steps > step)


def _part(found: Figures, which: NDArray[np.bool_]) -> Figures:
    return Figures(
        found.names, found.columns, found.first[which], found.counts[which], found.least[which], found.mean[which],
        found.greatest[which], found.bad[which],
    )  # fmt: skip


def curves(found: Figures, most: int = 1024) -> dict[str, Buckets]:
    """Return the norm of the whole net's gradient, and of its update over its weights', by buckets.

    A net's norm is the root of the sum of its tensors' squares. Of a block only their least, mean and greatest are
    known, so that the bucket's ends are bounds there and its middle is near the mean.
    """
    if not len(found):
        return {}
    level = level_for(int(found.first[0]), found.last, most)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        norms = {name: [_net(found, name, each) for each in _three(found)] for name in _NORMS}
        weight = norms["weight_norm"][1]
        ratio = [each / weight for each in norms["update_norm"]]
    return {
        "gradient_norm": _buckets(found, norms["gradient_norm"], level),
        "update_ratio": _buckets(found, ratio, level),
    }


def _three(found: Figures) -> tuple[NDArray[np.float32], ...]:
    return found.least, found.mean, found.greatest


def _net(found: Figures, column: str, values: NDArray[np.float32]) -> NDArray[np.float64]:
    each = found.of(column, values)
    return np.where(np.isnan(each).all(axis=1), np.nan, np.sqrt(np.nansum(each * each, axis=1)))


def _buckets(found: Figures, three: Sequence[NDArray[np.float64]], level: int) -> Buckets:
    there = np.isfinite(three[1])
    least, mean, greatest = (np.where(there, each, np.nan) for each in three)
    counts = np.where(there, found.counts, 0)
    blocks = Buckets(-1, found.first << 1, least, mean, greatest, counts, found.counts - counts)
    return blocks.coarser(max(level, 0))


@final
@dataclass(frozen=True, eq=False)
class Grid:
    """One figure of every tensor by buckets of steps.

    Args:
        names: the tensors, as people sort them.
        buckets: their values [n, tensors]; `bad` counts gradients, weights or norms that were not finite.
    """

    names: tuple[str, ...]
    buckets: Buckets


def grid(found: Figures, which: str, most: int = COLUMNS) -> Grid:
    """Return one figure by buckets.

    Args:
        found: the figures of one step at least.
        which: one of `MAPS`.
        most: buckets.
    """
    level = level_for(int(found.first[0]), found.last, most)
    order = sorted(range(len(found.names)), key=lambda tensor: _natural(found.names[tensor]))
    least, mean, greatest = (found.of(which, each)[:, order] for each in _three(found))
    counts = np.where(np.isfinite(mean), found.counts[:, None], 0)
    blocks = Buckets(-1, found.first << 1, least, mean, greatest, counts, found.bad[:, order])
    return Grid(tuple(found.names[tensor] for tensor in order), blocks.coarser(level))


def picture(found: Figures | None, which: str, most: int = COLUMNS) -> dict[str, Any]:
    """Return a picture for a page: for each bucket and tensor the mean, NaN where the tensor was not stepped.

    Args:
        found: the figures; None gives an empty picture.
        which: one of `MAPS`.
        most: buckets.
    """
    if found is None or not len(found):
        return {"which": which, "names": [], "level": 0, "ids": packed([], "<i4"), "mean": "", "bad": "", "counts": ""}
    made = grid(found, which, most)
    of = made.buckets
    return {
        "which": which, "names": list(made.names), "level": of.level, "ids": packed(of.ids, "<i4"),
        "mean": packed(of.mean, "<f4"), "counts": packed(of.counts, "<i4"), "bad": packed(of.bad, "<i4"),
    }  # fmt: skip


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return what sorts names as people do: body.2 before body.10; an optimizer's groups have an order of their own."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
