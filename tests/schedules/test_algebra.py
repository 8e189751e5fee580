"""The laws of `>>`, `*`, `over` and of calling with arrays, over schedules of every shape, nested to any depth."""

import math

import numpy as np
import pytest
from drawn import durations, phases, schedules, sized_schedules
from hypothesis import assume, given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.schedules import Schedule, constant, cosine, inverse_sqrt, linear, one_cycle, restarts, warmup, wsd

single_steps = st.integers(0, 500)


def sized(schedule, run):
    """A schedule over a run, or nothing where that is refused."""
    try:
        return schedule.over(steps=run)
    except InvalidValue:
        return None


def multiplied(first, second):
    """A product, or nothing where its values could be too large for a float, the one reason to refuse it."""
    try:
        return first * second
    except InvalidValue:
        return None


def lengths(schedule):
    """The length of every phase in a schedule and in the factors of its products."""
    for shape, steps, _, knobs in schedule.phases:
        yield steps
        for factor in knobs if shape == "product" else ():
            yield from lengths(Schedule(factor))


@given(sized_schedules, sized_schedules, single_steps)
def test_a_joined_schedule_runs_first_as_the_one_alone_and_then_as_the_other(first, second, step):
    whole = first >> second
    assert whole(min(step, first.steps - 1)) == first(min(step, first.steps - 1))
    assert whole(first.steps + step) == second(step)


@given(sized_schedules, sized_schedules, sized_schedules)
def test_joining_is_associative_whatever_is_joined(first, second, third):
    assert (first >> second) >> third == first >> (second >> third)


@given(sized_schedules, sized_schedules, single_steps)
def test_a_product_has_the_product_of_the_values(first, second, step):
    both = multiplied(first, second)
    assume(both is not None)
    assert both(step) == pytest.approx(first(step) * second(step), rel=1e-14)
    assert both.steps == max(first.steps, second.steps)


@given(schedules, schedules, schedules)
def test_multiplying_is_associative(first, second, third):
    try:
        whole = (first * second) * third
    except InvalidValue:
        assume(False)
    assert whole == first * (second * third)


@given(schedules, schedules, st.integers(1, 10**4), single_steps)
def test_multiplying_is_commutative_in_value(first, second, run, step):
    try:
        one = (first * second).over(steps=run)
    except InvalidValue:
        assume(False)
    other = (second * first).over(steps=run)
    assert one(step) == pytest.approx(other(step), rel=1e-14)
    assert one.steps == other.steps


@given(schedules, schedules, st.integers(1, 10**4), single_steps)
def test_a_product_over_a_run_is_that_of_its_factors_each_over_that_run(first, second, run, step):
    alone = sized(first, run), sized(second, run)
    assume(None not in alone)
    both = multiplied(first, second)
    assume(both is not None)
    assert both.over(steps=run)(step) == pytest.approx(alone[0](step) * alone[1](step), rel=1e-14)


@given(schedules, st.integers(1, 10**4))
def test_over_gives_every_phase_a_step_at_least_and_the_run_no_more_than_it_has(schedule, run):
    whole = sized(schedule, run)
    assume(whole is not None)
    assert whole.known
    assert all(length >= 1 for length in lengths(whole))
    assert whole.steps <= run
    assert whole.over(steps=run + 7) == whole


@given(phases(durations, durations), phases(st.none(), durations), st.integers(2, 10**4), st.data())
def test_a_product_with_a_factor_that_takes_the_rest_fills_the_run_exactly(first, rest, run, data):
    beside = data.draw(schedules)
    try:
        whole = (first >> (beside * rest)).over(steps=run)
    except InvalidValue:
        assume(False)
    if first.steps is not None:
        assert whole.phases[0][1] == first.steps
    if None in [steps if share is None else share for _, steps, share, _ in rest.phases]:
        assert whole.steps == run


def test_a_factor_without_a_length_takes_the_products_span_and_the_other_holds():
    whole = (constant(0.5) >> linear() * constant(0.25, value=0.5)).over(steps=8)
    assert whole == constant(4) >> linear(4) * constant(2, value=0.5)
    assert whole(7) == 0.0
    whole = (constant(4) >> linear(2, to=0.5) * constant(4)).over(steps=8)
    assert [whole(step) for step in range(4, 9)] == [0.75, 0.5, 0.5, 0.5, 0.5]


