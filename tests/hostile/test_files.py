"""Files of weights and checkpoints that are torn, changed, crafted to run code, or to fill memory and disk."""

import io
import json
import os
import pickle
import struct
import sys
import tempfile
import warnings
import zipfile
from contextlib import chdir
from pathlib import Path

import pytest
import torch
from hostility import assert_one_sentence, assert_said, damaged, everything, fuzzed, trees
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from surefoot.cli import FINISHED, main
from surefoot.errors import InvalidValue
from surefoot.pytorch.averager.files import average_files
from surefoot.training.checkpoint.file import read, write
from surefoot.training.checkpoint.tree import apart

STATE = {"w": torch.arange(12.0).reshape(4, 3), "n": torch.tensor(3), "half": torch.ones(4).bfloat16()}


def saved(content, **choices):
    buffer = io.BytesIO()
    torch.save(content, buffer, **choices)
    return buffer.getvalue()


def checkpoint():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "good"
        write(file, 7, apart({"model": STATE, "seen": [1, 2.5, None], "draws": torch.get_rng_state()}))
        return file.read_bytes()


def averaged(file):
    average_files([file, file], "mean.safetensors")
    Path("mean.safetensors").unlink()


READERS = {
    "safetensors": ("file.safetensors", save(STATE), averaged),
    "torch": ("file.pt", saved({"model": STATE, "epoch": 3}), averaged),
    "torch before 1.6": ("file.pt", saved(STATE, _use_new_zipfile_serialization=False), averaged),
    "checkpoint": ("file.safetensors", checkpoint(), read),
}
"""By name: what a file is called, a good one, and what reads it."""


