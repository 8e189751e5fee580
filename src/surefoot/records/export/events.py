"""A run as a TensorBoard event file: records with checksums, each a protocol buffer of a few fields.

Source: the formats of TensorFlow's record_writer.h (length, masked CRC-32C of it, data, masked CRC-32C of that) and
event.proto, summary.proto and tensor.proto, whose field numbers stand below. TensorBoard itself brings forty packages.
"""

import socket
import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from surefoot.records.reading import Layers, read_layers, read_pieces
from surefoot.trace import Trace

VERSION = b"brain.Event:2"
"""What the first event of a file says."""


def write_events(run: Path, out: Path) -> list[Path]:
    """Write one event file: series as scalars, layers' figures (means of blocks) as scalars, events as texts."""
    pieces = read_pieces(run)
    begun = pieces[0][0] if pieces else 0.0
    file = out / f"events.out.tfevents.{int(begun):010d}.{socket.gethostname()}"
    with file.open("wb") as opened:
        opened.write(record(_double(1, begun) + _bytes(3, VERSION)))
        for time, piece in pieces:
            opened.writelines(map(record, _of_piece(time, piece)))
        layers = read_layers(run)
        if layers is not None:
            opened.writelines(map(record, _of_layers(layers, pieces)))
    return [file]


def record(data: bytes) -> bytes:
    """Return a record as it stands in the file.

    >>> record(b"")[:8] == bytes(8), len(record(b"abc"))
    (True, 19)
    """
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def masked(data: bytes) -> int:
    """Return the masked CRC-32C of some bytes, as a record has it.

    >>> hex(masked(b"123456789")), hex(crc32c(b"123456789"))
    ('0xc78ab0e5', '0xe3069283')
    """
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the checksum of Castagnoli's polynomial (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _entry(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


_TABLE = tuple(map(_entry, range(256)))


def _of_piece(time: float, piece: Trace) -> Iterator[bytes]:
    """Return the events of a piece: Event has wall_time 1, step 2, summary 5."""
    for name, series in piece.series.items():
        for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            yield _double(1, time) + _whole(2, step) + _bytes(5, _scalar(name, value))
    for event in piece.events:
        yield _double(1, time) + _whole(2, event.step) + _bytes(5, _text(f"events/{event.kind}", event.text))


def _of_layers(layers: Layers, pieces: list[tuple[float, Trace]]) -> Iterator[bytes]:
    """Return an event for each block of steps, at its last step, with the time of the piece that holds that step."""
    ends = [(int(piece["penalty"].steps[-1]), time) for time, piece in pieces if len(piece["penalty"])]
    ends = ends or [(0, pieces[0][0] if pieces else 0.0)]
    for level in layers.timeline:
        for step, means in zip(level.last.tolist(), level.mean.tolist(), strict=True):
            time = ends[min(bisect_right(ends, (step, 0.0)), len(ends) - 1)][1]
            values = b"".join(
                _scalar(f"{figure}/{tensor}", value)
                for tensor, row in zip(layers.names, means, strict=True)
                for figure, value in zip(layers.columns, row, strict=True)
            )
            yield _double(1, time) + _whole(2, step) + _bytes(5, values)


def _scalar(tag: str, value: float) -> bytes:
    """Return a value of a summary: Summary has value 1; Value has tag 1, simple_value 2."""
    number = _key(2, 5) + _float(value)
    return _bytes(1, _bytes(1, tag.encode()) + number)


def _float(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:  # too large for four bytes
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def _text(tag: str, text: str) -> bytes:
    """Return a text of a summary.

    Value has tag 1, tensor 8, metadata 9; SummaryMetadata plugin_data 1, that plugin_name 1; TensorProto dtype 1 (7 is
    a string), tensor_shape 2, string_val 8; TensorShapeProto dim 2, Dim size 1.
    """
    shape = _bytes(2, _whole(1, 1))
    tensor = _whole(1, 7) + _bytes(2, shape) + _bytes(8, text.encode())
    metadata = _bytes(1, _bytes(1, b"text"))
    return _bytes(1, _bytes(1, f"{tag}/text_summary".encode()) + _bytes(8, tensor) + _bytes(9, metadata))


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _whole(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content