def test_shares_in_a_product_are_shares_of_the_run_rounded_where_they_end():
    whole = (constant(0.25) >> linear(0.25) * constant(0.25)).over(steps=10)  # from 2.5 to 5
    assert whole == constant(3) >> linear(2) * constant(2)
    whole = ((warmup(0.25) >> linear(0.5)) * constant(0.5)).over(steps=10)
    assert whole == (warmup(3) >> linear(5)) * constant(5)


def test_a_product_makes_room_for_the_factor_of_the_most_phases():
    whole = ((constant(0.01) >> constant(0.01) >> constant(0.01)) * constant(0.02) >> linear()).over(steps=10)
    assert whole == (constant(1) >> constant(1) >> constant(1)) * constant(1) >> linear(7)
    assert (restarts(0.01, cycles=3) * constant(0.01) >> linear()).over(steps=10).phases[0][1] == 3


def test_what_can_go_on_for_ever_needs_no_length_at_the_end():
    for endless in (constant(), inverse_sqrt(10), (warmup(3) >> constant()) * inverse_sqrt(5)):
        schedule = warmup(5) >> endless
        assert schedule.known
        assert schedule.steps is None
        assert schedule(10**6) == endless(10**6 - 5)
        assert not (endless >> warmup(5)).known
    assert not inverse_sqrt(0.1).known
    assert not (inverse_sqrt(0.1, length=5) >> constant()).known


@given(sized_schedules | st.just(warmup(10) >> inverse_sqrt(10)), st.lists(st.integers(0, 10**5), max_size=20))
def test_an_array_of_steps_gives_exactly_what_each_step_does(schedule, steps):
    found = schedule(np.array(steps, dtype=np.int64))
    assert found.dtype == np.float64
    assert found.tolist() == [schedule(step) for step in steps]


def test_an_array_of_any_shape_and_integers_gives_one_of_that_shape():
    schedule = warmup(2) >> linear(2)
    assert schedule(np.arange(6, dtype=np.uint8).reshape(2, 3)).tolist() == [[0.5, 1.0, 0.5], [0.0, 0.0, 0.0]]
    assert schedule(np.arange(6).reshape(2, 3).T).tolist() == [[0.5, 0.0], [1.0, 0.0], [0.5, 0.0]]
    assert schedule(np.array(1)).shape == ()
    assert schedule(np.empty((0, 3), dtype=int)).shape == (0, 3)
    assert type(schedule(np.int64(1))) is float


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: linear(5)(np.array([0.5])), "the steps are an array of float64; steps are whole numbers"),
        (lambda: linear(5)(np.array([3, -1])), "the step is -1; the first step is 0"),
        (lambda: linear()(np.array([3])), "not yet a number of steps"),
        (lambda: (linear() * constant(5))(3), r"linear\(to=0.0\): not yet a number of steps"),
        (lambda: (linear() * constant(5)) >> cosine(), r"linear.* \* constant\(5\) and cosine.* have no length"),
        (lambda: constant(0.5) >> linear(0.6) * constant(0.1), "shares come to 1.1"),
        (lambda: constant(value=1e300) * constant(value=1e300), "multiply to more than a float holds"),
        (
            lambda: (constant(5) >> linear() * constant(6)).over(steps=10),
            "5 are left to .* one of whose factors takes 6",
        ),
        (lambda: (constant(5) >> linear() * constant(6)).over(steps=5), "nothing is left to the phase without"),
        (lambda: (wsd() * constant(11)).over(steps=10), "10 are left to .* takes 11; shorten it"),
        (lambda: (linear(0.5) * constant(11)).over(steps=10), "the run has 10 steps, and its phases.* take 11"),
    ],
)
def test_what_cannot_be_multiplied_or_called_is_refused_in_words(make, told):
    with pytest.raises(InvalidValue, match=told):
        make()


@pytest.mark.parametrize("other", [2, 0.5, "linear()", None])
def test_only_schedules_are_joined_and_multiplied(other):
    with pytest.raises(TypeError):
        linear() >> other
    with pytest.raises(TypeError):
        linear() * other


@given(st.permutations(range(60)))
def test_the_value_of_a_product_does_not_depend_on_earlier_calls(order):
    make = lambda: (one_cycle() * restarts(growth=1.5) * (warmup(0.1) >> inverse_sqrt(0.1))).over(steps=50)  # noqa: E731
    schedule, fresh = make(), [make()(step) for step in range(60)]
    assert {step: schedule(step) for step in order} == dict(enumerate(fresh))
    assert all(math.isfinite(value) for value in fresh)
