"""The laws of `Flat`: it stops on a plateau, waits where noise hides a fall, and passes over spikes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.stopping import Flat

runs = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60)


def stopped_at(values):
    """The number of checks after which a run is stopped, or None."""
    return next((n for n in range(1, len(values) + 1) if Flat().verdict(values[:n]).stop), None)


def curve(shape, noise, seed=0, checks=300):
    places = np.arange(checks)
    drawn = noise * np.random.default_rng(seed).normal(size=checks)
    return list(shape(places) + drawn)


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.01, 0.03])
@pytest.mark.parametrize("seed", range(3))
def test_a_fall_to_a_floor_is_stopped_there_and_not_before(noise, seed):
    at = stopped_at(curve(lambda i: 0.2 + np.exp(-i / 20), noise, seed))
    assert at is not None
    assert 60 <= at <= 220


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.01])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [lambda i: 2 - i / 200, lambda i: (1 + i / 3) ** -0.2], ids=["line", "power"])
def test_a_slow_fall_under_noise_goes_on(shape, noise, seed):
    assert stopped_at(curve(shape, noise, seed)) is None


@pytest.mark.parametrize(("at", "length", "height"), [(30, 1, 5.0), (40, 3, 2.0), (50, 7, 1.0), (60, 7, 10.0)])
def test_a_spike_changes_nothing(at, length, height):
    calm = curve(lambda i: 0.2 + np.exp(-i / 60), 0.005)
    spiked = list(calm)
    for place in range(length):
        spiked[at + place] += height * math.exp(-place / 3)
    assert stopped_at(calm) == stopped_at(spiked)


def test_a_run_that_rises_for_good_is_stopped():
    rising = curve(lambda i: np.where(i < 40, 2 - i / 40, 0.2 + i / 50), 0.01)
    assert 40 <= stopped_at(rising) <= 90


def test_a_value_that_is_not_finite_stops_at_once():
    found = Flat().verdict([3.0, 2.0, math.nan])
    assert found.stop
    assert found.best == 1
    assert "nan" in found.reason


def test_too_few_checks_are_never_flat():
    assert not Flat().verdict([1.0] * 19).stop
    assert Flat().verdict([1.0] * 20).stop


@given(runs)
def test_the_verdict_for_min_is_that_for_max_on_the_negatives(values):
    one, other = Flat().verdict(values), Flat(goal="max").verdict([-value for value in values])
    assert (one.stop, one.best, one.bad_checks) == (other.stop, other.best, other.bad_checks)


@given(st.integers(0, 9), st.sampled_from([0.25, 2.0, 1024.0]), st.sampled_from([-64.0, 0.0, 16.0]))
def test_a_shift_and_a_positive_factor_change_no_verdict(seed, factor, shift):
    values = curve(lambda i: 0.2 + np.exp(-i / 5), 0.02, seed, checks=60)
    other = [factor * (value + shift) for value in values]
    verdicts = [(Flat().verdict(values[:n]).stop, Flat().verdict(other[:n]).stop) for n in range(1, 61)]
    assert all(one == changed for one, changed in verdicts)


def test_wrong_values_are_refused_all_at_once():
    with pytest.raises(InvalidValue, match=r"least is 1.*worth is 2.*goal is 'least'"):
        Flat(least=1, worth=2.0, goal="least")
