"""Python's own source: 4 MB of the running Python's standard library, and a transformer that guesses its next byte.

Whole files are held back for validation, since parts of one file repeat each other. Which, and which files are taken
at all, follows from a hash of a file's path, so the same Python always gives the same text.
"""

import os
import sysconfig
from collections.abc import Iterator
from hashlib import sha256
from math import log
from pathlib import Path

import torch
from torch import Tensor, nn

from surefoot.errors import MissingPackage
from surefoot.pytorch.penalties import CrossEntropy
from surefoot.tasks.transformer import Transformer
from surefoot.training.batches import Batches
from surefoot.training.task import Task
from surefoot.training.windows import Windows, spread

MOST = 4_000_000
"""Bytes to take, about: of a standard library of 12 MB, tests left out."""

LEAST = 200_000
"""Bytes below which there is no library to learn from."""

LARGEST = 128 * 1024
"""Bytes of the largest file taken; larger ones are tables and help texts, of which one would be a sixth of it all."""

HELD_BACK = 0.1
"""Share of the files held back for validation, about."""

CONTEXT = 64
"""Bytes that the model sees."""

_SKIPPED = {"site-packages", "dist-packages", "__pycache__", "test", "tests", "idle_test"}

_WHOLE = CrossEntropy()


def library(folder: Path | None = None) -> dict[str, bytes]:
    """Return source files by their paths in the folder, in the order of their paths' hashes, `MOST` bytes of them.

    Files that cannot be read are left out.

    Args:
        folder: where to look; the standard library of the running Python if None.

    Errors: MissingPackage if there is too little there, as in a Python whose library is zipped or stripped.
    """
    folder = folder or Path(sysconfig.get_paths()["stdlib"])
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(_paths(folder), key=_digest):
        if size < MOST and (content := _read(folder / path)):
            found[path] = content
            size += len(content)
    if size < LEAST:
        lacks = f"{folder} holds {size} bytes of it"
        raise MissingPackage(
            f"the text is the source of Python's standard library and {lacks}; use a Python that has its source"
        )
    return found


def held_back(path: str) -> bool:
    """Return whether a file is for validation; its path within the library decides.

    >>> held_back("json/encoder.py"), held_back("json/decoder.py")
    (True, False)
    """
    return int.from_bytes(_digest(path)[4:8], "big") < HELD_BACK * 2**32  # not the bytes that order the files


def joined(files: dict[str, bytes], *, back: bool) -> Tensor:
    """Return the files held back, or the others, as one row of bytes with a zero byte between files."""
    parts = [content for path, content in files.items() if held_back(path) == back]
    return torch.frombuffer(bytearray(b"\0".join(parts)), dtype=torch.uint8)


def network() -> nn.Module:
    """Return a transformer of 528 thousand weights that sees 64 bytes.

    Chosen by measurement, bits per byte on the files held back. 300 steps of 32 windows: 2.24; without the convolution
    2.62; in equal time three blocks 2.32, width 96 2.29, width 160 2.28, context 128 2.26. As many bytes in 600 steps
    of 16 windows 2.09, in 1200 of 8 2.04; in equal time 1800 steps of 16 1.82, 3000 of 8 1.86. The run of 1500 steps
    ends at 1.87 after 61 s on two cores, where single bytes have 4.53 and contexts of 2, 3 and 5 bytes (Witten-Bell)
    2.58, 2.06 and 1.91; gzip makes 2.05 of these files and lzma 1.75, which look back further than 64 bytes.
    """
    return Transformer(tokens=256, width=128, depth=2, heads=4, context=CONTEXT)


def penalty(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy of the bytes [nat a byte]."""
    whole: Tensor = _WHOLE(output.flatten(0, 1), target.flatten())
    return whole


def bits_per_byte(output: Tensor, target: Tensor) -> Tensor:
    """Return how many bits a byte would take on average if the model compressed the text."""
    return penalty(output, target) / log(2)


def task() -> Task:
    """Return the task: batches of 16 random windows, checked every 100 on 64 KB spread over the files held back."""
    files = library()
    return Task(
        model=network,
        penalty=penalty,
        train=Windows(joined(files, back=False), context=CONTEXT, size=16, batches=100),
        validation=Batches(*spread(joined(files, back=True), context=CONTEXT, count=1024), size=64),
        metrics={"bits_per_byte": bits_per_byte},
        name="text",
    )


def _paths(folder: Path) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        yield from (Path(here, name).relative_to(folder).as_posix() for name in names if name.endswith(".py"))


def _digest(path: str) -> bytes:
    return sha256(path.encode(errors="surrogateescape")).digest()


def _read(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError:
        return b""
    return content if len(content) <= LARGEST else b""
