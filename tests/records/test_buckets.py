"""Laws of buckets: however coarse, nothing that stands out is lost, and levels are made of those below."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.records.buckets import merged, none, of_points, packed, unpacked

POINTS = st.lists(
    st.tuples(st.integers(0, 5000), st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])),
    min_size=1,
    max_size=80,
)


def columns(points):
    ordered = sorted(points, key=lambda point: point[0])
    return [step for step, _ in ordered], [value for _, value in ordered]


def same(one, other):
    assert (one.level, one.ids.tolist(), one.counts.tolist(), one.bad.tolist()) == (
        other.level,
        other.ids.tolist(),
        other.counts.tolist(),
        other.bad.tolist(),
    )
    for name in ("least", "mean", "greatest"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-6)


@given(POINTS, st.integers(0, 6), st.integers(0, 6))
def test_a_level_is_made_of_the_one_below_as_of_the_points(points, low, more):
    steps, values = columns(points)
    same(of_points(steps, values, low).coarser(low + more), of_points(steps, values, low + more))


@given(POINTS, st.integers(0, 12))
def test_the_least_and_the_greatest_are_always_there(points, level):
    steps, values = columns(points)
    finite = [value for value in values if np.isfinite(value)]
    found = of_points(steps, values, level)
    assert found.counts.sum() == len(finite)
    assert found.bad.sum() == len(values) - len(finite)
    if finite:
        assert (np.nanmin(found.least), np.nanmax(found.greatest)) == (min(finite), max(finite))


def test_of_nothing_there_are_no_buckets():
    assert len(none(3)) == len(of_points([], [], 3)) == len(none().coarser(4)) == 0


@pytest.mark.parametrize("level", [0, 4])
def test_what_is_sent_are_small_numbers_in_few_bytes(level):
    found = of_points(np.arange(64), np.ones(64), level).to_json()
    assert found["level"] == level
    assert {len(found[name]) for name in ("ids", "mean", "least", "greatest", "counts", "bad")} == {
        -(-4 * (64 >> level) // 3) * 4
    }


@given(POINTS, st.lists(st.integers(0, 80), max_size=4), st.integers(0, 8), st.randoms())
def test_parts_of_a_column_come_to_what_the_whole_comes_to_in_any_order(points, cuts, level, chance):
    steps, values = columns(points)
    ends = [0, *sorted(min(cut, len(steps)) for cut in cuts), len(steps)]
    parts = [of_points(steps[a:b], values[a:b], chance.randrange(level + 1)) for a, b in pairwise(ends)]
    chance.shuffle(parts)
    same(merged(parts, level), of_points(steps, values, level))


@given(POINTS, st.integers(0, 6), st.integers(-10, 5000), st.integers(0, 5000))
def test_a_part_holds_the_buckets_between_two(points, level, first, more):
    found = of_points(*columns(points), level)
    there = [each for each in found.ids.tolist() if first <= each <= first + more]
    part = found.part(first, first + more)
    assert part.ids.tolist() == there
    assert part.counts.sum() == sum(found.counts[found.ids == each].sum() for each in there)


@given(st.lists(st.floats()))
def test_what_was_packed_is_unpacked_bit_by_bit(values):
    assert unpacked(packed(values, "<f8"), "<f8").tobytes() == np.array(values, "<f8").tobytes()


@pytest.mark.parametrize("text", ["*", "AAA", "AAAA"])
def test_what_holds_no_array_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        unpacked(text, "<f8")
