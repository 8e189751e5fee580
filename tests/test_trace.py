"""Laws of the trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.trace import Event, Series, Trace, joined

columns = st.dictionaries(st.sampled_from("abc"), st.lists(st.floats(), max_size=4))


def piece(values, first):
    series = {name: Series(range(first, first + len(column)), column) for name, column in values.items()}
    return Trace(series, (Event(first, "piece", f"from {first}"),))


def told(trace):
    columns = {name: (s.steps.tolist(), [repr(v) for v in s.values.tolist()]) for name, s in trace.series.items()}
    return columns, trace.events


@given(columns, columns, columns)
def test_joining_is_associative(a, b, c):
    x, y, z = piece(a, 0), piece(b, 10), piece(c, 20)
    assert told(joined([joined([x, y]), z])) == told(joined([x, joined([y, z])])) == told(joined([x, y, z]))


def test_joining_keeps_every_value_and_event_in_order():
    whole = joined([piece({"a": [1.0, float("nan")]}, 0), piece({"b": [3.0]}, 2), piece({"a": [2.0]}, 3)])
    assert whole["a"].steps.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(whole["a"].values, [1.0, np.nan, 2.0])
    assert [event.step for event in whole.events] == [0, 2, 3]


def test_a_column_that_was_never_recorded_is_empty():
    assert len(Trace()["penalty"]) == 0
    assert len(joined([])["penalty"]) == 0


def test_the_latest_event_of_a_kind_is_found():
    trace = Trace(events=(Event(1, "best", "a"), Event(2, "best", "b"), Event(3, "finished", "c")))
    assert trace.last("best") == Event(2, "best", "b")
    assert trace.last("failed") is None


@pytest.mark.parametrize(("steps", "values", "words"), [([0], [1, 2], "equal lengths"), ([2, 1], [1, 2], "fall")])
def test_a_series_that_is_none_is_refused(steps, values, words):
    with pytest.raises(InvalidValue, match=words):
        Series(steps, values)


def test_a_step_without_a_value_is_a_key_error():
    series = Series([1, 3], [0.5, 0.25])
    assert series.at(3) == 0.25
    with pytest.raises(KeyError):
        series.at(2)
