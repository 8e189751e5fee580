"""Laws of what can be moved of a drawn schedule: the text that comes of it can be read, and all else stays."""

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.page.course_picture import picture
from surefoot.page.courses import EXAMPLES, Asked, courses
from surefoot.page.handles import handles, moved
from surefoot.page.rungs import length_at, rung, value_at, value_moves
from surefoot.page.spelling import calls, respelled
from surefoot.schedules import parse

TEXTS = (
    *EXAMPLES, "warmup(5%) >> cosine()", "warmup(100) >> constant() >> linear(20%)", "warmup(0.05) >> cosine(0.5, to=0.1)",
    "warmup(10) >> linear(20) >> constant(7, value=0.3)", "warmup(100) >> linear(60%, to=0.1) >> constant(value=0.1)",
    "linear(50%, to=10%)", "warmup(3.3%) >> piecewise(at=(30%, 60.5%), to=(0.5, 0.1))", "piecewise(at=(20, 40), factor=0.5)",
    "warmup(5%) >> restarts(cycles=3)", "wsd() * piecewise(at=50%, to=0.1)", "warmup(7) >> (linear() * constant(value=0.5))",
    "(warmup(5%) >> constant(20)) >> one_cycle(rise=30%, fall=20%)", "constant(40, value=2.5) >> exponential(to=0.001)",
    "warmup(12,) >> linear(30 % ,)", "warmup(.5%) >> cosine(1e1%)", "polynomial(30, 2.0, 0.2) >> power(10, 1.0, 20)",
)  # fmt: skip
RUNS = st.integers(120, 100_000)


@st.composite
def holds(draw):
    """A schedule over a run, and one of its handles."""
    text, steps, log = draw(st.sampled_from(TEXTS)), draw(RUNS), draw(st.booleans())
    found = handles(text, steps, log=log)
    assume(found)
    return text, steps, log, draw(st.sampled_from(found))


@given(holds())
def test_a_handle_that_is_moved_to_where_it_is_changes_nothing(hold):
    text, steps, log, handle = hold
    assert moved(text, handle.name, handle.at, steps, log=log) == text


@given(holds(), st.floats(-0.2, 1.2))
def test_what_comes_of_a_move_can_be_read_and_its_handles_are_the_same(hold, part):
    text, steps, log, handle = hold
    fresh = moved(text, handle.name, handle.least + part * (handle.most - handle.least), steps, log=log)
    assert parse(fresh).over(steps=steps).steps is not None or "restarts" in text
    assert [each.name for each in handles(fresh, steps, log=log)] == [
        each.name for each in handles(text, steps, log=log)
    ]


def lengths(text, steps):
    return [phase[1] for phase in parse(text).over(steps=steps).phases]


@given(holds(), st.floats(0.0, 1.0))
def test_where_two_phases_meet_only_they_change_and_their_sum_stays(hold, part):
    text, steps, log, handle = hold
    number = int(handle.name.split()[1])
    before = lengths(text, steps)
    assume(handle.way == "across" and number < len(before))
    after = lengths(moved(text, handle.name, handle.least + part * (handle.most - handle.least), steps, log=log), steps)
    assert sum(after) == sum(before)
    changed = [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if abs(a - b) > 1]
    assert {*changed} <= {number - 1, number}


@given(holds())
def test_a_handle_follows_the_hand_to_the_nearest_rung(hold):
    text, steps, log, handle = hold
    to = handle.least + 0.6 * (handle.most - handle.least)
    fresh = moved(text, handle.name, to, steps, log=log)
    assume(fresh != text)
    there = next(each for each in handles(fresh, steps, log=log) if each.name == handle.name)
    assert abs(there.at - to) <= (0.011 * max(1.0, to) if handle.way == "up" else max(1.0, 0.006 * steps) + 1)


@pytest.mark.parametrize("text", TEXTS)
def test_a_border_goes_as_far_as_its_limits_however_long_the_run(text):
    for steps in (300, 1000, 10_000_000):
        for handle in (each for each in handles(text, steps) if each.way == "across"):
            for limit in (handle.least, handle.most):
                fresh = moved(text, handle.name, limit, steps)
                there = next(each for each in handles(fresh, steps) if each.name == handle.name)
                assert abs(there.at - limit) <= 1 + 0.006 * steps, (fresh, limit)


