"""One checkpoint as one file of safetensors: tensors, the rest of the state as JSON in its header, and a checksum.

Any reader of safetensors opens it. It is written here, since the header has to hold the checksum of what follows and
every act on the disk is to be tested; it is 8 bytes of length, a header in JSON, and the tensors' bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from surefoot import __version__
from surefoot.errors import InvalidValue, refuse
from surefoot.pytorch.averager.readers import DTYPES
from surefoot.training.checkpoint.disk import Disk
from surefoot.training.checkpoint.tree import Json, together

SCHEMA = "1"
"""The version of what a checkpoint holds; a reader refuses another."""

LARGEST_HEADER = 256 * 2**20
"""Bytes of a header that are read: a crafted length is no reason to fill the memory."""

_WORDS = {dtype: word for word, dtype in DTYPES.items()}
_CHUNK = 4 * 2**20


@final
@dataclass(frozen=True)
class Written:
    """A checkpoint on the disk.

    Args:
        file: where.
        step: steps taken when it was made.
        bytes: its size.
    """

    file: Path
    step: int
    bytes: int


def write(file: Path, step: int, state: tuple[Json, Mapping[str, Tensor]], disk: Disk | None = None) -> Written:
    """Write a state as a checkpoint, whole or not at all.

    Args:
        file: where; what is there is replaced.
        step: steps taken.
        state: what `apart` returns; the tensors are on the CPU and do not change meanwhile.
        disk: acts on the files.

    Errors: InvalidValue naming what a checkpoint cannot hold; OSError.
    """
    found, tensors = state
    strange = [f"{name} is of {each.dtype}" for name, each in tensors.items() if each.dtype not in _WORDS]
    refuse("checkpoint", [f"{each}, which safetensors does not know" for each in strange])
    orders = {name: order for name, each in tensors.items() if (order := _order(each))}
    plain = {name: _plain(each, orders.get(name)) for name, each in tensors.items()}
    about = {
        "format": "pt", "surefoot": __version__, "schema": SCHEMA, "step": str(step),
        "state": json.dumps(found, allow_nan=False), "orders": json.dumps(orders),
    }  # fmt: skip
    table = _table(plain)
    digest = sha256(_header(about, table))
    for each in plain.values():
        digest.update(_bytes(each))
    header = _header({**about, "checksum": digest.hexdigest()}, table)
    (disk or Disk()).put(file, [len(header).to_bytes(8, "little"), header, *map(_bytes, plain.values())])
    return Written(file, step, 8 + len(header) + sum(each.nbytes for each in plain.values()))


def _header(about: Mapping[str, str], table: Mapping[str, Any]) -> bytes:
    text = json.dumps({"__metadata__": about, **table}).encode("utf-8")
    return text + b" " * (-len(text) % 8)  # the format wants the tensors aligned


def _table(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    table, place = {}, 0
    for name, each in tensors.items():
        after = place + each.nbytes
        table[name] = {"dtype": _WORDS[each.dtype], "shape": list(each.shape), "data_offsets": [place, after]}
        place = after
    return table


def _order(tensor: Tensor) -> list[int]:
    """Return the order of a tensor's dimensions in memory if it is dense but not in the usual one, else nothing.

    A slot that came back in another order than its parameter's would be stepped elsewhere than in the kernel.
    """
    if tensor.is_contiguous():
        return []
    order = sorted(range(tensor.ndim), key=lambda place: (-tensor.stride()[place], place))
    return order if tensor.permute(order).is_contiguous() else []


def _plain(tensor: Tensor, order: list[int] | None) -> Tensor:
    return (tensor.permute(order) if order else tensor).contiguous()


def _bytes(tensor: Tensor) -> memoryview:
    return tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else memoryview(b"")


def whole(file: Path) -> str:
    """Return what is wrong with a checkpoint file, or nothing if it is as it was written.

    Errors: none; nothing of it is kept in memory.
    """
    try:
        with file.open("rb") as stream:
            _check(stream, *_opened(stream))
    except _UNREADABLE as error:
        return _what(error)
    return ""


def read(file: Path) -> tuple[int, dict[str, Any]]:
    """Return the step and the state of a checkpoint.

    Errors: InvalidValue if it is no checkpoint, or not whole: torn, changed, of another version. No code of it is run.

    Laws: what `write` was given comes back bit for bit.
    """
    try:
        with file.open("rb") as stream:
            about, table, begin = _opened(stream)
            _check(stream, about, table, begin)
        tensors = load_file(file)  # which looks at every length and offset: a crafted file has a checksum that fits
        orders = json.loads(about["orders"])
        whole = {name: _ordered(each, orders.get(name)) for name, each in tensors.items()}
        state = together(json.loads(about["state"]), whole)
        return int(about["step"]), state
    except _UNREADABLE as error:
        raise InvalidValue(f"{str(file)!r} is no checkpoint that can be read: {_what(error)}.") from error


_UNREADABLE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, MemoryError,
    SafetensorError,
)  # fmt: skip
"""What crafted JSON of any shape may bring about in a file whose checksum fits; a RecursionError is a RuntimeError."""


def _what(error: BaseException) -> str:
    return str(error).removesuffix(".") if isinstance(error, (OSError, InvalidValue)) else "it is malformed"


def _opened(stream: BinaryIO) -> tuple[dict[str, str], dict[str, Any], int]:
    """Return what a file says of itself, its table of tensors, and where they begin."""
    length = int.from_bytes(stream.read(8), "little")
    if not 0 < length <= LARGEST_HEADER:
        raise InvalidValue(f"its header would have {length} bytes")
    text = stream.read(length)
    if len(text) != length:
        raise InvalidValue("it ends in its header")
    table = json.loads(text)
    about = table.pop("__metadata__")
    if about["schema"] != SCHEMA:
        raise InvalidValue(f"it has schema {about['schema']}, and this surefoot reads {SCHEMA}")
    return about, table, 8 + length


def _check(stream: BinaryIO, about: dict[str, str], table: dict[str, Any], begin: int) -> None:
    """Refuse a file that is not what was written."""
    expected = about.pop("checksum")
    digest = sha256(_header(about, table))
    stream.seek(begin)
    while piece := stream.read(_CHUNK):
        digest.update(piece)
    if digest.hexdigest() != expected:
        raise InvalidValue("its checksum does not fit: it was torn or changed")


def _ordered(tensor: Tensor, order: list[int] | None) -> Tensor:
    if not order:
        return tensor
    back = sorted(range(len(order)), key=lambda place: order[place])
    return tensor.permute(back)
