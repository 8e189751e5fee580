"""Laws of a record whose process does not come to its end: it is killed, forked, or leaves without a word."""

import os
import random
import signal
import sqlite3
from contextlib import closing

import pytest
from records.glances import assert_the_glance_agrees
from records.programs import ran, started

from surefoot.errors import InvalidValue
from surefoot.records.folder import RunFolder
from surefoot.records.lock import held
from surefoot.records.meta import read_meta
from surefoot.records.reading import read, read_layers
from surefoot.records.shelf import facts

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
@pytest.mark.parametrize("seed", range(3))
def test_a_killed_run_is_whole_and_has_all_that_was_flushed(tmp_path, form, seed):
    """The program says what it has flushed; it is killed at some moment after some of that."""
    code = """
import surefoot.records.cover
surefoot.records.cover.POINTS = 50   # so that there are covers
folder = RunFolder.made(runs, "killed", {}, form)
folder.begin_layers(["w"], ["a"])
for step in range(0, 10**9, 10):
    folder.tell(piece(step))
    for each in range(step, step + 10): folder.layers(each, [[0.5]])
    if random.random() < 0.05:
        folder.flush()
        print(step + 10, flush=True)
"""
    program = started(code, tmp_path, form)
    flushed = [int(program.stdout.readline()) for _ in range(random.Random(seed).randrange(5, 60))]
    program.send_signal(signal.SIGKILL)
    flushed += [int(line) for line in program.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    (folder,) = tmp_path.iterdir()
    assert facts(folder).state == "killed"
    trace, layers = read(folder), read_layers(folder)
    assert len(trace["penalty"]) >= flushed[-1]
    assert len(trace["penalty"]) % 10 == 0
    assert layers.levels[0].last[-1] >= flushed[-1] - 1
    assert_the_glance_agrees(folder)
    if form == "sqlite":
        with closing(sqlite3.connect(folder / "run.sqlite")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with RunFolder.opened(folder) as again:
        assert again.told == len(trace["penalty"]) // 10


def test_a_forked_child_neither_writes_nor_releases_nor_spoils_anything(tmp_path):
    code = """
import gc
folder = RunFolder.made(runs, "forked", {}, form)
folder.tell(piece(0))
child = os.fork()
if child == 0:
    folder.tell(piece(10)); folder.flush(); folder.rewind(0, 0); folder.close({"ended": "child"})
    del folder; gc.collect()
    sys.exit(0)   # with all that an interpreter does at its end
print(os.waitpid(child, 0)[1])
from surefoot.records.lock import held
from surefoot.records.meta import read_meta
print(held(folder.path), (folder.path / "lock").exists(), read_meta(folder.path)["ended"])
folder.tell(piece(20))
folder.close({"ended": "finished"})
"""
    assert ran(code, tmp_path) == (0, "0\nTrue True None\n", "")
    (folder,) = tmp_path.iterdir()
    assert read(folder)["penalty"].steps.tolist() == [*range(10), *range(20, 30)]
    assert read_meta(folder)["ended"]["ended"] == "finished"


def test_a_forked_child_may_keep_a_record_of_its_own(tmp_path):
    code = """
folder = RunFolder.made(runs, "parent", {}, form)
child = os.fork()
if child == 0:
    with RunFolder.made(runs, "child", {}, form) as own: own.tell(piece(0))
    sys.exit(0)
print(os.waitpid(child, 0)[1])
folder.close({})
"""
    assert ran(code, tmp_path) == (0, "0\n", "")
    (folder,) = tmp_path.glob("*-child")
    assert len(read(folder)["penalty"]) == 10


def test_the_lock_goes_with_its_process_though_a_forked_worker_still_lives(tmp_path):
    code = """
folder = RunFolder.made(runs, "killed", {}, form)
worker = os.fork()
if worker == 0:
    time.sleep(600)
print(worker, flush=True)
time.sleep(600)
"""
    program = started(code, tmp_path)
    worker = int(program.stdout.readline())
    (folder,) = tmp_path.iterdir()
    try:
        assert held(folder)
        with pytest.raises(InvalidValue, match=f"being written by process {program.pid} on .*; stop that or wait"):
            RunFolder.opened(folder)
        program.send_signal(signal.SIGKILL)
        program.wait()
        assert not held(folder)
        RunFolder.opened(folder).close()
    finally:
        os.kill(worker, signal.SIGKILL)
        program.communicate()


@pytest.mark.parametrize("leaving", ["sys.exit(0)", "pass", "raise SystemExit(0)"])
def test_a_process_that_just_leaves_has_written_all(tmp_path, leaving):
    assert ran(f"folder = RunFolder.made(runs, 'x', {{}}, form); folder.tell(piece(0)); {leaving}", tmp_path)[0] == 0
    (folder,) = tmp_path.iterdir()
    assert len(read(folder)["penalty"]) == 10
    assert facts(folder).state == "killed"  # nobody said how it ended


def test_a_full_disk_ends_the_record_and_leaves_it_readable(tmp_path):
    code = """
import resource
folder = RunFolder.made(runs, "full", {}, form)
folder.tell(piece(0)); folder.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))   # no file may grow beyond it
for step in range(10, 10**6, 10):
    folder.tell(piece(step))
folder.flush()
folder.close({"ended": "finished"})
print(folder.fault)
"""
    code, out, err = ran(code, tmp_path)
    assert (code, err) == (0, "")
    assert "disk" in out
    (folder,) = tmp_path.iterdir()
    assert len(read(folder)["penalty"]) >= 10
    assert facts(folder).state == "finished"
