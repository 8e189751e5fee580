"""The facts of the penalties, as far as they need no net; tests/pytorch/penalties/test_measured.py measures them."""

import dataclasses
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.penalties import (
    BINARY_CROSS_ENTROPY,
    CROSS_ENTROPY,
    FOCAL,
    HINGE,
    HUBER,
    KULLBACK_LEIBLER,
    MEAN_ABSOLUTE_ERROR,
    MEAN_SQUARED_ERROR,
    PENALTIES,
    POISSON,
    QUANTILE,
    Classes,
    Distributions,
    Labels,
    Numbers,
    binary_cross_entropy,
    cross_entropy,
    focal,
    huber,
    quantile,
)

priors = st.lists(st.integers(0, 100), min_size=2, max_size=20).filter(any)
samples = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30).map(Numbers.of)
shares = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5).map(tuple).map(Labels)


def prior_of(counts):
    return Classes(tuple(count / sum(counts) for count in counts))


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
    targets = prior_of(counts)
    chance = CROSS_ENTROPY.chance_level(targets)
    assert CROSS_ENTROPY.lower_bound <= chance <= CROSS_ENTROPY.at_start(targets) + 1e-12


@given(samples)
def test_of_numbers_chance_lies_between_the_bound_and_the_start(targets):
    for penalty in (MEAN_SQUARED_ERROR, MEAN_ABSOLUTE_ERROR, HUBER, QUANTILE, quantile((0.1, 0.9)), huber(30.0)):
        start = penalty.at_start(targets)
        assert penalty.lower_bound <= penalty.chance_level(targets) <= start * (1 + 1e-9) + 1e-12


@given(shares)
def test_of_labels_chance_lies_between_the_bound_and_the_start(targets):
    for penalty in (BINARY_CROSS_ENTROPY, HINGE, binary_cross_entropy(7.0)):
        assert penalty.lower_bound <= penalty.chance_level(targets) <= penalty.at_start(targets) + 1e-12


@given(st.lists(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), min_size=1, max_size=10))
def test_of_distributions_chance_lies_between_the_bound_and_the_start(rows):
    targets = Distributions.of([[share / math.fsum(row) for share in row] for row in rows])
    assert 0.0 <= KULLBACK_LEIBLER.chance_level(targets) <= KULLBACK_LEIBLER.at_start(targets) + 1e-12


@settings(max_examples=20)
@given(priors, st.sampled_from([0.3, 1.0, 2.0, 5.0]))
def test_the_focal_chance_lies_below_the_start_and_below_that_of_the_cross_entropy(counts, gamma):
    targets = prior_of(counts)
    chance = focal(gamma).chance_level(targets)
    assert 0.0 <= chance <= focal(gamma).at_start(targets) + 1e-12
    assert chance <= CROSS_ENTROPY.chance_level(targets) + 1e-12


@settings(max_examples=20)
@given(priors)
def test_the_focal_facts_of_gamma_0_are_those_of_the_cross_entropy(counts):
    targets = prior_of(counts)
    assert focal(0.0).at_start(targets) == pytest.approx(CROSS_ENTROPY.at_start(targets), rel=1e-12)
    assert focal(0.0).chance_level(targets) == pytest.approx(CROSS_ENTROPY.chance_level(targets), rel=1e-12)
    assert focal(1e-9).chance_level(targets) == pytest.approx(CROSS_ENTROPY.chance_level(targets), rel=1e-6, abs=1e-12)


@given(samples)
def test_the_facts_of_the_median_are_half_those_of_the_absolute_error(targets):
    assert QUANTILE.at_start(targets) == pytest.approx(MEAN_ABSOLUTE_ERROR.at_start(targets) / 2)
    chance = MEAN_ABSOLUTE_ERROR.chance_level(targets) / 2
    assert QUANTILE.chance_level(targets) == pytest.approx(chance, rel=1e-9, abs=1e-12)


@given(samples)
def test_a_wide_huber_penalty_is_half_the_squared_error(targets):
    assert huber(1e4).at_start(targets) == pytest.approx(MEAN_SQUARED_ERROR.at_start(targets) / 2, rel=1e-9)
    chance = MEAN_SQUARED_ERROR.chance_level(targets) / 2
    assert huber(1e4).chance_level(targets) == pytest.approx(chance, rel=1e-6, abs=1e-9)


@given(samples)
def test_a_narrow_huber_penalty_is_delta_times_the_absolute_error(targets):
    chance = MEAN_ABSOLUTE_ERROR.chance_level(targets)
    assert huber(1e-6).chance_level(targets) / 1e-6 == pytest.approx(chance, rel=1e-6, abs=1e-5)


def test_balanced_class_weights_make_chance_ln_k():
    balanced = cross_entropy(class_weights=(1 / 0.7, 1 / 0.2, 1 / 0.1))
    assert balanced.chance_level(Classes((0.7, 0.2, 0.1))) == pytest.approx(math.log(3), rel=1e-12)
    assert balanced.at_start(Classes((0.7, 0.2, 0.1))) == math.log(3)


