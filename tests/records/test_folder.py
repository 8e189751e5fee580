"""Laws of a run's folder, in both forms of its log."""

import json
import os
import threading
import time
from math import inf, nan

import numpy as np
import pytest

from surefoot.errors import InvalidValue
from surefoot.records.database import Database
from surefoot.records.folder import RunFolder
from surefoot.records.lock import held
from surefoot.records.meta import read_meta
from surefoot.records.reading import read, read_layers
from surefoot.trace import Event, Series, Trace

PIECES = [
    Trace({"penalty": Series([0, 1, 2], [2.5, nan, inf])}),
    Trace({"penalty": Series([3, 3], [0.1, -inf]), "accuracy": Series([3], [0.5])}, (Event(3, "best", "it's; best"),)),
]


@pytest.fixture(params=["sqlite", "jsonl"])
def form(request):
    return request.param


def assert_the_pieces(trace):
    assert trace["penalty"].steps.tolist() == [0, 1, 2, 3, 3]
    np.testing.assert_array_equal(trace["penalty"].values, [2.5, nan, inf, 0.1, -inf])
    assert trace["accuracy"].values.tolist() == [0.5]
    assert trace.events == (Event(3, "best", "it's; best"),)


def test_what_was_told_is_read_back_nan_and_infinity_too(tmp_path, form):
    with RunFolder.made(tmp_path, "My task", {"seed": 3}, form) as folder:
        for piece in PIECES:
            folder.tell(piece)
        folder.flush()
        assert_the_pieces(read(folder.path))  # while it is still open
    assert_the_pieces(read(folder.path))


