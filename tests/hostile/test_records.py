"""Records of runs that are torn, changed, or crafted: read, or refused in one sentence, and left as they are."""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hostility import assert_one_sentence, damaged, everything, fuzzed
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.records.folder import RunFolder
from surefoot.records.meta import read_meta
from surefoot.records.reading import read, read_layers, read_pieces, read_progress
from surefoot.trace import Event, Series, Trace

READERS = (read_meta, read, read_pieces, read_layers, read_progress)


def recorded(form):
    """Return the files of a small run's folder by name."""
    with tempfile.TemporaryDirectory() as place:
        with RunFolder.made(Path(place), "x", {"rule": "adamw"}, form) as folder:
            folder.begin_layers(["w", "b"], ["norm"])
            folder.tell(Trace({"penalty": Series([0, 1], [1.0, 0.5])}, (Event(1, "best", "the best so far"),)))
            for step in range(3):
                folder.layers(step, [[1.0], [2.0]])
        return {path.name: path.read_bytes() for path in folder.path.iterdir() if path.is_file()}


GOOD = {form: recorded(form) for form in ("sqlite", "jsonl")}
LOGS = {"sqlite": "run.sqlite", "jsonl": "journal.jsonl"}


def assert_read_or_refused(files):
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        for reader in READERS:
            with suppress(_Refused):
                told(reader, place)
        assert {path.name: content for path, content in everything(Path(place)).items()} == files


class _Refused(Exception):
    """What was refused in one sentence."""


def told(reader, place):
    try:
        return reader(place)
    except InvalidValue as error:
        assert_one_sentence(str(error))
        raise _Refused from error


@pytest.mark.parametrize("form", GOOD)
def test_a_good_record_is_read(form, tmp_path):
    for name, content in GOOD[form].items():
        (tmp_path / name).write_bytes(content)
    for reader in READERS:
        reader(tmp_path)


@pytest.mark.parametrize("form", GOOD)
@pytest.mark.parametrize("part", ["meta", "log"])
@fuzzed
@given(st.data())
def test_a_damaged_record_is_read_or_refused_in_one_sentence(form, part, data):
    name = "meta.json" if part == "meta" else LOGS[form]
    content = data.draw(damaged([GOOD[form][name]]) | st.binary(max_size=60))
    assert_read_or_refused({**GOOD[form], name: content})


METAS = {
    "no JSON": b"{nope",
    "a list": b"[]",
    "null": b"null",
    "depth": b"[" * 100_000,
    "no UTF-8": b"\xff\xfe",
    "a long number": b'{"schema": ' + b"9" * 5000 + b', "name": "x", "begun": "x"}',
    "a schema in words": b'{"schema": "1", "name": "x", "begun": "x"}',
    "a later schema": b'{"schema": 99, "name": "x", "begun": "x"}',
    "lists for words": b'{"schema": 1, "name": [], "begun": {}}',
}


@pytest.mark.parametrize("what", METAS)
def test_a_malformed_meta_is_refused_in_one_sentence(what, tmp_path):
    for name, content in {**GOOD["sqlite"], "meta.json": METAS[what]}.items():
        (tmp_path / name).write_bytes(content)
    for reader in READERS[1:]:
        with pytest.raises(_Refused):
            told(reader, tmp_path)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT"
CRAFTED = {
    "rows without end": f"DROP TABLE event; CREATE VIEW event AS {ENDLESS} i AS id, 1 AS piece, i AS step, 'x' AS kind, 'x' AS text FROM n",
    "points without end": f"DROP TABLE point; CREATE VIEW point AS {ENDLESS} 1 AS series, i AS step, 1 AS piece, 0 AS place, 1.0 AS value FROM n",
    "no table": "DROP TABLE point",
    "another column": "ALTER TABLE point RENAME COLUMN value TO values_",
    "text for numbers": "UPDATE point SET value = 'x'",
    "steps too large": "DELETE FROM point; INSERT INTO point VALUES (1, 9223372036854775807, 1, 0, 1.0), (1, -9223372036854775808, 1, 0, 1.0)",
    "blobs for text": "UPDATE event SET kind = x'ff', text = x'ff'",
    "layers cut off": "UPDATE layers SET data = x'00'",
    "layers of no JSON": "UPDATE layout SET names = '{', columns = '['",
    "layers of depth": f"UPDATE layout SET names = '{'[' * 50_000}'",
    "layers at no level": "UPDATE layers SET level = 99",
    "layers of many": "UPDATE layers SET count = 4611686018427387904",
}  # fmt: skip


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_database_is_read_or_refused_in_one_sentence(what, tmp_path):
    for name, content in GOOD["sqlite"].items():
        (tmp_path / name).write_bytes(content)
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database:
        database.executescript(CRAFTED[what])
    before = everything(tmp_path)
    for reader in READERS:
        with suppress(_Refused):
            told(reader, tmp_path)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_folder_is_refused_in_one_sentence(reader, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder" / "meta.json").mkdir(parents=True)
    for place in ("file", "folder", "nowhere", "x" * 5000, "x\0y"):
        with pytest.raises(_Refused):
            told(reader, tmp_path / place)
    shutil.rmtree(tmp_path / "folder")
