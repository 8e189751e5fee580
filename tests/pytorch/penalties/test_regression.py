"""The penalties for quantities and counts: torch's numbers, their laws, and what they refuse."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tensors import ids, normal, same_as_torch
from torch.nn import functional

from surefoot.errors import InvalidValue
from surefoot.pytorch.penalties import Huber, MeanAbsoluteError, MeanSquaredError, Poisson, Quantile

shapes = st.lists(st.integers(1, 5), max_size=4)
dtypes = st.sampled_from([torch.float32, torch.float64, torch.bfloat16])
levels = st.floats(0.01, 0.99)


@pytest.mark.parametrize("shape", [(8,), (8, 1), (8, 3), (2, 3, 4), ()])
def test_the_mean_squared_error_and_its_gradient_are_torchs(shape):
    same_as_torch(MeanSquaredError(), functional.mse_loss, normal(*shape), normal(*shape))


@given(shapes, dtypes, st.floats(0.1, 3.0))
def test_values_and_gradients_are_torchs(shape, dtype, delta):
    output, target = normal(*shape).to(dtype), normal(*shape).to(dtype)
    same_as_torch(MeanSquaredError(), functional.mse_loss, output, target)
    same_as_torch(MeanAbsoluteError(), functional.l1_loss, output, target)
    same_as_torch(Huber(delta), lambda f, y: functional.huber_loss(f, y, delta=delta), output, target)
    same_as_torch(Poisson(), functional.poisson_nll_loss, output, target.abs())


@given(shapes, levels)
def test_the_quantile_penalty_is_the_papers(shape, level):
    output, target = normal(*shape).double(), normal(*shape).double()
    under = (target - output).numpy()
    wanted = np.mean(np.where(under > 0, level * under, (level - 1) * under))
    assert Quantile(level)(output, target).item() == pytest.approx(wanted, rel=1e-12)


@given(shapes, st.lists(levels, min_size=1, max_size=4, unique=True))
def test_several_levels_cost_the_mean_of_each_by_itself(shape, several):
    output, target = normal(*shape, len(several)).double(), normal(*shape).double()
    each = [Quantile(level)(output[..., i], target) for i, level in enumerate(sorted(several))]
    assert torch.allclose(Quantile(sorted(several))(output, target), sum(each) / len(each), rtol=1e-12)


@given(shapes)
def test_the_median_costs_half_the_absolute_error_and_has_half_its_gradient(shape):
    output, target = normal(*shape).double(), normal(*shape).double()
    output.view(-1)[0] = target.view(-1)[0]  # at the kink both are 0
    same_as_torch(Quantile(), lambda f, y: functional.l1_loss(f, y) / 2, output, target)


def test_at_the_kink_the_gradient_of_the_quantile_penalty_is_halfway():
    output = torch.zeros(1, requires_grad=True)
    Quantile(0.9)(output, torch.zeros(1)).backward()
    assert output.grad.item() == pytest.approx(0.5 - 0.9)


@given(shapes, st.floats(0.1, 3.0))
def test_huber_is_at_most_half_the_square_and_delta_times_the_distance(shape, delta):
    output, target = normal(*shape).double().requires_grad_(), normal(*shape).double()
    value = Huber(delta)(output, target)
    assert value <= functional.mse_loss(output, target) / 2 + 1e-12
    assert value <= functional.l1_loss(output, target) * delta + 1e-12
    value.backward()
    assert (output.grad * target.numel()).abs().max() <= delta + 1e-12


def test_a_huber_penalty_of_two_dtypes_has_a_gradient():
    output = normal(8).bfloat16().requires_grad_()
    Huber()(output, normal(8)).backward()  # torch's own fails
    assert output.grad.dtype == torch.bfloat16


def test_the_bounds_are_reached_where_the_facts_say_so():
    target = normal(8)
    for penalty in (MeanSquaredError(), MeanAbsoluteError(), Huber(), Quantile(0.9)):
        assert penalty(target, target).item() == penalty.facts.lower_bound == 0.0
    counts = torch.tensor([1.0, 2.0, 7.0], dtype=torch.float64)
    least = (counts - counts * counts.log()).mean()
    assert torch.allclose(Poisson()(counts.log(), counts), least)
    assert Poisson()(counts.log() + 0.1, counts) > least
    assert Poisson()(counts.log() - 0.1, counts) > least


def test_outputs_of_0_cost_1_whatever_the_counts_are():
    assert Poisson()(torch.zeros(9), ids(50, 9).float()).item() == 1.0


WRONG = [
    (normal(8, 1), normal(8), r"output has shape \(8, 1\) and the target \(8,\).*target.reshape\(output.shape\)"),
    (normal(8), normal(8, 1), r"target.reshape\(output.shape\)"),
    (normal(8, 2), normal(8), "give both the same shape"),
    (normal(8), ids(3, 8), r"target is int64.*target.float\(\)"),
    (ids(3, 8), normal(8), "output is int64"),
    (normal(0), normal(0), "leave an empty batch out"),
    (normal(8, 1), ids(3, 8), r"target is int64.*target.reshape"),
    (normal(8).to(torch.complex64), normal(8), "output is complex64"),
]


@pytest.mark.parametrize("penalty", [MeanSquaredError(), MeanAbsoluteError(), Huber(), Quantile(), Poisson()], ids=str)
@pytest.mark.parametrize(("output", "target", "told"), WRONG)
def test_what_torch_would_misread_is_refused_in_words(penalty, output, target, told):
    with pytest.raises(InvalidValue, match=f"^{type(penalty).__name__}: .*{told}"):
        penalty(output, target)


@pytest.mark.parametrize("penalty", [MeanSquaredError(), MeanAbsoluteError(), Huber(), Quantile()], ids=str)
def test_class_ids_as_quantities_are_sent_to_the_cross_entropy(penalty):
    with pytest.raises(InvalidValue, match=r"target is int64.*target.float\(\).*CrossEntropy"):
        penalty(normal(8), ids(3, 8))


@pytest.mark.parametrize(
    ("output", "target", "told"),
    [
        (normal(8), normal(8), r"needs a last dimension for the 2 levels: give an output of shape \(8, 2\)"),
        (normal(8, 2), normal(8, 1), r"give target.squeeze\(-1\)"),
        (normal(8, 3), normal(8), r"output has shape \(8, 3\).* shape \(8, 2\)"),
        (normal(8, 2), ids(3, 8), r"target is int64.*give target.float\(\)"),
        (ids(3, 8, 2), normal(8), "output is int64"),
        (normal(0, 2), normal(0), "leave an empty batch out"),
    ],
)
def test_an_output_without_a_column_for_each_level_is_refused_in_words(output, target, told):
    with pytest.raises(InvalidValue, match=told):
        Quantile((0.1, 0.9))(output, target)


@pytest.mark.parametrize(
    ("target", "told"),
    [([2.0, -3.0], "target runs from -3 to 2; counts are at least 0"), ([1.0, torch.nan], "holds NaN")],
)
def test_what_is_no_count_is_refused_in_words(target, told):
    with pytest.raises(InvalidValue, match=told):
        Poisson()(torch.zeros(2), torch.tensor(target))


@pytest.mark.parametrize(
    ("make", "told"),
    [(lambda: Huber(-1.0), "Huber: delta is -1.0"), (lambda: Quantile(1.0), "Quantile: level holds 1.0"), (lambda: Quantile([]), "level is empty")],
)  # fmt: skip
def test_constants_out_of_bounds_are_refused_in_words(make, told):
    with pytest.raises(InvalidValue, match=told):
        make()
