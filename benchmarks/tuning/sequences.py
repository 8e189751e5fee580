"""Sequences: letters of first names, outlines of leaves, bytes of Python's standard library."""

import unicodedata

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.tuning.parts import SHARES, Pair, Parts, divided, draw, packaged
from surefoot.tasks.text import library
from surefoot.training.windows import spread

LETTERS = "abcdefghijklmnopqrstuvwxyz'- "
"""Ids from 1; 0 stands before a name, so that every name ends at the last place."""

LONGEST = 12
CONTEXT = 64


def names() -> Parts:
    """Return first names of many countries as 12 ids of letters each, and whether women bear them."""
    text = packaged("gender_guesser", "data/nam_dict.txt").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line[:2] in ("M ", "F "):
            found.setdefault(_spelled(line[3:29].strip()), set()).add(line[0])
    certain = {name: genders == {"F"} for name, genders in found.items() if len(genders) == 1 and name}
    ids = np.array([[0] * (LONGEST - len(n)) + [LETTERS.index(c) + 1 for c in n] for n in certain])
    women = np.array(list(certain.values()), dtype=np.float64)
    return divided(ids, women[:, None], [name.encode() for name in certain])


def name_trigrams() -> Parts:
    """Return the same names as 11 ids of three letters each, the last of which says how the name ends."""
    found = names()
    return Parts(*((_trigrams(ids), women) for ids, women in (found.train, found.validation, found.test)))


def _trigrams(ids: Tensor) -> Tensor:
    places = functional.pad(ids, (0, 1))  # a 0 after the name marks its end
    radix = len(LETTERS) + 1
    return (places[:, :-2] * radix + places[:, 1:-1]) * radix + places[:, 2:]


def leaves() -> Parts:
    """Return outlines of 442 leaves (one channel, 427 distances from the middle), and which of six trees they are of."""
    folder = packaged("aeon", "datasets/data/OSULeaf")
    lines = [
        line
        for name in ("OSULeaf_TRAIN.ts", "OSULeaf_TEST.ts")
        for line in (folder / name).read_text().splitlines()
        if line and line[0] not in "#@"
    ]
    numbers = np.array([line.split(":")[0].split(",") for line in lines], dtype=np.float64)
    trees = np.array([int(line.split(":")[1]) - 1 for line in lines])
    return divided(numbers[:, None, :], trees)


def source() -> tuple[Tensor, Pair, Pair]:
    """Return the bytes to train on, and windows of files held back for validation and for the test."""
    parts: list[list[bytes]] = [[], [], []]
    for path, content in library().items():
        parts[int(np.searchsorted(SHARES, draw(path.encode(), 8), side="right"))].append(content)
    train, validation, test = (torch.frombuffer(bytearray(b"\0".join(part)), dtype=torch.uint8) for part in parts)
    return train, spread(validation, context=CONTEXT, count=192), spread(test, context=CONTEXT, count=1536)


def _spelled(name: str) -> str:
    """Return a name in the letters of the alphabet, the first twelve of them."""
    plain = unicodedata.normalize("NFKD", name.replace("+", "-").lower())
    return "".join(letter for letter in plain if letter in LETTERS)[:LONGEST]
