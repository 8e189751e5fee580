"""The penalty around a model's weights, along filter-normalised directions."""

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.errors import InvalidValue
from surefoot.training.around import around
from surefoot.training.task import Task


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)).double()


def data(batches=3):
    drawn = torch.Generator().manual_seed(1)
    return [
        (
            torch.randn(16, 3, generator=drawn, dtype=torch.float64),
            torch.randn(16, 2, generator=drawn, dtype=torch.float64),
        )
        for _ in range(batches)
    ]


def task(validation=True):
    return Task(model=net, penalty=nn.MSELoss(), train=data(), validation=data() if validation else None)


def measured(model, **given):
    return around(task(), model, places=5, seconds=60.0, **given)


def test_the_middle_is_the_penalty_of_the_weights_and_the_model_is_left_as_it_was():
    model, rows = net(), []
    before = [weight.clone() for weight in model.parameters()]
    found = measured(model, tell=rows.append)
    expected = np.mean([nn.functional.mse_loss(model(x), y).item() for x, y in data()])
    assert found.centre == pytest.approx(expected, rel=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert rows == [1, 2, 3, 4, 5]
    assert found.across.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert (found.batches, found.items, found.validation) == (3, 48, True)


def test_scaling_a_filter_and_undoing_it_in_the_next_layer_leaves_the_map():
    plain, scaled = net(), net()
    with torch.no_grad():
        scaled[0].weight.mul_(10.0)
        scaled[0].bias.mul_(10.0)
        scaled[2].weight.div_(10.0)
    np.testing.assert_allclose(measured(scaled).penalties, measured(plain).penalties, rtol=1e-9)


def test_directions_follow_from_the_seed_and_biases_do_not_move():
    assert np.array_equal(measured(net(), seed=3).penalties, measured(net(), seed=3).penalties)
    assert not np.array_equal(measured(net(), seed=3).penalties, measured(net(), seed=4).penalties)
    biased = nn.Sequential(nn.Linear(3, 2).double())
    nn.init.zeros_(biased[0].weight)  # a filter without a length has no direction, and its bias none either
    assert np.ptp(measured(biased).penalties) == 0.0


def test_a_short_time_takes_fewer_batches_and_one_at_least():
    assert around(task(), net(), places=3, seconds=1e-6).batches == 1


def test_without_validation_training_batches_judge():
    assert not around(task(validation=False), net(), places=3).validation


def test_penalties_that_are_not_finite_are_blank_and_become_none():
    found = around(
        Task(model=net, train=data(), forward=lambda model, batch: (-model(batch[0]).abs().mean() + 0.3).log() * 0 + 1.0),
        net(), places=3, reach=50.0,
    )  # fmt: skip
    assert np.isnan(found.penalties).any()
    told = found.to_json()
    assert any(value is None for row in told["penalties"] for value in row)
    assert "random directions" in told["caveat"]


def test_what_is_seen_is_what_the_map_holds():
    found = measured(net())
    assert f"the penalty is {found.centre:.4g}" in found.says
    assert ("lowest of the map" in found.says) == (found.penalties.min() == found.centre)


def test_every_fault_of_a_call_is_told():
    with pytest.raises(InvalidValue, match=r"places is 4;.*reach is 0;.*seconds is -1"):
        around(task(), net(), places=4, reach=0.0, seconds=-1.0)
