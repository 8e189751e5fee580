"""The mean of checkpoint files, a stretch at a time: what is in memory does not grow with the files."""

import json
import math
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, final

import torch
from torch import Tensor

from surefoot import __version__
from surefoot.errors import InvalidValue, refuse
from surefoot.pytorch.averager.readers import DTYPES, Reader, Shape, is_file, reader_of

LONGEST = 200
"""Bytes of the output's name: file systems take 255, and it is first written under a longer one."""

STRETCH = 2 * 2**20
"""Bytes read of a tensor at a time, as far as its first dimension allows."""

_WORDS = {dtype: word for word, dtype in DTYPES.items()}


@final
@dataclass(frozen=True)
class FilesMean:
    """What `average_files` wrote.

    Args:
        out: the file.
        files: the files it is the mean of, with their weights, which add up to 1.
        averaged: names of the tensors that were averaged.
        taken: names of those of whole numbers, which are the last file's.
        differing: names of those among them that are not the same in all files.
    """

    out: Path
    files: tuple[tuple[Path, float], ...]
    averaged: tuple[str, ...]
    taken: tuple[str, ...]
    differing: tuple[str, ...]

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of batch norms' running statistics, which are those of no weights; see `refresh_statistics`."""
        return tuple(name for name in self.averaged if name.endswith(("running_mean", "running_var")))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON holds."""
        return {
            "out": str(self.out), "files": [{"file": str(path), "weight": weight} for path, weight in self.files],
            "averaged": len(self.averaged), "taken": list(self.taken), "differing": list(self.differing),
            "statistics": list(self.statistics),
        }  # fmt: skip


def average_files(
    files: Sequence[str | Path], out: str | Path, weights: Sequence[float] | None = None, *, replace: bool = False
) -> FilesMean:
    """Write the mean of checkpoint files as one file of safetensors.

    The mean is taken in float32 of what is narrower and in float64 of the rest, and has the files' dtype. Whole numbers
    and truth values, such as a batch norm's counter, are the last file's. In memory are 2 MB of each file at a time, or
    a row of a tensor if that is more, and 8 MB of mapped pages; a torch file from before 1.6 is read whole. The mean is
    written beside its place and then put there whole.

    Args:
        files: two at least: safetensors, or torch's with a state dict, also under one of `readers.NESTED`.
        out: where the mean goes; ends in .safetensors.
        weights: one for each file [at least 0, not all 0]; equal ones if None. They are divided by their sum.
        replace: put it there although there is a file.

    Errors: InvalidValue naming every fault of the call; or every tensor that is not in all files, or with another shape
        or dtype; or every one whose mean is not a number. Nothing is written then.

    Laws: the mean of equal files is equal to them, bit for bit, up to float32.
    """
    paths, target = [Path(file) for file in files], Path(out)
    refuse("average", [*_file_faults(paths, target, replace=replace), *_weight_faults(weights, len(paths))])
    parts = [1.0] * len(paths) if weights is None else list(weights)
    shares = [part / math.fsum(parts) for part in parts]
    readers = [reader_of(path) for path in paths]
    refuse("average", _mismatches(readers))
    shapes = dict(sorted(readers[0].shapes.items(), key=lambda item: (-_itemsize(item[1]), item[0])))  # aligned
    facts = {"averaged": [{"file": p.name, "weight": w} for p, w in zip(paths, shares, strict=True)]}
    metadata = {"format": "pt", "surefoot": json.dumps({"version": __version__, **facts})}
    differing = _written(target, shapes, metadata, readers, shares)
    averaged = tuple(name for name, shape in shapes.items() if _is_averaged(shape))
    taken = tuple(name for name in shapes if name not in averaged)
    return FilesMean(target, tuple(zip(paths, shares, strict=True)), averaged, taken, tuple(differing))


def _written(
    target: Path, shapes: dict[str, Shape], metadata: dict[str, str], readers: list[Reader], shares: list[float]
) -> list[str]:
    """Write beside the target and put it in its place; return the names whose whole numbers differ."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    differing, broken = [], []
    try:
        with part.open("wb") as file:
            file.write(header(shapes, metadata))
            for name, shape in shapes.items():
                sound, equal = _write_mean(file, name, shape, readers, shares)
                broken += [] if sound else [f"the mean of {name!r} is not a number somewhere"]
                differing += [] if equal or _is_averaged(shape) else [name]
            file.flush()
            os.fsync(file.fileno())
        refuse("average", broken)
        os.replace(part, target)
    except OSError as error:
        raise InvalidValue(f"average: {target} cannot be written: {error}.") from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return differing


