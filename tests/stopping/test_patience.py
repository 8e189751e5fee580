"""The laws of stopping."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.stopping import Never, Patience

finite = st.lists(st.floats(-1e6, 1e6))
anything = st.lists(st.floats())


@pytest.mark.parametrize("checks", [1, 2, 10])
def test_patience_is_the_number_of_bad_checks(checks):
    judge = Patience(checks=checks)
    values = [1.0] + [2.0] * checks
    assert not judge.verdict(values[:-1]).stop
    assert judge.verdict(values).stop
    assert judge.verdict(values).bad_checks == checks


def test_an_equal_value_is_no_gain():
    assert Patience(checks=3).verdict([1.0, 1.0, 1.0, 1.0]).stop


@given(finite)
def test_the_best_is_the_truly_best_and_the_earliest_of_equals(values):
    best = Patience(margin=1e9).verdict(values).best
    assert best == (values.index(min(values)) if values else None)


def test_the_best_may_lie_inside_the_margin():
    verdict = Patience(checks=2, margin=0.1).verdict([1.0, 0.95, 0.96])
    assert (verdict.stop, verdict.best, verdict.bad_checks) == (True, 1, 2)


def test_small_gains_add_up_to_one():
    falling = [1.0, 0.9375, 0.875, 0.8125, 0.75, 0.6875]
    assert [Patience(margin=0.1).verdict(falling[:n]).bad_checks for n in range(1, 7)] == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_relative_margin_is_of_the_size_whatever_the_sign(sign):
    start = 100.0 * sign
    judge = Patience(relative=0.01)
    assert judge.verdict([start, start - 0.5]).bad_checks == 1
    assert judge.verdict([start, start - 1.5]).bad_checks == 0


def test_the_larger_margin_counts():
    assert Patience(margin=2.0, relative=0.01).verdict([100.0, 98.5]).bad_checks == 1
    assert Patience(margin=0.1, relative=0.03).verdict([100.0, 98.5]).bad_checks == 1
    assert Patience(margin=0.1, relative=0.01).verdict([100.0, 98.5]).bad_checks == 0


@given(anything, st.sampled_from(["stop", "bad"]))
def test_the_verdict_for_min_is_that_for_max_on_the_negatives(values, nonfinite):
    low = Patience(checks=3, margin=0.5, relative=0.1, goal="min", nonfinite=nonfinite).verdict(values)
    high = Patience(checks=3, margin=0.5, relative=0.1, goal="max", nonfinite=nonfinite).verdict([-v for v in values])
    assert (low.stop, low.best, low.bad_checks) == (high.stop, high.best, high.bad_checks)


@given(anything)
def test_the_same_values_give_the_same_verdict_and_are_left_alone(values):
    judge, before = Patience(checks=2), list(map(str, values))
    assert judge.verdict(values) == judge.verdict(tuple(values)) == Patience(checks=2).verdict(values)
    assert list(map(str, values)) == before


@given(anything)
def test_a_value_that_is_not_finite_is_never_the_best(values):
    for judge in (Patience(), Patience(goal="max"), Never(), Never(goal="max")):
        best = judge.verdict(values).best
        assert best is None if not any(map(math.isfinite, values)) else math.isfinite(values[best])


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("goal", ["min", "max"])
def test_a_value_that_is_not_finite_stops_at_once_and_is_named(broken, goal):
    verdict = Patience(goal=goal).verdict([1.0, broken])
    assert (verdict.stop, verdict.best, verdict.bad_checks) == (True, 0, 1)
    assert f"check 1 gave {broken}" in verdict.reason
    assert "1 of 2 checks were not finite" in verdict.reason


def test_a_value_that_is_not_finite_can_count_as_one_bad_check():
    judge = Patience(checks=2, nonfinite="bad")
    assert not judge.verdict([1.0, math.nan]).stop
    assert judge.verdict([1.0, math.nan, math.nan]).stop
    assert judge.verdict([math.nan, 1.0]).bad_checks == 0
    assert "1 of 2 checks were not finite" in judge.verdict([math.nan, 1.0]).reason


def test_no_checks_and_no_finite_check_are_said_plainly():
    assert Patience().verdict([]).reason == "Go on: no check has been made yet."
    assert Never().verdict([]).best is None
    assert "no check has given a finite value" in Patience().verdict([math.nan]).reason


def test_reasons_are_sentences():
    judge = Patience(checks=2)
    assert judge.verdict([3.0]).reason == "Go on: the latest check brought a gain; the best is 3 at check 0."
    assert judge.verdict([3.0, 4.0]).reason == "Go on: 1 of 2 bad checks; the best is 3 at check 0."
    assert judge.verdict([3.0, 4.0, 5.0]).reason == "Stop: 2 checks in a row brought no gain; the best is 3 at check 0."
    assert Patience(checks=1).verdict([1.0, 2.0]).reason.startswith("Stop: 1 check brought no gain")


@given(anything)
def test_never_never_stops(values):
    assert not Never().verdict(values).stop


def test_never_remembers_the_best():
    assert Never().verdict([3.0, 1.0, math.nan, 2.0]).best == 1
    assert Never(goal="max").verdict([3.0, 1.0, math.nan, 2.0]).best == 0


def test_all_faults_of_a_judge_are_told_at_once():
    with pytest.raises(InvalidValue, match=r"checks is 0.*margin is -1.*relative is nan.*goal is 'least'.*nonfinite"):
        Patience(checks=0, margin=-1.0, relative=math.nan, goal="least", nonfinite="no")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="goal is 'least'"):
        Never(goal="least")  # type: ignore[arg-type]
