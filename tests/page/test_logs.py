"""Laws of logs: both forms tell the same, a mark is followed by what is new and nothing else, and a rewind is noticed."""

import numpy as np
import pytest
from page.shelves import FORMS, SPIKE, begun, finished, go_on

from surefoot.page.library import Library
from surefoot.page.log import Mark
from surefoot.page.log_database import DatabaseLog
from surefoot.page.log_lines import JournalLog, StillLog
from surefoot.records.reading import read
from surefoot.trace import Event, Series, Trace


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