@given(holds())
def test_each_key_leads_on_in_its_direction_and_no_key_beyond_the_limits(hold):
    text, steps, log, handle = hold
    less, more, far_less, far_more = handle.moves
    assert handle.least <= far_less <= less <= handle.at <= more <= far_more <= handle.most
    for to, sign in ((less, -1), (more, 1), (far_less, -1), (far_more, 1)):
        fresh = moved(text, handle.name, to, steps, log=log)
        there = next(each for each in handles(fresh, steps, log=log) if each.name == handle.name)
        assert sign * (there.at - handle.at) >= 0
        if handle.way == "across" and abs(to - handle.at) >= 1 and handle.least + 1 < to < handle.most - 1:
            assert sign * (there.at - handle.at) > 0, (fresh, to)


@given(holds(), st.floats(0.0, 1.0))
def test_numbers_keep_their_units_and_are_such_as_a_person_writes(hold, part):
    text, steps, log, handle = hold
    fresh = moved(text, handle.name, handle.least + part * (handle.most - handle.least), steps, log=log)
    for old, new in zip(calls(text), calls(fresh), strict=True):
        for name, numbers in old.numbers.items() if old else ():
            assert [(n.unit, n.percent) for n in numbers] == [(n.unit, n.percent) for n in new.numbers[name]]
    assert all(len(each) <= 7 for each in re.findall(r"[\d.]+", fresh) if each not in text)


@pytest.mark.parametrize(
    ("text", "name", "to", "fresh"),
    [
        ("warmup(5%) >> cosine()", "end 1", 103, "warmup(10.5%) >> cosine()"),
        ("warmup(0.05) >> cosine()", "end 1", 100, "warmup(0.1) >> cosine()"),
        ("warmup(50) >> cosine()", "end 1", 103, "warmup(105) >> cosine()"),
        ("warmup(50) >> constant() >> linear(20%)", "end 2", 700, "warmup(50) >> constant() >> linear(30%)"),
        ("warmup(100) >> linear(90%)", "end 1", 200, "warmup(200) >> linear(80%)"),
        ("warmup(100) >> linear(400)", "end 1", 203, "warmup(205) >> linear(295)"),
        ("linear(50%)", "end 1", 702, "linear(70%)"),
        ("wsd()", "end 2", 700, "wsd(cooldown=30%)"),
        ("wsd(10%)", "end 1", 51, "wsd(5%)"),
        ("piecewise(at=(30%, 60%), factor=0.1)", "end 2", 500, "piecewise(at=(30%, 50%), factor=0.1)"),
        ("warmup(5%) >> piecewise(at=(30%, 60%), factor=0.1)", "end 1", 100, "warmup(10%) >> piecewise(at=(25%, 55%), factor=0.1)"),
        ("piecewise(at=50%, to=0.5)", "value 2", 0.251, "piecewise(at=50%, to=0.25)"),
        ("one_cycle()", "start 1", 0.1, "one_cycle(start=0.1)"),
        ("linear(to=10%)", "to 1", 0.2, "linear(to=20%)"),
        ("constant()", "value 1", 0.5, "constant(value=0.5)"),
        ("warmup(5%) >> cosine()", "end 1", -99, "warmup(0.1%) >> cosine()"),
        ("warmup(5%) >> cosine()", "to 2", 99, "warmup(5%) >> cosine(to=1.0)"),
    ],
)  # fmt: skip
def test_a_text_is_rewritten_as_a_person_would(text, name, to, fresh):
    assert moved(text, name, to, 1000) == fresh


@pytest.mark.parametrize(
    "text",
    [
        "restarts()", "wsd() * constant(value=0.5)", "linear(50%) * cosine(20%)", "nonsense(", "", "warmup(5%)\n>> cosine()",
        "warmup(200%)", "restarts(50%)", "exponential(half_life=10%)", "inverse_sqrt(10%)",
    ],
)  # fmt: skip
def test_what_has_no_border_and_states_no_value_has_no_handle(text):
    assert handles(text, 1000) == ()


