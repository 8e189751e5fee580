"""Laws of averages as weights of a sum, and tables worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.averaging import Exponential, Last, Tail, running_shares
from surefoot.errors import InvalidValue

AVERAGES = st.one_of(
    st.builds(Last, st.integers(1, 9)),
    st.builds(Exponential, st.floats(0.0, 0.999)),
    st.builds(Tail, st.floats(0.01, 1.0)),
)


@given(AVERAGES, st.integers(1, 60))
def test_the_shares_add_up_to_one_and_never_fall(average, seen):
    shares = average.shares(seen)
    assert shares.sum() == pytest.approx(1.0)
    assert (np.diff(shares) >= -1e-12).all()
    assert (shares >= 0.0).all()


@pytest.mark.parametrize(
    ("average", "table"),
    [
        (Last(2), [[1], [1 / 2, 1 / 2], [0, 1 / 2, 1 / 2], [0, 0, 1 / 2, 1 / 2]]),
        (Last(1), [[1], [0, 1], [0, 0, 1]]),
        # decay 1/2: 1, 2, 4, 8 by their sum
        (Exponential(0.5), [[1], [1 / 3, 2 / 3], [1 / 7, 2 / 7, 4 / 7], [1 / 15, 2 / 15, 4 / 15, 8 / 15]]),
        (Exponential(0.0), [[1], [0, 1]]),
        (Tail(1.0), [[1], [1 / 2, 1 / 2], [1 / 3, 1 / 3, 1 / 3]]),
        # power 1: enters with 2/(n+1), so 1, 2/3, 2/4: 1, 2, 3 by their sum
        (Tail(2 / 3), [[1], [1 / 3, 2 / 3], [1 / 6, 2 / 6, 3 / 6]]),
        # power 2: enters with 3/(n+2), so 1, 3/4, 3/5: 1, 3, 6 by their sum
        (Tail(1 / 2), [[1], [1 / 4, 3 / 4], [1 / 10, 3 / 10, 6 / 10]]),
    ],
)
def test_the_shares_are_those_worked_out_by_hand(average, table):
    for seen, row in enumerate(table, 1):
        np.testing.assert_allclose(average.shares(seen), row, atol=1e-15)


@given(st.integers(1, 40), st.integers(1, 7))
def test_the_tails_weights_are_binomial_coefficients(seen, power):
    """Enters with (power+1)/(n+power): the weight of snapshot k goes as k (k+1) ... (k+power-1)."""
    product = [Fraction(1)] * seen
    for k in range(seen):
        for j in range(power):
            product[k] *= k + 1 + j
    wanted = [float(p / sum(product)) for p in product]
    np.testing.assert_allclose(Tail(2 / (power + 2)).shares(seen), wanted, rtol=1e-9)


@given(st.floats(0.05, 1.0), st.integers(1, 200))
def test_the_tails_mean_age_is_half_its_share_of_the_snapshots(share, seen):
    ages = np.arange(seen)[::-1]
    assert Tail(share).shares(seen) @ ages == pytest.approx((seen - 1) * share / 2, abs=1e-9)


@given(st.floats(0.1, 0.99), st.integers(1, 30))
def test_the_exponential_mean_is_that_of_adam_with_its_bias_corrected(decay, seen):
    values = np.sin(np.arange(seen)) + 3.0
    biased = 0.0
    for value in values:
        biased = decay * biased + (1 - decay) * value
    assert Exponential(decay).shares(seen) @ values == pytest.approx(biased / (1 - decay**seen))


def test_a_short_run_has_nearly_the_plain_mean_of_a_long_memory():
    np.testing.assert_allclose(Exponential.over(1e6).shares(4), 0.25, rtol=1e-5)


def test_the_one_that_leaves_is_the_oldest_of_those_that_counted():
    assert [Last(3).leaves(seen) for seen in range(1, 6)] == [None, None, None, 0, 1]
    for seen in (4, 5):
        leaves = Last(3).leaves(seen)
        assert Last(3).shares(seen - 1)[leaves] > 0.0
        assert Last(3).shares(seen)[leaves] == 0.0


def test_the_entries_make_the_mean():
    values, mean = [3.0, -1.0, 7.0, 2.0], 0.0
    for seen, value in enumerate(values, 1):
        mean += Tail(0.4).entry(seen) * (value - mean)
    assert running_shares(Tail(0.4), 4) @ values == pytest.approx(mean)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Last(0), "last is 0; it is a number of snapshots"),
        (lambda: Last(2.5), r"last is 2\.5"),
        (lambda: Exponential(1.0), r"decay is 1\.0; it must be at least 0 and below 1"),
        (lambda: Exponential(float("nan")), "decay is nan"),
        (lambda: Exponential.over(0.5), r"memory is 0\.5"),
        (lambda: Exponential.over(float("inf")), "memory is inf"),
        (lambda: Tail(0.0), r"share is 0\.0; it must be above 0 and at most 1"),
        (lambda: Tail(1.5), r"share is 1\.5"),
        (lambda: Tail(0.1).entry(0), "seen is 0"),
    ],
)
def test_what_is_not_allowed_is_refused_in_words(make, words):
    with pytest.raises(InvalidValue, match=words):
        make()


def test_averages_say_what_they_are():
    assert str(Last(5)) == "mean of the last 5 snapshots"
    assert str(Tail(0.1)) == "mean of about the last 10 % of the snapshots"
    assert str(Exponential.over(50)) == "exponential mean with a memory of 50 snapshots"
