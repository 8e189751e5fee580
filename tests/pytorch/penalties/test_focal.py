"""The focal penalty: the paper's numbers, its laws, and what it refuses."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import ids, normal
from torch.nn import functional

from surefoot.errors import InvalidValue
from surefoot.pytorch.penalties import CrossEntropy, Focal

trailing = st.lists(st.integers(1, 4), max_size=2)
gammas = st.floats(0.0, 5.0)


@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(2, 6), trailing, gammas, st.booleans())
def test_the_focal_penalty_is_the_papers(n, count, further, gamma, weighted):
    output, target = normal(n, count, *further).double(), ids(count, n, *further)
    weights = normal(count).double().exp() if weighted else torch.ones(count, dtype=torch.float64)
    logits = np.moveaxis(output.numpy(), 1, -1).reshape(-1, count)
    right = np.take_along_axis(np.exp(logits), target.numpy().reshape(-1, 1), 1)[:, 0] / np.exp(logits).sum(1)
    alpha = weights.numpy()[target.numpy().reshape(-1)]
    wanted = np.sum(-alpha * (1 - right) ** gamma * np.log(right)) / np.sum(alpha)
    value = Focal(gamma, weights if weighted else None)(output, target)
    assert value.item() == pytest.approx(wanted, rel=1e-12)


@settings(max_examples=30)
@given(st.integers(2, 5), st.integers(2, 6), trailing, st.booleans())
def test_gamma_0_is_the_cross_entropy(n, count, further, weighted):
    output, target = normal(n, count, *further).double(), ids(count, n, *further)
    target.view(-1)[0] = -100
    weights = normal(count).double().exp() if weighted else None
    value = Focal(0.0, weights)(output, target)
    assert torch.allclose(value, CrossEntropy(weights)(output, target), rtol=1e-12)


@settings(max_examples=30)
@given(gammas, st.floats(0.01, 2.0))
def test_it_is_never_above_the_cross_entropy_and_falls_as_gamma_grows(gamma, more):
    output, target = normal(8, 5).double(), ids(5, 8)
    value = Focal(gamma)(output, target)
    assert Focal(gamma + more)(output, target) < value <= CrossEntropy()(output, target) + 1e-12


@settings(max_examples=30)
@given(gammas)
def test_a_constant_added_to_all_outputs_of_an_example_changes_nothing(gamma):
    output, target = normal(8, 5).double(), ids(5, 8)
    assert torch.allclose(Focal(gamma)(output, target), Focal(gamma)(output + normal(8, 1), target), rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.3, 0.5, 1.0, 2.0, 5.0])
def test_its_gradient_is_that_of_finite_differences_and_finite_where_a_net_is_sure(gamma):
    output = normal(4, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda f: Focal(gamma)(f, torch.tensor([0, 1, 2, 0])), output)
    sure = torch.tensor([[1000.0, 0.0], [-1000.0, 0.0]], requires_grad=True)
    value = Focal(gamma)(sure, torch.tensor([0, 0]))
    value.backward()
    assert value.item() == 500.0
    assert sure.grad.isfinite().all()


def test_an_id_to_ignore_is_left_out():
    output = normal(3, 5)
    kept = Focal()(output[:2], torch.tensor([1, 2]))
    assert torch.allclose(Focal(ignore_index=0)(output, torch.tensor([1, 2, 0])), kept)


def test_small_ids_that_torch_takes_for_the_one_to_ignore_are_kept():
    target = torch.tensor([156, 3], dtype=torch.uint8)  # 156 and -100 are one in uint8
    output = normal(2, 200)
    assert torch.allclose(Focal(1.0)(output, target), Focal(1.0)(output, target.long()))


@pytest.mark.parametrize(
    ("output", "target", "told"),
    [
        (
            normal(8, 5),
            normal(8, 5).softmax(1),
            r"target is float32; it must be class ids, int64: give target.argmax\(1\)",
        ),
        (normal(8, 5), ids(5, 8).float(), r"give target.long\(\)"),
        (normal(8, 5), ids(5, 8).int(), "target is int32; class ids are int64"),
        (normal(8, 5), ids(5, 8, 1), r"give target.reshape\(\(8,\)\)"),
        (normal(8, 1), torch.zeros(8, dtype=torch.int64), "a single class"),
        (normal(), torch.tensor(0), "a single class"),
        (ids(5, 8, 5), ids(5, 8), "output is int64"),
        (normal(0, 5), ids(5, 0), "leave an empty batch out"),
        (normal(2, 3), torch.tensor([1, 3]), "1 of 2 class ids are out of range, the first 3"),
        (normal(2, 3), torch.tensor([-100, -100]), "all 2 targets are -100"),
    ],
)
def test_what_the_focal_penalty_would_misread_is_refused_in_words(output, target, told):
    with pytest.raises(InvalidValue, match=f"^Focal: .*{told}"):
        Focal()(output, target)


def test_arguments_that_fit_nothing_are_refused_in_words():
    with pytest.raises(InvalidValue, match="2 class_weights and 5 classes"):
        Focal(class_weights=[1.0, 2.0])(normal(8, 5), ids(5, 8))
    with pytest.raises(InvalidValue, match=r"class_weights hold -1.0.*gamma is -2.0"):
        Focal(-2.0, [-1.0, 1.0])


def test_a_bound_of_0_is_approached_by_sure_outputs():
    sure = 50.0 * functional.one_hot(ids(5, 8), 5).float()
    assert Focal()(sure, sure.argmax(1)).item() == pytest.approx(Focal.facts.lower_bound, abs=1e-6)
