"""The landscapes: their slopes and curvatures are those of their values, and their minima are minima."""

import numpy as np
import pytest

from surefoot.errors import InvalidValue
from surefoot.landscapes import SURFACES, NoisyBowl, Quadratic, Ravine
from surefoot.landscapes.surface import Window

MADE = [kind() for kind in SURFACES.values()] + [
    Quadratic(50.0, angle=30.0),
    Ravine(40.0),
    NoisyBowl(8.0, noise=1.0, seed=3),
]
SURFACE = pytest.mark.parametrize("surface", MADE, ids=repr)


def points_of(surface):
    """Points all over a surface's window."""
    left, right, low, high = surface.window
    return np.random.default_rng(0).uniform((left, low), (right, high), (25, 2))


@SURFACE
def test_the_gradient_is_that_of_the_value(surface):
    points, h = points_of(surface), 1e-5
    for axis in (0, 1):
        by = h * np.eye(2)[axis]
        measured = (surface.value(points + by) - surface.value(points - by)) / (2 * h)
        np.testing.assert_allclose(
            surface.gradient(points)[:, axis], measured, rtol=1e-6, atol=1e-6 * np.abs(measured).max()
        )


@SURFACE
def test_the_hessian_is_that_of_the_gradient(surface):
    h = 1e-5
    for point in points_of(surface):
        measured = np.stack(
            [(surface.gradient(point + by) - surface.gradient(point - by)) / (2 * h) for by in h * np.eye(2)]
        )
        np.testing.assert_allclose(
            surface.hessian(tuple(point)), measured, rtol=1e-5, atol=1e-5 * np.abs(measured).max()
        )


@SURFACE
def test_at_a_minimum_the_value_and_the_gradient_are_0_and_no_curvature_is_below_0(surface):
    for minimum in surface.minima:
        assert surface.value(np.array(minimum)) == 0.0
        np.testing.assert_array_equal(surface.gradient(np.array(minimum)), [0.0, 0.0])
        assert surface.curvatures(minimum)[0] > 0.0
        assert surface.window.has(minimum)
    assert (surface.value(points_of(surface)) > 0.0).all()


@SURFACE
def test_a_path_begins_within_the_window_and_away_from_the_minimum(surface):
    assert surface.window.has(surface.start)
    assert surface.away(surface.start) > 0.2 * (surface.window.right - surface.window.left)
    assert surface.lesson.endswith(".")


def test_a_bowl_has_the_curvatures_that_it_is_given_whatever_its_angle():
    for angle in (-70.0, 0.0, 33.0):
        np.testing.assert_allclose(Quadratic(25.0, angle=angle).curvatures((0.3, -2.0)), (1.0, 25.0))
    along = np.array([np.cos(np.radians(33.0)), np.sin(np.radians(33.0))])
    np.testing.assert_allclose(Quadratic(25.0, angle=33.0).gradient(along), along)


def test_the_errors_of_a_noisy_bowl_are_as_large_as_it_says_and_their_mean_is_0():
    errors = NoisyBowl(noise=3.0, seed=5).errors(4000)
    np.testing.assert_allclose(errors.std(axis=0), 3.0, rtol=0.05)
    np.testing.assert_allclose(errors.mean(axis=0), 0.0, atol=0.2)
    assert not (NoisyBowl(seed=1).errors(5) == NoisyBowl(seed=2).errors(5)).any()
    assert not Quadratic().errors(5).any()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Quadratic(0.5, angle=400.0), "conditioning is 0.5; it must be from 1 to 1000; angle is 400"),
        (lambda: Quadratic(float("nan")), "conditioning is nan"),
        (lambda: Ravine(1e9), "steepness is 1e"),
        (lambda: NoisyBowl(noise=-1.0, seed=-1), "noise is -1; it must be from 0 to 100; seed is -1"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_with_all_others(make, told):
    with pytest.raises(InvalidValue, match=told):
        make()


def test_a_window_has_its_edges_and_no_more():
    window = Window(-1.0, 1.0, 0.0, 4.0)
    assert window.has((1.0, 4.0))
    assert not window.has((1.01, 4.0))
    assert window.has((3.0, -4.0), room=1.0)
    assert not window.has((3.01, -4.0), room=1.0)
