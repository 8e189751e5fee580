"""The laws of schedules."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.schedules import (
    Schedule,
    constant,
    cosine,
    inverse_sqrt,
    linear,
    one_cycle,
    parse,
    restarts,
    warmup,
)

steps = st.integers(1, 10**6)
shares = st.floats(0.0, 1.0, exclude_min=True)
fractions = st.floats(0.0, 1.0)
lengths = steps | shares
phases = st.one_of(
    st.builds(warmup, lengths, fractions),
    st.builds(constant, lengths, st.floats(0.0, 1e300)),
    st.builds(linear, lengths, fractions),
    st.builds(cosine, lengths, fractions),
)


def joined(parts: list[Schedule]) -> Schedule:
    whole, *rest = parts
    for part in rest:
        whole = whole >> part
    return whole


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (warmup(4), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]),
        (warmup(4, start=0.5), [0.625, 0.75, 0.875, 1.0, 1.0, 1.0]),
        (linear(4), [0.75, 0.5, 0.25, 0.0, 0.0, 0.0]),
        (linear(4, to=0.2), [0.8, 0.6, 0.4, 0.2, 0.2, 0.2]),
        (cosine(4), [(2 + math.sqrt(2)) / 4, 0.5, (2 - math.sqrt(2)) / 4, 0.0, 0.0, 0.0]),
        (cosine(4, to=0.5), [(6 + math.sqrt(2)) / 8, 0.75, (6 - math.sqrt(2)) / 8, 0.5, 0.5, 0.5]),
        (constant(4, value=0.3), [0.3] * 6),
        (warmup(2) >> linear(2), [0.5, 1.0, 0.5, 0.0, 0.0, 0.0]),
        (linear(1, to=0.5) >> linear(2), [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]),
        (warmup(1) >> constant(), [1.0] * 6),
    ],
    ids=str,
)
def test_the_first_steps_are_those_worked_out_by_hand(schedule, factors):
    assert [schedule(step) for step in range(6)] == pytest.approx(factors, abs=1e-15)


@given(steps, fractions)
def test_a_warm_up_is_never_0_and_ends_exactly_at_the_peak(length, start):
    schedule = warmup(length, start)
    assert schedule(0) > 0.0
    assert schedule(length - 1) == 1.0


@given(st.sampled_from([linear, cosine]), steps, fractions)
def test_a_decay_has_exactly_its_end_value_on_its_last_step_and_not_before(make, length, to):
    assert make(length, to)(length - 1) == to
    if to < 0.9 and 1 < length < 1000:
        assert make(length, to)(length - 2) > to


@given(phases.filter(lambda schedule: schedule.steps), st.integers(0, 10**9))
def test_after_its_end_a_schedule_holds_its_last_value(schedule, later):
    assert schedule(schedule.steps + later) == schedule(schedule.steps - 1)


@given(st.lists(steps, min_size=1, max_size=5), st.data())
def test_each_phase_of_a_join_runs_as_it_would_alone(sizes, data):
    parts = [data.draw(st.sampled_from([warmup, linear, cosine]))(size) for size in sizes]
    index = data.draw(st.integers(0, len(parts) - 1))
    step = data.draw(st.integers(0, sizes[index] - 1))
    assert joined(parts)(sum(sizes[:index]) + step) == parts[index](step)


@given(steps.map(linear), steps.map(warmup), st.floats(0.01, 1.0).map(cosine))
def test_joining_is_associative(first, second, third):
    assert (first >> second) >> third == first >> (second >> third)


@given(st.permutations(range(12)))
def test_a_value_does_not_depend_on_earlier_calls(order):
    schedule = warmup(3) >> cosine(5, to=0.1)
    fresh = [(warmup(3) >> cosine(5, to=0.1))(step) for step in range(12)]
    assert {step: schedule(step) for step in order} == dict(enumerate(fresh))


def test_one_step_and_the_whole_run_are_different_schedules():
    assert warmup(1) != warmup(1.0)
    assert warmup(1).over(steps=10).steps == 1
    assert warmup(1.0).over(steps=10).steps == 10


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.integers(8, 10**5))
def test_shares_that_sum_to_1_fill_the_run_exactly(weights, run):
    whole = joined([constant(weight / sum(weights)) for weight in weights]).over(steps=run)
    assert whole.steps == run
    assert all(length >= 1 for _, length, _, _ in whole.phases)


@given(st.lists(st.floats(0.001, 0.2), max_size=4), st.integers(1, 20), st.integers(1000, 10**6), st.data())
def test_a_phase_without_a_length_takes_exactly_the_rest(sizes, fixed, run, data):
    parts = [warmup(size) for size in sizes] + [linear(fixed)]
    at = data.draw(st.integers(0, len(parts)))
    whole = joined([*parts[:at], cosine(), *parts[at:]]).over(steps=run)
    assert whole.steps == run
    assert [length for shape, length, _, _ in whole.phases if shape == "linear"] == [fixed]
    for size, (_, length, _, _) in zip(sizes, [phase for phase in whole.phases if phase[0] == "warmup"], strict=True):
        assert abs(length - size * run) <= 1.0


def test_shares_are_taken_as_written_and_their_ends_rounded_halves_up():
    assert joined([constant(0.1)] * 10).over(steps=10) == joined([constant(1)] * 10)
    assert (warmup(0.25) >> linear()).over(steps=10) == warmup(3) >> linear(7)
    assert (warmup(0.3) >> linear()).over(steps=5) == warmup(2) >> linear(3)  # as a float 0.3 is less than 3/10
    assert (warmup(0.001) >> linear()).over(steps=10) == warmup(1) >> linear(9)
    assert (constant(0.9) >> linear(0.1)).over(steps=2) == constant(1) >> linear(1)


def test_over_leaves_a_schedule_of_known_steps_as_it_is():
    schedule = warmup(3) >> linear(7, to=0.5)
    assert schedule.over(steps=10) == schedule.over(steps=99) == schedule


@given(st.lists(phases, min_size=1, max_size=4))
def test_text_is_read_back_exactly(parts):
    try:
        schedule = joined(parts)
    except InvalidValue:  # the shares come to more than the run
        schedule = parts[0]
    assert parse(str(schedule)) == schedule
    assert str(parse(str(schedule))) == str(schedule)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (warmup(0.05) >> linear(), "warmup(5%) >> linear(to=0.0)"),
        ((warmup(0.05) >> linear()).over(steps=2000), "warmup(100) >> linear(1900, to=0.0)"),
        (warmup(10, start=0.1) >> cosine(0.07, to=0.1), "warmup(10, start=0.1) >> cosine(7%, to=0.1)"),
        (constant() >> constant(1 / 3, value=0.5), "constant() >> constant(33.33333333333333%, value=0.5)"),
        (warmup(1.0), "warmup(100%)"),
    ],
    ids=str,
)
def test_text_is_what_a_person_would_write(schedule, text):
    assert str(schedule) == text
    assert parse(text) == schedule


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("  warmup( 5 % )>>(linear()>>constant(1_0))", warmup(0.05) >> linear() >> constant(10)),
        ("warmup(0.05)", warmup(0.05)),
        ("warmup(length=.5%, start=10%)", warmup(0.005, start=0.1)),
        ("linear(100, 0.1)", linear(100, to=0.1)),
    ],
)
def test_what_python_would_read_is_read(text, schedule):
    assert parse(text) == schedule


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is no schedule"),
        ("warmup(5) >>", "'warmup(5) >>' is no schedule"),
        ("warmup(1_5%)", "is no schedule"),
        ("warmpu(5)", "warmpu(5) is no shape"),
        ("__import__('os').system('true')", "is no shape"),
        ("warmup(5) + linear()", "is no shape"),
        ("warmup()", "missing a required argument: 'length'"),
        ("linear(too=0.1)", "unexpected keyword argument 'too'"),
        ("linear(1, 2, 3)", "too many positional arguments"),
        ("linear(to=0.1, to=0.2)", "given twice"),
        ("linear(to=print)", "print is no number"),
        ("linear", "linear stands without brackets"),
        ("linear(to=(1, 2))", "to is (1, 2); it is a fraction"),
        ("linear((1, 2))", "length is (1, 2); it is an int"),
        ("linear(to=(1, print))", "print is no number"),
        ("linear(5) * 2", "2 is no shape"),
        ("linear(5) ** linear(5)", "is no shape"),
        ("linear(True)", "True is no number"),
        ("linear(*[1])", "is no number"),
        ("linear(**{'to': 1})", "is no number"),
        ("linear(-3)", "length is -3"),
        ("-" * 5000 + "1", "is no schedule"),
        ("warmup(1e99999999999999999999%)", "is no schedule"),
        ("constant(value=1" + "0" * 400 + ")", "it is a fraction of the peak, finite"),
    ],
)
def test_a_text_that_is_no_schedule_is_refused_in_words(text, told):
    with pytest.raises(InvalidValue) as refused:
        parse(text)
    assert told in str(refused.value)


def test_a_refused_shape_lists_those_that_there_are():
    with pytest.raises(InvalidValue, match="the shapes are warmup, constant, linear, cosine"):
        parse("exponentiel(10)")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: warmup(0), "length is 0; a number of steps is at least 1"),
        (lambda: warmup(0.0), "length is 0.0; a float is a share"),
        (lambda: linear(1.5), "length is 1.5; a float is a share"),
        (lambda: linear(math.nan), "length is nan"),
        (lambda: warmup(None), "length is None"),
        (lambda: warmup(-1, start=2.0), "length is -1.*; start is 2.0"),
        (lambda: linear(to=-0.1), "to is -0.1"),
        (lambda: cosine(to=1.1), "to is 1.1"),
        (lambda: constant(value=math.inf), "value is inf"),
        (lambda: constant() >> linear(), r"constant\(\) and linear\(to=0.0\) have no length"),
        (lambda: warmup(0.6) >> linear(0.6), "shares come to 1.2"),
        (lambda: Schedule(()), "no phase"),
        (lambda: linear()(0), r"linear\(to=0.0\): not yet a number of steps.*over"),
        (lambda: (warmup(5) >> linear())(0), "not yet a number of steps"),
        (lambda: (warmup(0.5) >> constant())(0), r"warmup\(50%\): not yet"),
        (lambda: (constant() >> linear(5))(0), r"constant\(\): not yet"),
        (lambda: warmup(5)(-1), "the step is -1; the first step is 0"),
        (lambda: warmup(50).over(steps=49), "the run has 49 steps, and its phases.* take 50"),
        (lambda: (warmup(0.5) >> linear(0.5)).over(steps=1), "take 2"),
        (lambda: (warmup(0.5) >> constant(6)).over(steps=10), "take 11"),
        (lambda: (warmup(10) >> linear()).over(steps=10), "nothing is left"),
        (lambda: constant().over(steps=0), "the run has 0 steps"),
    ],
)
def test_what_makes_no_schedule_is_refused_in_words(make, told):
    with pytest.raises(InvalidValue, match=told):
        make()


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_schedule_is_a_value(clone):
    schedule = (warmup(0.1) >> cosine(to=0.1)).over(steps=50)
    assert clone(schedule) == schedule
    assert hash(clone(schedule)) == hash(schedule)
    assert clone(schedule)(7) == schedule(7)
    with pytest.raises(AttributeError):
        schedule.phases = ()  # type: ignore[misc]


def test_numpys_numbers_make_the_same_schedule_as_pythons():
    schedule = warmup(np.int64(5)) >> linear(np.float64(0.5), to=np.float32(0.25))
    assert str(schedule) == "warmup(5) >> linear(50%, to=0.25)"
    assert warmup(5)(np.int64(1)) == 0.4


def scheduled(schedule):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)


def test_torchs_lambda_lr_takes_a_schedule_as_it_is():
    schedule = warmup(3) >> linear(5, to=0.1)
    optimizer, scheduler = scheduled(schedule)
    for step in range(12):
        assert optimizer.param_groups[0]["lr"] == 2.0 * schedule(step)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    "schedule",
    [warmup(3) >> linear(5, to=0.1), (one_cycle() * inverse_sqrt(0.1)).over(steps=50) >> restarts(9, drop=0.5)],
    ids=str,
)
def test_lambda_lr_saves_a_schedule_and_loads_it_back_as_weights_only(schedule):
    file = io.BytesIO()
    torch.save(scheduled(schedule)[1].state_dict(), file)
    file.seek(0)
    _, scheduler = scheduled(constant())
    scheduler.load_state_dict(torch.load(file))
    assert scheduler.lr_lambdas[0] == schedule
    assert scheduler.lr_lambdas[0](7) == schedule(7)