def assert_read_or_refused(name, content, reader):
    """Fail unless content is read, or refused in one sentence, and nothing is left beside it."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("error")
        Path(name).write_bytes(content)
        try:
            reader(Path(name))
        except InvalidValue as error:
            assert_one_sentence(str(error))
        assert os.listdir() == [name]


@pytest.mark.parametrize("kind", READERS)
def test_a_good_file_is_read(kind):
    name, good, reader = READERS[kind]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path(name).write_bytes(good)
        reader(Path(name))


@pytest.mark.parametrize("kind", READERS)
@fuzzed
@given(st.data())
def test_a_damaged_file_is_read_or_refused_in_one_sentence(kind, data):
    name, good, reader = READERS[kind]
    assert_read_or_refused(name, data.draw(damaged([good])), reader)


@pytest.mark.parametrize("kind", READERS)
@fuzzed
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence(kind, content):
    name, _, reader = READERS[kind]
    assert_read_or_refused(name, content, reader)


@fuzzed
@given(trees, st.dictionaries(st.text(min_size=1, max_size=5), st.just(torch.ones(2)), max_size=2))
def test_a_checkpoint_of_any_content_whose_checksum_fits_is_read_or_refused(tree, tensors):
    try:
        content = json.loads(json.dumps(tree, default=lambda value: ["bytes", value.decode("latin1")]))
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "file", 3, (content, tensors))
            crafted = (Path(folder) / "file").read_bytes()
    except (ValueError, UnicodeEncodeError):  # what cannot be written at all: numbers that JSON has not, half letters
        return
    assert_read_or_refused("file.safetensors", crafted, read)


class Made:
    """What a pickle makes by calling something as it is read."""

    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


TRAPS = {
    "of the system": Made(os.mkdir, "sprung"),
    "of text": Made(eval, "__import__('os').mkdir('sprung')"),
    "of a file": Made(open, "sprung", "w"),
    "that leaves": Made(sys.exit, 3),
    "among torch's": Made(torch.save, {}, "sprung"),
}
WAYS = {
    "a file of torch.save": lambda trap: saved({"model": STATE, "more": trap}),
    "a tensor's place": lambda trap: saved({"w": trap}),
    "the old format": lambda trap: saved({"w": trap}, _use_new_zipfile_serialization=False),
    "a bare pickle": lambda trap: pickle.dumps(trap),
    "a bare pickle in text": lambda trap: pickle.dumps(trap, protocol=0),
    "a bare pickle of torch's protocol": lambda trap: pickle.dumps({"w": trap}, protocol=2),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", ["file.pt", "file.safetensors"])
def test_no_file_runs_code(way, trap, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(WAYS[way](TRAPS[trap]))
    before = everything(tmp_path)
    code = main(["average", name, name, "-o", "mean.safetensors"])
    assert_said(code, *capsys.readouterr())
    with pytest.raises(InvalidValue) as caught:
        read(Path(name))
    assert_one_sentence(str(caught.value))
    assert everything(tmp_path) == before
    assert os.listdir() == [name]


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(**changes):
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}


def packed(size):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * size)
    return buffer.getvalue()


def loop():
    state = {}
    state["model"] = state
    return state


CRAFTED = {
    "nothing": b"",
    "a length alone": struct.pack("<Q", 8),
    "a length beyond the file": safetensors({}, length=99_000_000),
    "a length beyond memory": safetensors({}, length=2**63 - 9),
    "a length beyond numbers": safetensors({}, length=2**64 - 1),
    "no JSON": safetensors(b"{nope"),
    "a list": safetensors([1]),
    "null": safetensors(b"null"),
    "depth": safetensors(b'{"a":' * 50_000),
    "depth of lists": safetensors(b"[" * 50_000),
    "no UTF-8": safetensors(b'{"\xff":1}'),
    "overlapping tensors": safetensors({"a": entry(), "b": entry()}, b"\0" * 8),
    "tensors that overlap in part": safetensors({"a": entry(), "b": entry(data_offsets=[4, 12])}, b"\0" * 12),
    "a tensor beyond the file": safetensors({"a": entry(shape=[200], data_offsets=[0, 800])}, b"\0" * 8),
    "a tensor before the file": safetensors({"a": entry(data_offsets=[-8, 0])}, b"\0" * 8),
    "a tensor backwards": safetensors({"a": entry(data_offsets=[8, 0])}, b"\0" * 8),
    "bytes between tensors": safetensors({"a": entry(data_offsets=[8, 16])}, b"\0" * 16),
    "bytes after the tensors": safetensors({"a": entry()}, b"\0" * 99),
    "an unknown dtype": safetensors({"a": entry(dtype="X99")}, b"\0" * 8),
    "a dtype that is a number": safetensors({"a": entry(dtype=3)}, b"\0" * 8),
    "a dtype of another size": safetensors({"a": entry(dtype="F64")}, b"\0" * 8),
    "a dtype that is not averaged": safetensors({"a": entry(dtype="F4", shape=[16])}, b"\0" * 8),
    "a shape beyond memory": safetensors({"a": entry(shape=[2**62, 4])}, b"\0" * 8),
    "a shape whose product overflows": safetensors({"a": entry(shape=[2**32, 2**32], data_offsets=[0, 0])}),
    "a shape of nothing beyond numbers": safetensors({"a": entry(shape=[2**63, 0], data_offsets=[0, 0])}),
    "a negative shape": safetensors({"a": entry(shape=[-2])}, b"\0" * 8),
    "no offsets": safetensors({"a": {"dtype": "F32", "shape": [2]}}, b"\0" * 8),
    "no tensors": safetensors({}),
    "metadata of numbers": safetensors({"__metadata__": {"a": 3}, "a": entry()}, b"\0" * 8),
}


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_header_is_refused_in_one_sentence(what, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file.safetensors").write_bytes(CRAFTED[what])
    code = main(["average", "file.safetensors", "file.safetensors", "-o", "mean.safetensors"])
    assert_said(code, *capsys.readouterr())
    with pytest.raises(InvalidValue) as caught:
        read(Path("file.safetensors"))
    assert_one_sentence(str(caught.value))
    assert os.listdir() == ["file.safetensors"]


def test_rows_of_nothing_are_not_counted_through(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shapes = {"a": entry(shape=[2**40, 0], data_offsets=[0, 0]), "b": entry()}
    Path("file.safetensors").write_bytes(safetensors(shapes, b"\0" * 8))
    assert average_files(["file.safetensors"] * 2, "mean.safetensors").averaged == ("a", "b")


CONTENTS = {
    "a number": 3,
    "nothing": None,
    "no tensors": {},
    "itself": loop(),
    "a list": [torch.ones(2)],
    "text": {"a": "b\n\x1b[31mc"},
    "a long name": {"x" * 100_000: 3},
    "many names": {f"x{i}": 3 for i in range(5000)},
    "names that are one as text": {3: torch.ones(1), "3": torch.ones(2)},
    "a tensor without numbers": {"a": torch.ones(2, device="meta")},
    "one number a terabyte wide": {"a": torch.ones(1).expand(2**20, 2**20)},
    "one truth an exabyte wide": {"a": torch.ones(1, dtype=torch.bool).expand(2**30, 2**30)},
    "many names of one tensor": dict.fromkeys(map(str, range(3000)), torch.ones(100, 100)),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_a_torch_file_of_anything_is_refused_in_one_sentence(what, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file.pt").write_bytes(saved(CONTENTS[what]))
    code = main(["average", "file.pt", "file.pt", "-o", "mean.safetensors"])
    assert_said(code, *capsys.readouterr())
    assert os.listdir() == ["file.pt"]


BYTES = {
    "a packed file": packed(10**7),
    "text": b"hello world\n",
    "marks": b"\x80\x02" + b"(" * 10**5,
    "a frame beyond memory": b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.",
    "bytes beyond memory": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",
    "a number beyond memory": b"\x80\x02\x8b" + struct.pack("<i", 2**30) + b".",
    "the first bytes of an archive": b"PK\x03\x04nothing",
}


@pytest.mark.parametrize("what", BYTES)
def test_a_file_that_torch_never_wrote_is_refused_in_one_sentence(what, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file.pt").write_bytes(BYTES[what])
    code = main(["average", "file.pt", "file.pt", "-o", "mean.safetensors"])
    assert_said(code, *capsys.readouterr())
    assert os.listdir() == ["file.pt"]


def test_tensors_that_are_seen_through_a_sign_are_averaged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = torch.tensor([1 + 2j, 3 - 4j])
    torch.save({"turned": whole.conj(), "negative": whole.clone().conj().imag}, "file.pt")
    assert main(["average", "file.pt", "file.pt", "-o", "mean.safetensors"]) == FINISHED
