"""The figures of a step are those that one would compute by hand, on every backend, and say when they are stale."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue


def model_of(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(200, 300), nn.Linear(300, 3)).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_figures_are_those_computed_by_hand(dtype):
    model = model_of(dtype)
    optimizer = sf.AdamW(model.named_parameters(), lr=0.1, clip=0.5)
    before = [p.detach().double().clone() for p in model.parameters()]
    model(torch.ones(4, 200, dtype=dtype)).square().sum().backward()
    optimizer.step()
    found = optimizer.statistics
    assert found.names == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert all(a is b for a, b in zip(found.parameters, model.parameters(), strict=True))
    close = {"rtol": 1e-2 if dtype == torch.bfloat16 else 1e-5}
    np.testing.assert_allclose(found.gradient_norms, [p.grad.double().norm() for p in model.parameters()], **close)
    np.testing.assert_allclose(found.parameter_norms, [p.detach().double().norm() for p in model.parameters()], **close)
    moved = [(p.detach().double() - old).norm() for p, old in zip(model.parameters(), before, strict=True)]
    np.testing.assert_allclose(found.step_norms, moved, **close)
    assert not found.bad_gradients.any()
    assert not found.bad_parameters.any()
    assert found.gradient_norm == pytest.approx(math.sqrt((found.gradient_norms**2).sum()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_what_is_not_finite_is_counted_exactly(dtype):
    p = nn.Parameter(torch.ones(40_000, dtype=dtype))
    q = nn.Parameter(torch.ones(3, dtype=dtype))
    p.grad, q.grad = torch.ones_like(p), torch.ones_like(q)
    p.grad[[0, 17_000, 39_999]] = torch.tensor([math.nan, math.inf, -math.inf], dtype=dtype)
    optimizer = sf.SGD([p, q], lr=0.1)
    optimizer.step()
    assert optimizer.statistics.bad_gradients.tolist() == [3.0, 0.0]
    assert optimizer.statistics.bad_parameters.tolist() == [3.0, 0.0]
    assert p.isfinite().sum() == 39_997


def test_squares_that_overflow_are_not_taken_for_non_finite_values():
    p = nn.Parameter(torch.ones(20_000))
    p.grad = torch.full((20_000,), 1e25)
    optimizer = sf.SGD([p], lr=1e-30)
    optimizer.step()
    assert not optimizer.statistics.bad_gradients.any()
    assert optimizer.statistics.gradient_norm == pytest.approx(1e25 * math.sqrt(20_000), rel=1e-6)


def test_sums_over_many_elements_are_accurate():
    torch.manual_seed(0)
    p = nn.Parameter(torch.rand(3_000_000))
    p.grad = torch.rand(3_000_000)
    optimizer = sf.SGD([p], lr=1e-3)
    optimizer.step()
    assert optimizer.statistics.gradient_norm == pytest.approx(p.grad.double().norm().item(), rel=1e-6)


def test_statistics_of_an_earlier_step_are_refused():
    model = model_of()
    optimizer = sf.SGD(model.parameters(), lr=0.1)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    old = optimizer.statistics
    optimizer.step()
    with pytest.raises(InvalidValue, match="of an earlier step"):
        _ = old.gradient_norms
    assert len(optimizer.statistics.gradient_norms) == 4


def test_only_parameters_that_were_stepped_are_listed_and_none_before_the_first_step():
    model = model_of()
    optimizer = sf.SGD(model.parameters(), lr=0.1)
    assert optimizer.statistics.gradient_norms.shape == (0,)
    model[1].bias.grad = torch.ones(3)
    optimizer.step()
    assert optimizer.statistics.names == ["0.3"]
    assert optimizer.statistics.gradient_norm == pytest.approx(math.sqrt(3))
