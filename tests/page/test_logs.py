"""Laws of logs: both forms tell the same, a mark is followed by what is new and nothing else, and a rewind is noticed."""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from page.shelves import FORMS, SPIKE, begun, finished, go_on
from records.glances import ACTIONS, assert_same, last_steps, trace

from surefoot.page.buckets import level_for
from surefoot.page.library import Library
from surefoot.page.log import Mark
from surefoot.page.log_database import DatabaseLog
from surefoot.page.log_lines import JournalLog, StillLog
from surefoot.records import cover
from surefoot.records.database import Database
from surefoot.records.journal import Journal
from surefoot.records.reading import read
from surefoot.records.store import Batch
from surefoot.trace import SCHEMA, Event, Series, Trace, joined


def log_of(path):
    return Library(path.parent).log(path)


@pytest.mark.parametrize("form", FORMS)
def test_a_snapshot_holds_what_the_record_holds(tmp_path, form):
    path = finished(tmp_path, form=form)
    shot, trace = log_of(path).snapshot(), read(path)
    assert {*shot.series} == {*trace.series}
    for name, column in trace.series.items():
        assert shot.series[name].steps.tolist() == column.steps.tolist()
        assert shot.series[name].mean.tolist() == column.values.tolist()
    assert shot.events == trace.events


@pytest.mark.parametrize("most", [1, 16, 1024])
def test_both_forms_and_a_log_read_once_make_the_same_buckets(tmp_path, most):
    database, lines = (finished(tmp_path / form, form=form) for form in FORMS)
    shots = [DatabaseLog(database).snapshot(most), JournalLog(lines).snapshot(most), StillLog(database).snapshot(most)]
    for name, one in shots[0].series.items():
        for other in (shot.series[name] for shot in shots[1:]):
            assert (one.level, one.ids.tolist(), one.counts.tolist()) == (
                other.level,
                other.ids.tolist(),
                other.counts.tolist(),
            )
            np.testing.assert_allclose(
                [one.least, one.mean, one.greatest], [other.least, other.mean, other.greatest], rtol=1e-12
            )


@pytest.mark.parametrize("form", FORMS)
def test_no_spike_is_lost_in_few_buckets(tmp_path, form):
    shot = log_of(finished(tmp_path, form=form)).snapshot(4)
    assert len(shot.series["penalty"]) <= 4
    assert shot.series["penalty"].greatest.max() == 40.0


@pytest.mark.parametrize("form", FORMS)
def test_values_that_are_not_finite_are_counted_and_hide_nothing(tmp_path, form):
    with begun(tmp_path, form=form, layers=False) as folder:
        values = [1.0, np.nan, np.inf, 3.0, -np.inf, 2.0, 7.0, 8.0]
        folder.tell(Trace({"penalty": Series(range(8), values)}))
    found = log_of(folder.path).snapshot(2).series["penalty"]
    assert (found.counts.tolist(), found.bad.tolist()) == ([2, 3], [2, 1])
    assert (found.least.tolist(), found.greatest.tolist()) == ([1.0, 2.0], [3.0, 8.0])
    assert found.mean.tolist() == [2.0, 17.0 / 3.0]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_new_is_told_once(tmp_path, form):
    with begun(tmp_path, form=form, layers=False) as folder:
        go_on(folder, 0, 50, layers=False)
        log = log_of(folder.path)
        mark = log.snapshot().mark
        assert log.since(mark).series == {}
        go_on(folder, 50, 60, layers=False)
        go_on(folder, 60, 65, layers=False)
        news = log.since(mark)
        assert news.series["penalty"][0].tolist() == [*range(50, 65)]
        assert news.series["accuracy"][0].tolist() == [60, 65]
        assert [event.step for event in news.events] == [60, 65]
        again = log.since(news.mark)
        assert (dict(again.series), again.events) == ({}, ())


