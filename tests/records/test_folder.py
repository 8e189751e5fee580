"""Laws of a run's folder."""

import json
import os
import signal
import subprocess
import sys
from math import inf, nan

import numpy as np
import pytest

from surefoot.errors import InvalidValue
from surefoot.records.folder import RunFolder, read, read_meta
from surefoot.trace import Event, Series, Trace

PIECES = [
    Trace({"penalty": Series([0, 1, 2], [2.5, nan, inf])}),
    Trace({"penalty": Series([3], [0.1]), "accuracy": Series([3], [0.5])}, (Event(3, "best", "it's; best"),)),
]


def assert_the_pieces(trace):
    assert trace["penalty"].steps.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(trace["penalty"].values, [2.5, nan, inf, 0.1])
    assert trace["accuracy"].values.tolist() == [0.5]
    assert trace.events == (Event(3, "best", "it's; best"),)


def test_what_was_written_is_read_back_nan_and_infinity_too(tmp_path):
    with RunFolder(tmp_path, "My task", {"seed": 3}) as folder:
        for piece in PIECES:
            folder.write(piece)
        assert_the_pieces(read(folder.path))  # while it is still open
    assert_the_pieces(read(folder.path))


def test_a_closed_record_is_one_plain_database_and_one_json_file(tmp_path):
    folder = RunFolder(tmp_path, "x", {"seed": 3})
    folder.write(PIECES[0])
    assert len(list(folder.path.glob("run.sqlite*"))) > 1  # WAL while it is open
    folder.close({"ended": "finished"})
    folder.close()
    assert sorted(file.name for file in folder.path.iterdir()) == ["meta.json", "run.sqlite"]
    assert (folder.path / "run.sqlite").read_bytes()[18:20] == b"\x01\x01"  # no longer WAL


def test_meta_says_how_it_began_and_how_it_ended(tmp_path):
    folder = RunFolder(tmp_path, "digits", {"seed": 3})
    assert read_meta(folder.path)["ended"] is None
    folder.close({"reason": "all 5 steps were taken"})
    meta = read_meta(folder.path)
    assert (meta["name"], meta["seed"], meta["ended"]["reason"]) == ("digits", 3, "all 5 steps were taken")


def test_runs_that_begin_in_the_same_second_get_folders_of_their_own(tmp_path):
    folders = [RunFolder(tmp_path, "same", {}) for _ in range(3)]
    assert len({folder.path for folder in folders}) == 3
    for folder in folders:
        folder.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_run_keeps_every_piece_that_was_written(tmp_path):
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from surefoot.records.folder import RunFolder\n"
        "from surefoot.trace import Series, Trace\n"
        f"folder = RunFolder(Path({str(tmp_path)!r}), 'killed', {{}})\n"
        "folder.write(Trace({'penalty': Series(range(1000), [0.5] * 1000)}))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", script], env={**os.environ}, check=False)
    assert died.returncode == -signal.SIGKILL
    (folder,) = tmp_path.iterdir()
    assert len(read(folder)["penalty"]) == 1000
    assert read_meta(folder)["ended"] is None


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match="holds no run"):
        read(tmp_path)


def test_a_record_of_a_newer_schema_is_refused(tmp_path):
    folder = RunFolder(tmp_path, "x", {})
    folder.close({})
    meta = folder.path / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"schema": 99}))
    with pytest.raises(InvalidValue, match="newer surefoot"):
        read(folder.path)


def test_a_place_that_cannot_hold_runs_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidValue, match="cannot be written"):
        RunFolder(tmp_path / "file", "x", {})
