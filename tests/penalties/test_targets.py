"""What is known of targets: made from a sample it is what was counted, and what cannot be is refused."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.penalties import Classes, Distributions, Labels, Numbers


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_a_sample_of_numbers_keeps_its_moments_and_its_values_in_order(values):
    made = Numbers.of(values)
    assert made.mean == pytest.approx(np.mean(values))
    assert made.variance == pytest.approx(np.var(values))
    assert list(made.ordered) == sorted(values)
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_sample_is_not_the_same_as_its_moments():
    assert Numbers.of([1.0, 5.0]) != Numbers(3.0, 4.0)
    assert repr(Numbers.of(range(10_000))) == "Numbers(mean=4999.5, variance=8333333.25)"


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50))
def test_a_sample_of_classes_gives_their_shares(found):
    prior = Classes.of(found, count=10).prior
    assert prior == tuple(found.count(k) / len(found) for k in range(10))


def test_classes_are_as_many_as_the_highest_id_says_but_never_fewer_than_two():
    assert Classes.of([[0, 2], [2, 2]]).prior == (0.25, 0.0, 0.75)
    assert Classes.of([0, 0]).prior == (1.0, 0.0)


def test_weights_change_what_each_class_counts():
    assert Classes((0.75, 0.25)).weighted((1.0, 3.0)).prior == (0.5, 0.5)
    assert Classes((0.75, 0.25)).weighted(()).prior == (0.75, 0.25)


def test_labels_are_counted_by_column_and_may_be_shares_themselves():
    assert Labels.of([0, 1, 1, 1]).shares == (0.75,)
    assert Labels.of([[0.0, 0.5], [1.0, 0.5]]).shares == (0.5, 0.5)


def test_distributions_keep_their_mean_and_their_mean_entropy():
    made = Distributions.of([[0.5, 0.5], [1.0, 0.0]])
    assert made.prior == (0.75, 0.25)
    assert made.entropy == pytest.approx(math.log(2) / 2)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Classes((1.0,)), "1 classes; there must be at least 2"),
        (lambda: Classes((1.5, -0.5)), "share -0.5"),
        (lambda: Classes((3.0, 1.0)), "sums to 4.0; divide counts by their sum"),
        (lambda: Classes((math.nan, 0.5)), "sums to nan"),
        (lambda: Classes((-2.0,)), "1 classes.*share -2.0.*sums to -2.0"),
        (lambda: Classes.equal(1), "count is 1"),
        (lambda: Classes.of([]), "ids are empty"),
        (lambda: Classes.of([0.0, 1.0]), "ids are float64; class ids are integers"),
        (lambda: Classes.of([0, -100]), "ids hold -100; class ids start at 0"),
        (lambda: Classes.of([1, 2, 3], count=3), "ids hold 3; 3 classes have ids from 0 to 2"),
        (lambda: Numbers(math.nan, -1.0), "mean is nan.*variance is -1.0"),
        (lambda: Numbers.of([]), r"shape \(0,\); give one column at a time, at least one number"),
        (lambda: Numbers.of([[1.0, 2.0]]), r"shape \(1, 2\); give one column at a time"),
        (lambda: Numbers.of([1.0, math.inf]), "1 NaN or infinity"),
        (lambda: Labels(()), "shares are empty"),
        (lambda: Labels((0.5, 1.5)), "shares hold 1.5"),
        (lambda: Labels.of([-1, 1]), r"targets run from -1 to 1.*give \(targets \+ 1\) / 2"),
        (lambda: Labels.of([]), r"shape \(0,\); give an array \[n\] or \[n, K\]"),
        (lambda: Labels.of([math.nan]), "hold NaN or infinity"),
        (lambda: Distributions((0.5, 0.5), 0.7), "entropy is 0.7; it lies from 0 to 0.693147"),
        (lambda: Distributions((0.5, 0.6), 0.1), "prior sums to 1.1"),
        (lambda: Distributions.of([0.5, 0.5]), r"give an array \[n, K\]"),
        (lambda: Distributions.of([[0.5, 0.6]]), "do not sum to 1"),
        (lambda: Distributions.of([[1.5, -0.5]]), "a negative number"),
    ],
)
def test_impossible_targets_are_refused_in_words(make, told):
    with pytest.raises(InvalidValue, match=told):
        make()