@pytest.mark.parametrize("form", FORMS)
def test_a_log_that_went_back_is_noticed_even_when_it_is_as_long_again(tmp_path, form):
    with begun(tmp_path, form=form, layers=False) as folder:
        go_on(folder, 0, 10, layers=False)
        go_on(folder, 10, 20, layers=False)
        log = log_of(folder.path)
        mark = log.snapshot().mark
        folder.rewind(1, 10)
        folder.flush()
        assert log.since(mark) is None
        go_on(folder, 10, 20, layers=False)
        assert log.since(mark) is None
        assert log.snapshot().series["penalty"].steps.tolist() == [*range(20)]


@pytest.mark.parametrize("form", FORMS)
def test_a_part_is_as_fine_as_is_asked_for(tmp_path, form):
    log = log_of(finished(tmp_path, form=form))
    found = log.buckets("penalty", 0, SPIKE - 2, SPIKE + 2)
    assert found.steps.tolist() == [*range(SPIKE - 2, SPIKE + 3)]
    whole = log.buckets("penalty", 3, SPIKE, SPIKE)
    assert (whole.ids.tolist(), whole.counts.tolist()) == ([SPIKE // 8], [8])
    assert len(log.buckets("nothing", 3, 0, 100)) == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_run_that_has_told_nothing_has_an_empty_log(tmp_path, form):
    with begun(tmp_path, form=form) as folder:
        folder.flush()
        shot = log_of(folder.path).snapshot()
        assert (dict(shot.series), shot.events, shot.mark) == ({}, (), Mark())
        folder.tell(Trace(events=(Event(0, "searched", "found"),)))
        folder.flush()
        assert [event.kind for event in log_of(folder.path).since(shot.mark).events] == ["searched"]


def test_a_line_that_is_not_whole_yet_is_read_when_it_is(tmp_path):
    path = finished(tmp_path, form="jsonl")
    log = JournalLog(path)
    before = log.snapshot()
    with (path / "journal.jsonl").open("a") as file:
        file.write('{"t":1.0,"pieces":[{"series":{"penalty":[[400],[')
        file.flush()
        assert log.since(before.mark).mark == before.mark
        file.write('0.5]]},"events":[]}]}\n')
    assert log.since(before.mark).series["penalty"][1].tolist() == [0.5]


@pytest.mark.parametrize("text", ["", "@", "3", "x@1.0", "3@x"])
def test_what_is_no_mark_is_none(text):
    assert Mark.read(text) is None


def assert_as_told(log, told, marks, most, level):
    """A log shows what was told, all of it and in parts, and what is new since any mark that still holds."""
    whole, shot = joined(told), log.snapshot(most)
    there = {name: series for name, series in whole.series.items() if len(series)}
    assert (shot.events, shot.mark.pieces) == (whole.events, len(told))
    assert {name for name, each in shot.series.items() if len(each)} == {*there}
    assert all(log.last(name) is None for name in {*log.names()} - {*there})
    for name, series in there.items():
        first, last = int(series.steps[0]), int(series.steps[-1])
        assert log.last(name) == last
        assert_same(shot.series[name], series, level_for(first, last, most))
        middle = int(series.steps[len(series) // 2])
        inside = (series.steps >> level >= middle >> level) & (series.steps >> level <= (middle + 600) >> level)
        part = Series(series.steps[inside], series.values[inside])
        assert_same(log.buckets(name, level, middle, middle + 600), part, level)
    for mark in marks:
        since, expected = log.since(mark), joined(told[mark.pieces :])
        assert since.events == expected.events
        new = {name: each for name, each in expected.series.items() if len(each)}
        assert {name for name, (steps, _) in since.series.items() if len(steps)} == {*new}
        for name, each in new.items():
            np.testing.assert_array_equal(since.series[name], [each.steps, each.values])


@pytest.mark.parametrize("form", FORMS)
@given(ACTIONS, st.sampled_from([1, 3, 64, 1024]), st.integers(0, 20))
@example([[{"penalty": [(1, 1.0), (1, 2.0)]}] * 4, 0.5, [{"penalty": [(1, 3.0)]}]], 1024, 0)
@example([[{"penalty": [(1, 1.0)] * 9}] * 4, 0.5, [{"penalty": [(1, 3.0)] * 9}] * 3], 1024, 8)
def test_a_log_shows_what_the_points_are_whatever_was_told_rewound_and_resumed(form, actions, most, level):
    with tempfile.TemporaryDirectory() as place, patch.object(cover, "POINTS", 20):
        folder, told, marks = Path(place), [], []
        (folder / "meta.json").write_text(json.dumps({"schema": SCHEMA, "name": "x", "begun": "2026-01-01"}))
        store, read_by = {"sqlite": (Database, DatabaseLog), "jsonl": (Journal, JournalLog)}[form]
        opened, follows = store(folder), read_by(folder)
        for time, action in enumerate(actions, 1):
            if isinstance(action, list):
                last = last_steps(told)
                pieces = [trace(piece, last) for piece in action]
                opened.write(Batch(float(time), pieces))
                told += pieces
            elif isinstance(action, float):
                del told[int(action * len(told)) :]
                opened.rewind(len(told), 0)
                marks = [mark for mark in marks if mark.pieces <= len(told)]
            else:
                opened.close()
                opened = store(folder)
            assert_as_told(follows, told, marks, most, level)
            assert_as_told(read_by(folder), told, marks, most, level)
            marks.append(follows.snapshot().mark)
        opened.close()


def test_of_a_long_journal_only_what_is_asked_for_is_read(tmp_path):
    with begun(tmp_path, form="jsonl", layers=False) as folder, patch.object(cover, "POINTS", 500):
        for first in range(0, 3000, 100):
            go_on(folder, first, first + 100, layers=False)
    journal = folder.path / "journal.jsonl"
    whole = JournalLog(folder.path).snapshot(4)
    lines = journal.read_bytes().splitlines(keepends=True)
    covers = [place for place, line in enumerate(lines) if line.startswith(b'{"covers":')]
    assert len(covers) == 10
    held = sum(map(len, lines[: covers[0]]))
    with journal.open(
        "r+b"
    ) as file:  # as if nobody could read the first lines: who does not ask for them does not notice
        file.write(b"\n".rjust(held))
    log = JournalLog(folder.path)
    for name, each in log.snapshot(4).series.items():
        assert each.mean.tolist() == whole.series[name].mean.tolist()
    assert log.buckets("penalty", 0, 1000, 1100).counts.tolist() == [1] * 101
    assert log.events() == whole.events


@pytest.mark.parametrize("claim", [b"[1,26]", b"[25,0]", b"[0,0]", b"{}", b"null"])
def test_a_line_that_says_what_cannot_be_of_the_lines_before_it_is_passed_over(tmp_path, claim):
    with begun(tmp_path, form="jsonl", layers=False) as folder, patch.object(cover, "POINTS", 5000):
        for first in range(0, 3000, 100):
            go_on(folder, first, first + 100, layers=False)
    journal = folder.path / "journal.jsonl"
    text = journal.read_bytes()
    assert text.count(b'{"covers":[0,25]') == 1
    journal.write_bytes(text.replace(b'{"covers":[0,25]', b'{"covers":' + claim))
    shot = JournalLog(folder.path).snapshot()
    for name, series in read(folder.path).series.items():
        assert_same(shot.series[name], series, shot.series[name].level)
    assert shot.mark.pieces == 30


def test_a_database_without_coarse_rows_shows_the_same(tmp_path):
    with begun(tmp_path, layers=False) as folder:
        for first in range(0, 3000, 100):
            go_on(folder, first, first + 100, layers=False)
    shots = [DatabaseLog(folder.path).snapshot(4)]
    with closing(sqlite3.connect(folder.path / "run.sqlite")) as database:
        database.execute("DROP TABLE coarse")
    shots.append(DatabaseLog(folder.path).snapshot(4))
    trace = read(folder.path)
    for name in ("penalty", "validation_penalty"):
        for shot in shots:
            assert_same(shot.series[name], trace[name], shot.series[name].level)