def test_what_was_told_is_kept_soon_without_being_asked_for(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.tell(PIECES[0])
        for _ in range(600):
            if len(read(folder.path)["penalty"]):
                break
            time.sleep(0.05)
        assert len(read(folder.path)["penalty"]) == 3


def test_a_closed_record_is_one_plain_database_and_one_json_file(tmp_path):
    folder = RunFolder.made(tmp_path, "x", {"seed": 3}, "sqlite")
    folder.tell(PIECES[0])
    folder.flush()
    assert len(list(folder.path.glob("run.sqlite*"))) > 1  # WAL while it is open
    folder.close({"ended": "finished"})
    folder.close()
    assert sorted(file.name for file in folder.path.iterdir()) == ["meta.json", "run.sqlite"]
    assert (folder.path / "run.sqlite").read_bytes()[18:20] == b"\x01\x01"  # no longer WAL


def test_meta_says_how_it_began_who_writes_it_and_how_it_ended(tmp_path, form):
    folder = RunFolder.made(tmp_path, "digits", {"seed": 3}, form)
    assert read_meta(folder.path)["ended"] is None
    assert read_meta(folder.path)["process"]["pid"] == os.getpid()
    folder.close({"reason": "all 5 steps were taken"})
    meta = read_meta(folder.path)
    assert (meta["name"], meta["seed"], meta["ended"]["reason"]) == ("digits", 3, "all 5 steps were taken")


def test_runs_that_begin_in_the_same_second_get_folders_of_their_own(tmp_path):
    folders = [RunFolder.made(tmp_path, "same", {}) for _ in range(3)]
    assert len({folder.path for folder in folders}) == 3
    for folder in folders:
        folder.close()


def test_a_run_goes_on_where_it_was(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {"seed": 3}, form) as folder:
        folder.tell(PIECES[0])
        folder.close({"ended": "interrupted"})
    with RunFolder.opened(folder.path) as again:
        assert (again.told, again.meta["seed"], again.meta["ended"], len(again.meta["resumed"])) == (1, 3, None, 1)
        again.tell(PIECES[1])
        assert again.told == 2
    assert_the_pieces(read(folder.path))


def test_what_is_rewound_is_as_if_it_had_never_been_told(tmp_path, form):
    def told(name, steps):
        with RunFolder.made(tmp_path, name, {}, form) as folder:
            folder.begin_layers(["w"], ["a"])
            for step in steps:
                if step == "back":
                    folder.rewind(2, 20)
                else:
                    folder.tell(Trace({"penalty": Series([step], [float(step)])}, (Event(step, "seen", str(step)),)))
                    for each in range(10 * step, 10 * step + 10):
                        folder.layers(each, [[float(each)]])
            assert folder.told == 6
            folder.flush()
            return read(folder.path), read_layers(folder.path)

    straight, layers = told("straight", range(6))
    wound, wound_layers = told("wound", [0, 1, 2, 3, "back", 2, 3, 4, 5])
    assert wound.events == straight.events
    assert wound["penalty"].values.tolist() == straight["penalty"].values.tolist()
    for one, other in zip(layers.levels, wound_layers.levels, strict=True):
        assert one.first.tolist() == other.first.tolist()
        assert one.mean.tolist() == other.mean.tolist()


def test_a_run_that_was_killed_and_rewound_further_than_it_was_written_goes_on(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.tell(PIECES[0])
        folder.rewind(0, 0)
        assert folder.told == 0
        folder.tell(PIECES[0])
        folder.tell(PIECES[1])
    assert_the_pieces(read(folder.path))


def test_figures_are_copied_when_they_are_told(tmp_path, form):
    figures = np.ones((1, 1))
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.begin_layers(["w"], ["a"])
        folder.layers(0, figures)
        figures[:] = 7.0
        folder.layers(1, figures)
    assert read_layers(folder.path).whole("a")[1].tolist() == [[1.0], [7.0]]


def test_a_run_that_goes_on_must_have_the_same_layers(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.begin_layers(["w"], ["a"])
        folder.layers(0, [[1.0]])
    with RunFolder.opened(folder.path) as again:
        with pytest.raises(InvalidValue, match="begun with other layers"):
            again.begin_layers(["w", "b"], ["a"])
        again.begin_layers(["w"], ["a"])
        again.layers(1, [[2.0]])
        again.flush()
        assert again.fault is None
    assert read_layers(folder.path).whole("a")[0].tolist() == [0, 1]


def test_a_run_that_was_begun_with_fewer_columns_goes_on_with_these(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.begin_layers(["w"], ["a", "b"])
        folder.layers(0, [[1.0, 2.0]])
    with RunFolder.opened(folder.path) as again:
        for other in (["b", "a", "c"], ["a"]):
            with pytest.raises(InvalidValue, match="other layers"):
                again.begin_layers(["w"], other)
        again.begin_layers(["w"], ["a", "b", "c"])
        again.layers(1, np.array([[3.0, 4.0, 5.0]]))
        again.flush()
        assert again.fault is None
    assert read_layers(folder.path).columns == ("a", "b")
    assert read_layers(folder.path).whole("b")[1].tolist() == [[2.0], [4.0]]


def test_figures_that_were_not_announced_end_the_record_and_say_so(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:
        folder.tell(PIECES[0])
        folder.flush()
        folder.layers(0, [[1.0]])
        folder.flush()
        assert "begin_layers" in folder.fault
        folder.tell(PIECES[1])
    assert len(read(folder.path)["penalty"]) == 3


def test_pieces_of_several_threads_all_arrive(tmp_path, form):
    with RunFolder.made(tmp_path, "x", {}, form) as folder:

        def tell(name):
            for step in range(200):
                folder.tell(Trace({name: Series([step], [0.0])}))

        threads = [threading.Thread(target=tell, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {name: len(series) for name, series in read(folder.path).series.items()} == dict.fromkeys("abc", 200)


def test_a_folder_that_another_thread_closes_is_free_again(tmp_path):
    folder = RunFolder.made(tmp_path, "x", {})
    thread = threading.Thread(target=folder.close)
    thread.start()
    thread.join()
    assert not held(folder.path)
    RunFolder.opened(folder.path).close()


@pytest.mark.parametrize("doing", ["write", "close"])
def test_a_disk_that_fails_ends_the_record_and_raises_nothing(tmp_path, monkeypatch, doing):
    def full(self, *given):
        raise OSError("no space left")

    folder = RunFolder.made(tmp_path, "x", {}, "sqlite")
    monkeypatch.setattr(Database, doing, full)
    folder.tell(PIECES[0])
    folder.flush()
    if doing == "write":
        assert folder.fault == "no space left"
        folder.tell(PIECES[1])
        folder.rewind(0, 0)
        folder.flush()
    folder.close({"ended": "finished"})
    assert folder.fault == "no space left"
    assert read_meta(folder.path)["ended"]["ended"] == "finished"


def test_a_meta_file_that_cannot_be_replaced_is_a_fault_and_stays_as_it_was(tmp_path):
    folder = RunFolder.made(tmp_path, "x", {})
    (folder.path / "meta.json.part").mkdir()
    folder.close({"ended": "finished"})
    assert "how it ended cannot be written" in folder.fault
    assert read_meta(folder.path)["ended"] is None


def test_a_folder_without_a_run_is_refused(tmp_path):
    for use in (read, read_layers, RunFolder.opened):
        with pytest.raises(InvalidValue, match="holds no run"):
            use(tmp_path)


def test_a_record_of_a_newer_schema_is_refused(tmp_path):
    folder = RunFolder.made(tmp_path, "x", {})
    folder.close({})
    meta = folder.path / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"schema": 99}))
    for use in (read, read_layers, RunFolder.opened):
        with pytest.raises(InvalidValue, match="newer surefoot"):
            use(folder.path)


def test_a_place_that_cannot_hold_runs_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidValue, match="cannot be written"):
        RunFolder.made(tmp_path / "file", "x", {})


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no folder that even root may not write")
def test_a_folder_that_may_not_be_written_is_refused():
    with pytest.raises(InvalidValue, match="cannot be written"):
        RunFolder.made("/proc/surefoot", "x", {})