def test_counts_without_events_cost_nothing_by_chance():
    assert POISSON.chance_level(Numbers(0.0, 0.0)) == 0.0
    assert POISSON.chance_level(Numbers(math.e, 1.0)) == pytest.approx(0.0, abs=1e-15)


def test_the_entropy_of_a_prior_is_that_worked_out_by_hand():
    assert Classes((0.5, 0.25, 0.25)).entropy == pytest.approx(1.5 * math.log(2), rel=1e-15)
    assert Classes((1.0, 0.0)).entropy == 0.0


@pytest.mark.parametrize(
    "penalty",
    [*PENALTIES.values(), huber(2.0), quantile((0.1, 0.9)), cross_entropy((1.0, 2.0), 0.1), focal(1.0, (1.0, 2.0))],
    ids=lambda penalty: penalty.name,
)
def test_every_fact_is_stated_and_is_a_value(penalty):
    assert all(getattr(penalty, field.name) not in ("", None) for field in dataclasses.fields(penalty))
    assert pickle.loads(pickle.dumps(penalty)) == penalty
    assert hash(penalty) == hash(pickle.loads(pickle.dumps(penalty)))
    assert penalty.tex.count("{") == penalty.tex.count("}")
    assert penalty.formula.count("(") == penalty.formula.count(")")
    assert "\\" not in penalty.formula
    assert penalty.says.endswith(".")


def test_no_two_penalties_share_a_name():
    assert len({penalty.name for penalty in PENALTIES.values()}) == len(PENALTIES) == 10


def test_every_penalty_stands_under_its_key():
    assert all(key == penalty.key and key.isidentifier() for key, penalty in PENALTIES.items())


def test_constants_are_part_of_the_value_and_the_defaults_are_the_usual_ones():
    assert huber(1.0) == HUBER != huber(2.0)
    assert quantile((0.5,)) == QUANTILE != quantile((0.1, 0.9))
    assert cross_entropy() == CROSS_ENTROPY != cross_entropy(label_smoothing=0.1)
    assert binary_cross_entropy(1.0) == BINARY_CROSS_ENTROPY != binary_cross_entropy((1.0, 2.0))
    assert focal(2.0) == FOCAL != focal(2.0, (1.0, 2.0))


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: huber(0.0), "Huber: delta is 0.0; it must be finite and above 0"),
        (lambda: huber(math.nan), "delta is nan"),
        (lambda: quantile(()), "level is empty"),
        (lambda: quantile((0.5, 1.0)), "level holds 1.0; it must be above 0 and below 1"),
        (lambda: quantile((0.9, 0.1)), "different levels in ascending order"),
        (lambda: quantile((0.5, 0.5)), "different levels"),
        (lambda: binary_cross_entropy(()), "positive_weight is empty"),
        (lambda: binary_cross_entropy((1.0, -2.0)), "positive_weight holds -2.0"),
        (lambda: cross_entropy((1.0, -1.0), 1.5), "class_weights hold -1.0.*label_smoothing is 1.5"),
        (lambda: cross_entropy((0.0, 0.0)), "not all of them 0"),
        (lambda: cross_entropy((1.0,)), "one for each class, two or more"),
        (lambda: focal(-1.0), "gamma is -1.0"),
        (lambda: MEAN_ABSOLUTE_ERROR.at_start(Numbers(0.0, 1.0)), "mean absolute error: only mean and variance.*Numbers.of"),
        (lambda: HUBER.chance_level(Numbers(0.0, 1.0)), "Huber penalty: only mean and variance"),
        (lambda: QUANTILE.chance_level(Numbers(0.0, 1.0)), "quantile penalty: only mean and variance"),
        (lambda: POISSON.at_start(Numbers(-1.0, 1.0)), "the mean is -1; counts are at least 0"),
        (lambda: POISSON.chance_level(Numbers.of([-1.0, 5.0])), "the least target is -1"),
        (lambda: cross_entropy((1.0, 2.0)).at_start(Classes.equal(3)) and cross_entropy((1.0, 2.0)).chance_level(Classes.equal(3)), "2 class weights and 3 classes"),
        (lambda: focal(2.0, (0.0, 1.0)).chance_level(Classes((1.0, 0.0))), "every class that occurs has weight 0"),
        (lambda: binary_cross_entropy((1.0, 2.0)).at_start(Labels((0.1, 0.2, 0.3))), "2 positive weights and 3 labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_words(ask, told):
    with pytest.raises(InvalidValue, match=told):
        ask()


def test_the_mean_of_the_columns_chance_levels_is_the_chance_of_all():
    columns = np.array([[0.0, 10.0], [2.0, 14.0]])
    each = [MEAN_SQUARED_ERROR.chance_level(Numbers.of(column)) for column in columns.T]
    assert np.mean(each) == np.mean((columns - columns.mean(0)) ** 2)