def _write_mean(
    file: BinaryIO, name: str, shape: Shape, readers: list[Reader], shares: list[float]
) -> tuple[bool, bool]:
    """Write one tensor; return whether it is all numbers, and whether it is the same in all files."""
    if not math.prod(shape.sizes):
        return True, True  # nothing to read, however many rows of nothing there are
    rows = shape.sizes[0] if shape.sizes else 1
    row = max(1, math.prod(shape.sizes[1:]) * _itemsize(shape))
    step = max(1, STRETCH // row)
    sound = equal = True
    for start in range(0, rows, step):
        pieces = (reader.rows(name, start, min(rows, start + step)) for reader in readers)
        if _is_averaged(shape):
            mean = _mean(pieces, shares)
            sound = sound and not bool(mean.isnan().any())
        else:
            first, *others = list(pieces)
            equal = equal and all(torch.equal(first, other) for other in others)
            mean = others[-1]
        file.write(mean.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sound, equal


def _mean(pieces: Iterable[Tensor], shares: list[float]) -> Tensor:
    total: Tensor | None = None
    dtype = torch.float32
    for piece, share in zip(pieces, shares, strict=True):
        if share > 0.0:  # none of an infinity is not a number
            dtype = piece.dtype
            wide = piece.to(torch.float32 if dtype.itemsize < 4 else torch.promote_types(dtype, torch.float64))
            total = wide * share if total is None else total.add_(wide, alpha=share)
    assert total is not None
    return total.to(dtype)


def header(shapes: dict[str, Shape], metadata: dict[str, str]) -> bytes:
    """Return how a file of safetensors begins: the length of a JSON object, and the object.

    Source: the format's description, https://github.com/huggingface/safetensors. Its own writer wants all tensors in
    memory.

    Args:
        shapes: the tensors in the order in which their bytes follow.
        metadata: words by name.
    """
    entries: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + math.prod(shape.sizes) * _itemsize(shape)
        word = _WORDS[shape.dtype] if isinstance(shape.dtype, torch.dtype) else shape.dtype
        entries[name] = {"dtype": word, "shape": list(shape.sizes), "data_offsets": [begin, end]}
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _is_averaged(shape: Shape) -> bool:
    return isinstance(shape.dtype, torch.dtype) and (shape.dtype.is_floating_point or shape.dtype.is_complex)


def _itemsize(shape: Shape) -> int:
    return shape.dtype.itemsize if isinstance(shape.dtype, torch.dtype) else 1


def _file_faults(paths: list[Path], out: Path, *, replace: bool) -> list[str]:
    faults = [f"{len(paths)} file is given; a mean is of two at least"] if len(paths) < 2 else []
    faults += [f"there is no file {path}" for path in dict.fromkeys(paths) if not is_file(path)]
    if out.suffix != ".safetensors":
        faults.append(f"the output is {out}; the mean is written as safetensors, so name it {out.stem}.safetensors")
    if len(os.fsencode(out.name)) > LONGEST:
        faults.append(f"the output's name has {len(out.name)} characters; give a shorter one")
    elif not out.parent.is_dir():
        faults.append(f"the output is {out} and there is no folder {out.parent}; make it first")
    elif out.exists() and not replace:
        faults.append(f"{out} is there already; give another name, or say that it is to be replaced (--force)")
    return faults


def _weight_faults(weights: Sequence[float] | None, files: int) -> list[str]:
    if weights is None:
        return []
    faults = [f"weight {w:g} is not allowed; at least 0 and finite" for w in weights if not 0.0 <= w < math.inf]
    if len(weights) != files:
        faults.append(f"there are {len(weights)} weights and {files} files; give one for each")
    elif not faults and not sum(weights) > 0.0:
        faults.append("all weights are 0; give one file some at least")
    return faults


def _mismatches(readers: list[Reader]) -> list[str]:
    """Return all that keeps files from being averaged, by name, the first file being what others are held against."""
    first, *others = readers
    unknown = [(name, shape) for name, shape in first.shapes.items() if shape.dtype not in _WORDS]
    faults = [f"{name!r} is {shape.dtype} in {first.path}, which we cannot average" for name, shape in unknown]
    for other in others:
        faults += [f"{name!r} is not in {other.path}" for name in first.shapes if name not in other.shapes]
        faults += [
            f"{name!r} is in {other.path} and not in {first.path}" for name in other.shapes.keys() - first.shapes
        ]
        faults += [
            f"{name!r} is {shape} in {first.path} and {other.shapes[name]} in {other.path}"
            for name, shape in first.shapes.items()
            if name in other.shapes and other.shapes[name] != shape
        ]
    return faults
