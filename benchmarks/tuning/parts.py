"""Training, validation and test parts: an item's own bytes decide, so that equal items are never in two of them."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.errors import MissingPackage

SHARES = (0.6, 0.8)
"""Where, between 0 and 1, training ends and validation ends."""

MOST_JUDGED = 2000
"""Validation items at most: checks must stay cheap beside steps."""

ADVICE = "run: pip install --no-deps -r benchmarks/tuning/requirements.txt, or add the folder it is in to PYTHONPATH"

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Parts:
    """Inputs and targets of the three parts; no choice ever sees the test part."""

    train: Pair
    validation: Pair
    test: Pair


def packaged(package: str, file: str) -> Path:
    """Return the path of a file inside an installed package, which is not imported.

    Errors: MissingPackage if the package is not installed, or has no such file.
    """
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or []) if found else []:
        if (path := Path(folder, file)).exists():
            return path
    raise MissingPackage(f"{package} with its {file} is not installed; {ADVICE}")


def draw(key: bytes, place: int = 0) -> float:
    """Return a number from 0 to 1 that the key alone decides; another place gives another, independent number.

    >>> draw(b"row") == draw(b"row"), 0 <= draw(b"row", 4) < 1
    (True, True)
    """
    return int.from_bytes(sha256(key).digest()[place : place + 4], "big") / 2**32


def part_of(keys: Sequence[bytes]) -> NDArray[np.int64]:
    """Return 0, 1 or 2 for each key: training, validation or test.

    >>> both = part_of([b"a", b"b", b"a"])
    >>> bool(both[0] == both[2])
    True
    """
    return np.searchsorted(SHARES, [draw(key) for key in keys], side="right")


def chosen(keys: Sequence[bytes], most: int) -> NDArray[np.int64]:
    """Return the places of `most` items at most, which the keys choose and order."""
    return np.argsort([draw(key, 4) for key in keys], kind="stable")[:most]


def divided(given: NDArray, target: NDArray, keys: Sequence[bytes] | None = None) -> Parts:
    """Return items in three parts, the validation part in an order that means nothing and not larger than it may be.

    Args:
        given: inputs, one row an item.
        target: what they should give.
        keys: bytes that decide; those of the inputs if None.
    """
    keys = keys_of(given) if keys is None else keys
    part = part_of(keys)
    places = [np.flatnonzero(part == number) for number in range(3)]
    places[1] = places[1][chosen([keys[place] for place in places[1]], MOST_JUDGED)]
    return Parts(*((_tensor(given[rows]), _tensor(target[rows])) for rows in places))


def keys_of(rows: NDArray) -> list[bytes]:
    """Return each row's bytes."""
    return [row.tobytes() for row in rows]


def standardised(columns: NDArray, keys: Sequence[bytes]) -> NDArray[np.float64]:
    """Return columns with the training part's mean 0 and deviation 1; a column constant there is only centred.

    >>> keys = [bytes([i]) for i in range(50)]
    >>> rows = standardised(np.arange(50.0)[:, None] * 3, keys)[part_of(keys) == 0]
    >>> bool(abs(rows.mean()) < 1e-9), bool(abs(rows.std() - 1) < 1e-9)
    (True, True)
    """
    train = columns[part_of(keys) == 0]
    deviation = train.std(0)
    return (columns - train.mean(0)) / np.where(deviation > 0, deviation, 1.0)


def one_hot(words: NDArray, most: int = 40) -> NDArray[np.float64]:
    """Return a column for each word, at most that many, the most frequent; a row with a rarer one has zeros.

    >>> one_hot(np.array(["a", "b", "a"])).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    names, counts = np.unique(words, return_counts=True)
    kept = names[np.argsort(-counts, kind="stable")[:most]]
    return (words[:, None] == kept[None, :]).astype(np.float64)


def _tensor(values: NDArray) -> Tensor:
    found = torch.from_numpy(np.ascontiguousarray(values))
    return found.float() if found.is_floating_point() else found.long()
