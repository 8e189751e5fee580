"""The laws of the picture: it fits, it is true, and it looks as it should."""

import pytest
from drawn import sized_schedules
from hypothesis import given
from hypothesis import strategies as st

from surefoot.schedules import constant, linear, parse, piecewise, warmup
from surefoot.schedules.axes import labels, ruler, scale
from surefoot.schedules.drawing import ASCII, picture, text_of, wrapped
from surefoot.training.schedule_figure import schedule_figure

PICTURE = """\
factor of the peak
1.00 ┤      ⢠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤
     │      ⢸             b
0.75 ┤⠤⠤⠤⠤⠤⠤⢼
     │      ⢸
0.50 ┤      ⠸⠤⠤⠤⠤⠤⠤⢄
     │       a     ⢸
0.25 ┤             ⠸⠤⠤⠤⠤⠤⠤⡄
     │                    ⡇
0.00 ┤                    ⠧⠤⠤⠤⠤⠤⠤
     └┬─────┬──────┬──────┬──────┬
step  0     1      2      3      4

a  linear(4, to=0.0)
b  warmup(2, start=0.5)"""


def test_a_picture_is_these_characters():
    assert text_of(picture([linear(4), warmup(2, start=0.5)], steps=4, width=40, height=9)) == PICTURE


@given(st.lists(sized_schedules, min_size=1, max_size=5), st.integers(1, 10**6), st.integers(40, 150))
def test_a_picture_fits_its_width_and_names_every_schedule(schedules, steps, width):
    lines = text_of(picture(schedules, steps=steps, width=width)).splitlines()
    plot = lines[: lines.index("")]
    assert max(map(len, plot)) <= width
    assert plot[-1].split()[-1] == str(steps)
    assert plot[-1].split()[0] == "step"
    told = " ".join(" ".join(lines[lines.index("") :]).split())
    assert all(str(schedule) in told for schedule in schedules)


@given(st.floats(1e-250, 1e250))
def test_an_axis_holds_the_greatest_value_and_wastes_no_more_than_a_third_of_its_height(greatest):
    top, parts = scale(greatest)
    assert greatest * (1 - 1e-8) <= top <= 1.5 * greatest
    assert 3 <= parts <= 5
    assert len(labels(top, parts)) == len(set(labels(top, parts))) == parts + 1


@given(st.integers(1, 10**9), st.integers(24, 200))
def test_the_numbers_under_the_axis_never_touch(steps, columns):
    line, numbers = ruler(steps, columns)
    assert len(line) == columns + 1
    assert len(numbers.split()) == line.count("┬")
    assert numbers.split()[0] == "0"
    assert list(map(int, numbers.split())) == sorted(map(int, numbers.split()))


def test_every_curve_but_a_single_one_has_its_letter_in_its_ink():
    lines = picture([linear(10), constant(10, value=0.2), warmup(9)], steps=10)
    plot = lines[: lines.index([])]
    letters = {span for line in plot[1:-1] for span in line if span.text in "abc" and span.ink is not None}
    assert letters == {("a", 0), ("b", 1), ("c", 2)}
    alone = picture([linear(10)], steps=10)
    assert not any(span.text.isalpha() for line in alone[1:-3] for span in line if span.ink is not None)


def test_a_step_size_is_what_the_axis_shows():
    lines = text_of(picture([linear(10, to=0.5)], steps=10, step_size=3e-3)).splitlines()
    assert lines[0] == "step size, of a peak of 0.003"
    assert lines[1].startswith("0.003 ┤")


def test_a_picture_has_a_form_of_ascii_alone():
    drawn = text_of(picture([linear(10), piecewise(5, 0.5).over(steps=10)], steps=10))
    assert drawn.translate(ASCII).isascii()


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e-301, 1e301, 1.7e308])
def test_the_smallest_and_the_largest_constants_can_be_drawn(value):
    assert "inf" not in text_of(picture([constant(5, value=value)], steps=5))


def test_a_long_text_breaks_before_its_signs():
    assert wrapped("linear(5) * linear(6) >> linear(7)", 22) == ["linear(5) * linear(6)", "  >> linear(7)"]


def test_the_figure_shows_each_schedule_with_its_text_and_the_step_size():
    first, second = warmup(500) >> linear(9500), parse("(warmup(5) >> constant()) * linear()").over(steps=10000)
    axes = schedule_figure([first, second], steps=10000, step_size=0.5).axes[0]
    assert [line.get_label().replace("\n ", "") for line in axes.lines] == [str(first), str(second)]
    steps, sizes = axes.lines[0].get_data()
    assert sizes[list(steps).index(499)] == 0.5
    assert (steps[0], steps[-1], axes.get_ylabel()) == (0, 10000, "step size")
