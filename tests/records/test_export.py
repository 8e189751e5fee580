"""Laws of exports: what was recorded is in them, each value once."""

import csv
import json
import struct
from math import inf, isnan, nan

import numpy as np
import pytest

from surefoot.errors import InvalidValue
from surefoot.records.export import export
from surefoot.records.export.events import VERSION, masked
from surefoot.records.folder import RunFolder
from surefoot.records.reading import read_layers
from surefoot.trace import Event, Series, Trace

STEPS = 5000


@pytest.fixture(scope="module", params=["sqlite", "jsonl"])
def run(tmp_path_factory, request):
    """A run with series, events and more layers than are kept whole."""
    with RunFolder.made(tmp_path_factory.mktemp("runs"), "x", {"seed": 3}, request.param) as folder:
        folder.begin_layers(["w", "b"], ["norm"])
        folder.tell(Trace({"penalty": Series([0, 1, 2], [2.5, nan, inf])}))
        folder.tell(Trace({"validation_penalty": Series([2, 2], [0.5, -inf])}, (Event(2, "best", 'it\'s "é"; best'),)))
        for step in range(STEPS):
            folder.layers(step, [[step], [2.0 * step]])
            if step % 1000 == 0:
                folder.flush()
    return folder.path


def rows(file):
    with file.open(encoding="utf-8", newline="") as opened:
        return [*csv.reader(opened)]


def test_tables_hold_every_value(run, tmp_path):
    series, events, layers = map(rows, export(run, "csv", tmp_path))
    assert series == [
        ["step", "penalty", "validation_penalty"],
        ["0", "2.5", ""], ["1", "nan", ""], ["2", "inf", "0.5"], ["2", "", "-inf"],
    ]  # fmt: skip
    assert events == [["step", "kind", "text"], ["2", "best", 'it\'s "é"; best']]
    assert layers[0][:6] == ["first_step", "last_step", "steps", "tensor", "figure", "least"]
    blocks = [(int(row[0]), int(row[1])) for row in layers[1:] if row[3] == "w"]
    assert [first for first, _ in blocks] == [0, *(last + 1 for _, last in blocks[:-1])]  # no step twice, none missing
    assert blocks[-1] == (STEPS - 1, STEPS - 1)
    for row in layers[1:]:
        first, last, scale = int(row[0]), int(row[1]), 1 if row[3] == "w" else 2
        assert [*map(float, row[5:8])] == [scale * first, scale * (first + last) / 2, scale * last]


def test_lines_hold_every_value(run, tmp_path):
    (file,) = export(run, "jsonl", tmp_path)
    head, *lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert head["run"]["seed"] == 3
    told = [(line["series"], line["step"], line["value"]) for line in lines if "series" in line]
    assert told[:3] == [("penalty", 0, 2.5), ("penalty", 1, None), ("penalty", 2, "inf")]
    assert told[3:] == [("validation_penalty", 2, 0.5), ("validation_penalty", 2, "-inf")]
    assert [line["text"] for line in lines if "event" in line] == ['it\'s "é"; best']
    assert lines[-1] == {
        "layers": "b", "first_step": STEPS - 1, "last_step": STEPS - 1, "steps": 1,
        "norm": {"least": 9998.0, "mean": 9998.0, "greatest": 9998.0, "not_finite": 0},
    }  # fmt: skip


def records(data):
    """Go through the records of an event file, their checksums compared."""
    while data:
        length, check = struct.unpack("<QI", data[:12])
        body, (sum_,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length : 16 + length])
        assert (check, sum_) == (masked(data[:8]), masked(body))
        yield body
        data = data[16 + length :]


def fields(message):
    """Return the fields of a protocol buffer, an oracle from its encoding's description."""
    found, at = [], 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        size = {0: None, 1: 8, 5: 4}[key & 7] if key & 7 != 2 else varint()
        value = varint() if size is None else message[at : at + size]
        at += size or 0
        found.append((key >> 3, value))
    return found


def test_an_event_file_holds_every_value_with_sound_checksums(run, tmp_path):
    (file,) = export(run, "tensorboard", tmp_path)
    assert file.name.startswith("events.out.tfevents.")
    first, *events = (dict(fields(body)) for body in records(file.read_bytes()))
    assert first[3] == VERSION
    scalars, texts = {}, []
    for event in events:
        for _, value in fields(event[5]):
            parts = dict(fields(value))
            if 2 in parts:
                scalars.setdefault(parts[1].decode(), []).append((event[2], struct.unpack("<f", parts[2])[0]))
            else:
                texts.append((parts[1].decode(), event[2], dict(fields(parts[8]))[8].decode()))
    assert scalars["penalty"][0] == (0, 2.5)
    assert isnan(scalars["penalty"][1][1])
    assert scalars["validation_penalty"] == [(2, 0.5), (2, -inf)]
    assert texts == [("events/best/text_summary", 2, 'it\'s "é"; best')]
    assert scalars["norm/b"][-1] == (STEPS - 1, 9998.0)
    assert len(scalars["norm/w"]) == sum(map(len, read_layers(run).timeline))


def test_tensorboard_reads_the_file(run, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    export(run, "tensorboard", tmp_path)
    found = reader.EventAccumulator(str(tmp_path), size_guidance={"scalars": 0})
    found.Reload()
    assert [(each.step, each.value) for each in found.Scalars("norm/b")][-1] == (STEPS - 1, 9998.0)


def test_every_step_is_in_one_block_of_the_timeline(run):
    timeline = read_layers(run).timeline
    steps = np.concatenate(
        [np.arange(a, b + 1) for level in timeline for a, b in zip(level.first, level.last, strict=True)]
    )
    np.testing.assert_array_equal(steps, np.arange(STEPS))


def test_a_folder_that_is_not_empty_and_a_kind_that_is_not_there_are_refused(run, tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(InvalidValue, match="is not empty"):
        export(run, "csv", tmp_path)
    with pytest.raises(InvalidValue, match="one of csv, jsonl, tensorboard"):
        export(run, "xlsx", tmp_path / "new")
    with pytest.raises(InvalidValue, match="holds no run"):
        export(tmp_path, "csv", tmp_path / "new")
