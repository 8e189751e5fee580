"""Paths: they are the rules' own steps, over the slope where each has come to."""

import subprocess
import sys

import numpy as np
import pytest

from surefoot.errors import InvalidValue
from surefoot.landscapes import SURFACES, NoisyBowl, Quadratic, Saddle, mean_of_last, path
from surefoot.rules import RULES
from surefoot.schedules import linear

BOWL = Quadratic(10.0)


def test_gradient_descent_goes_as_its_closed_form_says():
    found = path(BOWL, "sgd", (2.0, -1.0), 30, {"step_size": 0.15})
    steps = np.arange(31)[:, None]
    np.testing.assert_allclose(
        found.positions, np.array([2.0, -1.0]) * (1.0 - 0.15 * np.array([1.0, 10.0])) ** steps, rtol=1e-12
    )
    np.testing.assert_allclose(found.values, BOWL.value(found.positions))


def test_a_path_of_adam_is_that_of_torch():
    torch = pytest.importorskip("torch")
    surface, place = SURFACES["rosenbrock"](), torch.tensor([-1.3, 1.9], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([place], lr=0.05, betas=(0.8, 0.99))
    went = []
    for _ in range(40):
        place.grad = torch.from_numpy(surface.gradient(place.detach().numpy().copy()))
        optimizer.step()
        went.append(place.detach().numpy().copy())
    found = path(surface, "adam", (-1.3, 1.9), 40, {"step_size": 0.05, "beta1": 0.8, "beta2": 0.99})
    np.testing.assert_allclose(found.positions[1:], went, rtol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_path_on_every_surface(rule):
    for kind in SURFACES.values():
        found = path(kind(), rule, kind.start, 12)
        assert found.positions.shape == (found.steps + 1, 2)
        assert np.isfinite(found.values).all()
        assert found.steps == 12 or found.diverged


@pytest.mark.parametrize("rule", RULES)
def test_without_a_slope_and_without_decay_no_rule_moves(rule):
    still = {name: 0.0 for name in ("decay", "pull") if name in RULES[rule].constants}
    found = path(Saddle(), rule, (0.0, 0.0), 8, still)
    np.testing.assert_array_equal(found.positions, np.zeros((9, 2)))


def test_a_schedule_is_of_the_step_size():
    found = path(BOWL, "sgd", (1.0, 0.0), 4, {"step_size": 0.4}, linear().over(steps=4))
    np.testing.assert_allclose(found.positions[1:, 0], np.cumprod([1 - 0.3, 1 - 0.2, 1 - 0.1, 1.0]))


def test_a_path_that_has_diverged_ends_where_it_was_last_finite():
    found = path(BOWL, "sgd", (1.0, 1.0), 500, {"step_size": 1.0})
    assert found.diverged
    assert found.steps < 10
    assert np.isfinite(found.positions).all()
    assert not path(BOWL, "sgd", (1.0, 1.0), 500, {"step_size": 0.1}).diverged


def test_turns_are_counted_where_a_step_goes_back():
    assert path(BOWL, "sgd", (0.0, 1.0), 20, {"step_size": 0.15}).turns == 1.0
    assert path(BOWL, "sgd", (0.0, 1.0), 20, {"step_size": 0.05}).turns == 0.0


def test_on_a_noisy_bowl_the_mean_of_the_last_steps_is_nearer_than_the_last():
    surface = NoisyBowl(noise=4.0)
    found = path(surface, "sgd", surface.start, 400, {"step_size": 0.3})
    orbit = np.mean([surface.away(tuple(place)) for place in found.positions[200:]])
    assert surface.away(mean_of_last(found, 0.5)) < orbit / 4


def test_the_mean_of_the_last_share_is_of_whole_steps_and_of_one_at_least():
    found = path(BOWL, "sgd", (1.0, 1.0), 10, {"step_size": 0.1})
    np.testing.assert_allclose(mean_of_last(found, 0.25), found.positions[-3:].mean(axis=0))
    np.testing.assert_allclose(mean_of_last(found, 0.001), found.end)
    for share in (0.0, 1.5, float("nan")):
        with pytest.raises(InvalidValue, match="share is"):
            mean_of_last(found, share)


def test_every_fault_of_a_call_is_told():
    with pytest.raises(InvalidValue, match=r"adamq.*both numbers must be finite.*steps is 0"):
        path(BOWL, "adamq", (float("nan"), 0.0), 0)
    with pytest.raises(InvalidValue, match="sgd has no beta1"):
        path(BOWL, "sgd", (1.0, 1.0), 5, {"beta1": 0.9})
    with pytest.raises(InvalidValue, match="step_size is -1"):
        path(BOWL, "sgd", (1.0, 1.0), 5, {"step_size": -1.0})


def test_landscapes_load_neither_torch_nor_numba():
    code = "import sys, surefoot.landscapes; print(sorted({'torch', 'numba', 'matplotlib'} & {*sys.modules}))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
