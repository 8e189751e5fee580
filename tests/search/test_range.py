"""Laws of the range test: it finds what is known, knows its noise, and leaves no mark."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.errors import InvalidValue, TaskError
from surefoot.search import Range, range_test
from surefoot.search.ramp import Ramp
from surefoot.training.batches import Batches
from surefoot.training.task import Task


@pytest.fixture(autouse=True)
def alone():
    """Compute with one thread: models this small are not quicker with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Point(nn.Module):
    """A point that is to reach the origin."""

    def __init__(self, place=None):
        super().__init__()
        self.place = nn.Parameter(torch.ones(8) if place is None else place.clone())

    def forward(self, given):
        return self.place.expand(len(given), -1)


def quadratic(steepest, noise=0.0):
    """A valley with curvatures over three decades, all of equal weight at the start.

    Whatever the step size, something is left to gain by a larger one, up to the steepest curvature's limit of stability.
    """
    curvatures = steepest * torch.logspace(-3, 0, 8)
    target = noise * torch.randn(64, 8, generator=torch.Generator().manual_seed(0)) / curvatures.sqrt()
    return Task(
        model=lambda: Point(curvatures**-0.5), train=Batches(torch.zeros(64, 1), target, size=8), name="valley",
        penalty=lambda output, target: 0.5 * (curvatures * (output - target).square()).sum(1).mean(),
    )  # fmt: skip


def ranged(steepest, noise=0.0):
    return range_test(quadratic(steepest, noise), rule="sgd", decay=0.0, low=1e-4 / steepest, high=1e3 / steepest)


@pytest.mark.parametrize("steepest", [0.01, 1.0, 300.0])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_it_finds_the_best_step_size_of_a_valley_to_within_a_decade(steepest, noise):
    found = ranged(steepest, noise)
    limit = 3.8 / steepest  # of a momentum of 0.9: 2 (1 + 0.9) / curvature
    best = limit / 4  # of some hundred steps, measured
    assert abs(math.log10(found.step_size / best)) < 1.0
    assert found.low < found.step_size < found.high < limit
    assert all(limit / 2 < ramp.diverged < 20 * limit for ramp in found.ramps)


def test_scaling_the_valley_scales_the_answer():
    assert ranged(1.0).step_size / ranged(64.0).step_size == pytest.approx(64.0, rel=1e-3)


def test_the_same_seed_gives_the_same_answer_and_the_generators_are_unmarked():
    before = torch.get_rng_state(), str(np.random.get_state())
    one, other = (range_test(quadratic(1.0, 0.3), seed=4, steps=30) for _ in range(2))
    assert one == other
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == str(np.random.get_state())
    assert [ramp.seed for ramp in one.ramps] == [4, 5, 6]


def test_a_module_that_is_trained_in_place_comes_back():
    model = nn.Sequential(nn.Linear(1, 8), nn.BatchNorm1d(8), nn.Dropout(0.2))
    task = Task(model=model.eval(), penalty=nn.MSELoss(), train=[(torch.randn(9, 1), torch.randn(9, 8))] * 3)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    range_test(task, steps=20, ramps=2)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_ramps_of_a_module_all_begin_where_it_stands():
    task = Task(model=nn.Linear(1, 1), penalty=nn.MSELoss(), train=[(torch.ones(4, 1), torch.zeros(4, 1))])
    assert len({ramp.penalties[0] for ramp in range_test(task, steps=20, ramps=3).ramps}) == 1


def test_an_error_in_the_data_is_the_tasks_and_leaves_no_mark():
    def torn():
        yield torch.ones(4, 1), torch.ones(4, 8)
        raise OSError("torn")

    before = torch.get_rng_state()
    with pytest.raises(TaskError, match="torn"):
        range_test(Task(model=Point, penalty=nn.MSELoss(), train=torn), steps=20)
    assert torch.equal(before, torch.get_rng_state())


def test_ctrl_c_leaves_no_mark_and_is_let_through():
    calls = 0

    def judge(output, target):
        nonlocal calls
        calls += 1
        if calls > 15:
            raise KeyboardInterrupt
        return nn.functional.mse_loss(output, target)

    model = Point()
    with pytest.raises(KeyboardInterrupt):
        range_test(Task(model=model, penalty=judge, train=Batches(torch.zeros(9, 1), torch.zeros(9, 8))), steps=20)
    assert torch.equal(model.place, torch.ones(8))


def test_a_penalty_that_cannot_fall_gives_no_suggestion():
    task = Task(
        model=Point, penalty=lambda output, _: 0.0 * output.sum() + 1.0, train=[(torch.ones(4, 1), torch.ones(4, 8))]
    )
    found = range_test(task, steps=20)
    assert (found.step_size, found.low, found.high) == (None, None, None)
    assert "fell at no step size" in found.summary()
    assert found.figure() is not None


def made(penalties):
    return Ramp(0, tuple(np.geomspace(1e-5, 10, len(penalties))), tuple(penalties))


def test_noise_before_the_lowest_point_is_no_divergence():
    draws = np.random.default_rng(0)
    values = [1.0 + 0.3 * draws.normal() - 0.7 * (place > 60) for place in range(90)] + [1e3] * 10
    ramp = made(values)
    assert 0.3 < ramp.diverged < 10
    assert ramp.fastest < ramp.diverged


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_has_diverged(bad):
    ramp = made([2.0] * 30 + [1.0] * 30 + [bad] * 5)
    assert ramp.diverged == ramp.step_sizes[60]
    assert all(map(math.isfinite, ramp.smoothed))


def test_the_first_penalty_not_being_finite_gives_no_suggestion():
    assert (made([math.nan] * 9).fastest, made([math.nan] * 9).smoothed) == (None, [])


def test_the_figure_shows_the_suggestion_and_its_interval():
    found = range_test(quadratic(1.0, 0.3), rule="sgd", steps=40)
    texts = [text.get_text() for text in found.figure().axes[0].texts]
    assert any(f"{found.step_size:.2g}" in text and f"{found.high:.2g}" in text for text in texts)


def test_what_was_found_can_be_written_down():
    found = range_test(quadratic(1.0), rule="sgd", steps=20, ramps=1)
    assert isinstance(found, Range)
    assert found.to_json()["ramps"][0]["seed"] == 0
    assert found.steps == len(found.ramps[0].penalties) <= 20


def test_wrong_values_are_refused_all_at_once():
    with pytest.raises(InvalidValue, match=r"low is 1 and high 0.1.*steps is 3.*ramps is 0"):
        range_test(quadratic(1.0), low=1.0, high=0.1, steps=3, ramps=0)
    with pytest.raises(InvalidValue, match=r"range_test: rule is 'adamv'; it must be one of"):
        range_test(quadratic(1.0), rule="adamv")