def test_phases_whose_lengths_cannot_change_have_no_border():
    assert [each.name for each in handles("linear(50%) >> restarts(20%) >> constant()", 1000)] == ["to 1", "value 3"]
    assert [each.name for each in handles("linear(10%) >> (linear(50%) * constant())", 1000)] == ["end 1", "to 1"]
    mixed = "warmup(50) >> piecewise(at=(30%, 60%), factor=0.1)"  # its places would have to move by broken shares
    assert [each.name for each in handles(mixed, 1000)] == ["end 2", "end 3", "start 1"]
    three = "warmup(5%) >> constant(20) >> linear(10%)"
    assert [each.name for each in handles(three, 1000)] == ["end 3", "start 1", "value 2", "to 3"]
    assert "end 3" not in {each.name for each in handles("wsd()", 1000)}  # it ends where the run does


def test_a_handle_that_is_not_there_is_refused_in_words():
    with pytest.raises(InvalidValue, match="no handle 'end 9'; there are end 1, start 1, to 2"):
        moved("warmup(5%) >> cosine()", "end 9", 3, 1000)
    with pytest.raises(InvalidValue, match="moved to nan"):
        moved("warmup(5%) >> cosine()", "end 1", float("nan"), 1000)


def test_handles_say_where_they_are():
    told = [each.says for each in handles("warmup(5%) >> constant(value=0.8) >> linear(20%, to=0.1)", 1000)]
    assert told == [
        "warm-up ends at step 50 of 1,000", "constant ends at step 800 of 1,000", "warm-up sets out from 0 of the peak",
        "constant stays at 0.8 of the peak", "linear ends at 0.1 of the peak",
    ]  # fmt: skip


@given(st.decimals(Decimal("0.1"), Decimal(100), places=1), RUNS, st.sampled_from(["steps", "share"]))
def test_a_length_on_a_rung_stays_and_rungs_are_round(amount, steps, unit):
    near = length_at(amount, unit, steps)
    assert length_at(near, unit, steps) == near
    each = rung(near, unit, steps)
    assert each.normalize().as_tuple().digits in ((1,), (2,), (5,))
    assert near % each == 0


@given(st.floats(0.0, 5.0), st.booleans())
def test_a_value_has_two_digits_and_stays(value, log):
    near = value_at(value, log=log)
    assert value_at(float(near), log=log) == near
    assert near == 0 or len(near.normalize().as_tuple().digits) <= 2
    less, more, far_less, far_more = value_moves(float(near), log=log)
    assert far_less <= less <= near <= more <= far_more


def test_numbers_are_found_where_they_stand():
    text = "warmup( 5 % ,start = .1) >> linear(100, to=1e-2)"
    warm, fall = calls(text)
    for number in (
        warm.numbers["length"][0],
        warm.numbers["start"][0],
        fall.numbers["length"][0],
        fall.numbers["to"][0],
    ):
        assert respelled(text, [(number, number.amount)]).count("%") == 1
        assert parse(respelled(text, [(number, number.amount)])) == parse(text)


@pytest.mark.parametrize("text", TEXTS)
def test_handles_lie_on_the_curve(text):
    asked = Asked((text,), 1000, 0.002, log=False)
    (course,), drawn = courses(asked)
    given_ = parse(text).over(steps=1000)
    for handle in course.handles:
        if handle.name.startswith(("to", "value")):
            assert 0.002 * given_(int(handle.step) - 1) == pytest.approx(0.002 * handle.at, abs=1e-12)
    assert drawn.sides(0.002)
    assert drawn.grips(course.handles, 0.002).count('"name"') == len(course.handles)


def test_the_axis_may_grow_under_a_hand_and_does_not_shrink():
    (_,), free = courses(Asked(("constant(value=0.5)",), 100, 1.0, log=False))
    held = picture(free.lines, 100, log=False, held=(0.0, 2.0))
    assert (free.up.high < 1.0, held.up.high, held.up.low) == (True, 2.0, 0.0)
    deep = picture(courses(Asked(("linear(to=0.1)",), 100, 1.0, log=True))[1].lines, 100, log=True, held=(1e-3, 0.5))
    assert deep.up.low == 1e-3
    assert deep.up.high > 1.0
    assert picture(free.lines, 100, log=True, held=(-1.0, 2.0)).up.low > 0


def test_borders_stand_in_order():
    for text in TEXTS:
        ends = [each.at for each in handles(text, 5000) if each.way == "across"]
        assert all(a < b for a, b in pairwise(ends)), text
