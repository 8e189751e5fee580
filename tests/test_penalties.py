"""The facts of the penalties, as far as they need no net; tests/pytorch/test_penalties.py measures the others."""

import dataclasses
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.penalties import CROSS_ENTROPY, MEAN_SQUARED_ERROR, PENALTIES, Classes, Numbers

priors = st.lists(st.integers(0, 100), min_size=2, max_size=20).filter(any)


@given(st.floats(-1e3, 1e3), st.floats(0.0, 1e6))
def test_zero_outputs_cost_the_second_moment_and_the_best_constant_the_variance(mean, variance):
    targets = Numbers(mean, variance)
    assert MEAN_SQUARED_ERROR.at_start(targets) == variance + mean**2
    assert MEAN_SQUARED_ERROR.chance_level(targets) == variance


@given(st.integers(2, 1000))
def test_equal_classes_cost_ln_k_at_the_start_and_by_chance(count):
    assert CROSS_ENTROPY.at_start(Classes.equal(count)) == math.log(count)
    assert CROSS_ENTROPY.chance_level(Classes.equal(count)) == pytest.approx(math.log(count), rel=1e-12)


@given(priors)
def test_chance_lies_between_the_bound_and_the_start(counts):
    targets = Classes(tuple(count / sum(counts) for count in counts))
    chance = CROSS_ENTROPY.chance_level(targets)
    assert CROSS_ENTROPY.lower_bound <= chance <= CROSS_ENTROPY.at_start(targets) + 1e-12


def test_the_entropy_of_a_prior_is_that_worked_out_by_hand():
    assert Classes((0.5, 0.25, 0.25)).entropy == pytest.approx(1.5 * math.log(2), rel=1e-15)
    assert Classes((1.0, 0.0)).entropy == 0.0


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
def test_every_fact_is_stated_and_is_a_value(penalty):
    assert all(getattr(penalty, field.name) not in ("", None) for field in dataclasses.fields(penalty))
    assert pickle.loads(pickle.dumps(penalty)) == penalty
    assert hash(penalty) == hash(pickle.loads(pickle.dumps(penalty)))
    assert penalty.tex.count("{") == penalty.tex.count("}")


def test_no_two_penalties_share_a_name():
    assert len({penalty.name for penalty in PENALTIES}) == len(PENALTIES)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Classes((1.0,)), "1 classes; there must be at least 2"),
        (lambda: Classes((1.5, -0.5)), "share -0.5"),
        (lambda: Classes((3.0, 1.0)), "sums to 4.0; divide counts by their sum"),
        (lambda: Classes((math.nan, 0.5)), "sums to nan"),
        (lambda: Classes((-2.0,)), "1 classes.*share -2.0.*sums to -2.0"),
        (lambda: Classes.equal(1), "count is 1"),
        (lambda: Numbers(math.nan, -1.0), "mean is nan.*variance is -1.0"),
    ],
)
def test_impossible_targets_are_refused_in_words(make, told):
    with pytest.raises(InvalidValue, match=told):
        make()
