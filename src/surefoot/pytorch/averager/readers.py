"""Checkpoint files as tensors by name, read a stretch at a time: safetensors, and torch's own with `weights_only`."""

import math
import pickle
import warnings
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from surefoot.errors import InvalidValue, refuse, short

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "I64": torch.int64, "I32": torch.int32,
    "I16": torch.int16, "I8": torch.int8, "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
"""What safetensors calls the dtypes that we read and write."""

NESTED = ("model", "state_dict", "model_state_dict")
"""Under which names loops, Lightning and others keep a model's state dict in their checkpoints."""

TOLD = 10
"""Names that a message tells of those that are no tensors."""

DEEPEST = 8
"""How many of these names may stand in one another: a dict that holds itself would have no end."""

SPREAD = 100
"""How many times a file's size its tensors may take: one number can be expanded to a tensor of any size."""

MAPPED = 8 * 2**20
"""Bytes after which a file is opened anew: what was read of a mapped file counts as memory until it is closed."""


@final
@dataclass(frozen=True)
class Shape:
    """What a tensor in a file is like.

    Args:
        dtype: as torch has it, or the file's word for one that we do not know.
        sizes: of its dimensions.
    """

    dtype: torch.dtype | str
    sizes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How many it takes."""
        return math.prod(self.sizes) * (self.dtype.itemsize if isinstance(self.dtype, torch.dtype) else 1)

    def __str__(self) -> str:
        return f"{str(self.dtype).removeprefix('torch.')} {list(self.sizes)}"


class Reader(ABC):
    """An open checkpoint file; abstract.

    Args:
        path: the file.

    Errors: InvalidValue if it cannot be read, or holds something else.
    """

    shapes: Mapping[str, Shape]
    mapped = True

    def __init__(self, path: Path) -> None:
        self.path, self._read = path, 0
        self._open()
        faults = [fault for name, shape in self.shapes.items() if (fault := _size_fault(name, shape))]
        total, size = sum(shape.bytes for shape in self.shapes.values()), path.stat().st_size
        if not faults and total > SPREAD * size:
            faults.append(f"its tensors take {total} bytes and the file has {size}; save copies (.clone()) of them")
        refuse(str(path), faults if self.shapes else ["it holds no tensor; give a file of weights"])

    @abstractmethod
    def _open(self) -> None:
        """Open the file, for the first time or again, and note the shapes."""

    @abstractmethod
    def _rows(self, name: str, start: int, stop: int) -> Tensor: ...

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Return a stretch of a tensor along its first dimension; all of one that has none."""
        if self.mapped and self._read >= MAPPED:
            self._open()
            self._read = 0
        found = self._rows(name, start, stop)
        self._read += found.numel() * found.element_size()
        return found


@final
class SafetensorsFile(Reader):
    """A file of safetensors, whose slices are read as they are asked for."""

    def _open(self) -> None:
        try:
            file: Any = safe_open(self.path, framework="pt")
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        except (SafetensorError, OSError) as error:
            why = short(str(error).removeprefix("Error while deserializing header: "), 200)
            raise InvalidValue(f"{self.path} cannot be read as safetensors: {why}; save it anew.") from error
        self._file = file
        self.shapes = {
            name: Shape(DTYPES.get(part.get_dtype(), part.get_dtype()), tuple(part.get_shape()))
            for name, part in slices.items()
        }

    def _rows(self, name: str, start: int, stop: int) -> Tensor:
        sizes = self.shapes[name].sizes
        found: Tensor = self._file.get_slice(name)[start:stop] if sizes else self._file.get_tensor(name)
        return found


@final
class TorchFile(Reader):
    """A file of torch.save, mapped into memory and never unpickled beyond tensors and plain values."""

    def _open(self) -> None:
        found, self.mapped = _loaded(self.path)
        for _ in range(DEEPEST):
            nested = [key for key in NESTED if isinstance(found, Mapping) and isinstance(found.get(key), Mapping)]
            found = found[nested[0]] if nested else found
        if not isinstance(found, Mapping):
            raise InvalidValue(f"{self.path} holds a {type(found).__name__}; give one that holds a state dict.")
        odd = [f"{key!r} is {fault}" for key, value in found.items() if (fault := _oddity(value))]
        if odd:
            where = f"a state dict of tensors, on its own or under {' or '.join(map(repr, NESTED))}"
            first = [*odd[:TOLD], *([f"and {len(odd) - TOLD} more"] if len(odd) > TOLD else [])]
            raise InvalidValue(f"{self.path}: {'; '.join(short(each, 200) for each in first)}; give {where}.")
        self._tensors: dict[str, Tensor] = {str(key): value.detach() for key, value in found.items()}
        if len(self._tensors) < len(found):
            raise InvalidValue(f"{self.path} has names that are the same as text, such as 3 and '3'; rename them.")
        self.shapes = {name: Shape(tensor.dtype, tuple(tensor.shape)) for name, tensor in self._tensors.items()}

    def _rows(self, name: str, start: int, stop: int) -> Tensor:
        tensor = self._tensors[name]
        return (tensor[start:stop] if tensor.ndim else tensor).resolve_conj().resolve_neg()


def reader_of(path: Path) -> Reader:
    """Return an open file; its ending says of which kind: .safetensors, or anything else for torch's.

    Errors: InvalidValue if it is not there, cannot be read, or holds something else.
    """
    if not is_file(path):
        raise InvalidValue(f"there is no file {path}.")
    return SafetensorsFile(path) if path.suffix == ".safetensors" else TorchFile(path)


def is_file(path: Path) -> bool:
    """Return whether there is such a file; of a name that is too long for any there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _loaded(path: Path) -> tuple[Any, bool]:
    """Return what a file holds, and whether it is mapped and not read yet."""
    if _packed(path):
        raise InvalidValue(f"{path} is compressed, as torch.save never is, and may unpack to any size; save it anew.")
    with warnings.catch_warnings():  # of torch's, about files that are then refused
        warnings.simplefilter("ignore")
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True), True
        except Exception:  # the format before torch 1.6 cannot be mapped; others fail again
            pass
        try:
            return torch.load(path, map_location="cpu", weights_only=True), False
        except Exception as error:  # whatever the bytes happen to be taken for
            raise InvalidValue(f"{path} {_why(error)}.") from error


def _packed(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist())
    except Exception:  # no archive, or a malformed one: torch will say so
        return False


def _why(error: Exception) -> str:
    """Return why a file cannot be read; torch's own words tell how to run what is in it."""
    if isinstance(error, pickle.UnpicklingError) and any(word in str(error) for word in _CODE):
        what = "holds more than tensors and plain values, and reading that could run any code"
        return f"{what}; save the state dict alone, or as safetensors"
    return f"cannot be read by torch.load ({type(error).__name__}): it is torn, or no file of torch.save; save it anew"


_CODE = ("GLOBAL", "REDUCE", "BUILD", "NEWOBJ", "class", "function", "persistent id")
"""What torch's errors say where a pickle names something that it does not know to be harmless."""


def _size_fault(name: str, shape: Shape) -> str | None:
    """Return what is wrong with a tensor's size: without elements it may claim one that nothing can count to."""
    if all(size < 2**63 for size in shape.sizes):
        return None
    return f"{name!r} is {shape}, which is larger than any tensor; save the file anew"


def _oddity(value: object) -> str | None:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__} and no tensor"
    if value.is_meta:
        return "on the device meta, without numbers"
    return None if value.layout == torch.strided and not value.is_quantized else "sparse or quantized"
