"""The penalties for yes or no: torch's numbers, their laws, and what they refuse."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import ids, normal, same_as_torch
from torch.nn import functional

from surefoot.errors import InvalidValue
from surefoot.pytorch.penalties import BinaryCrossEntropy, CrossEntropy, Hinge

shapes = st.lists(st.integers(1, 5), max_size=4)
dtypes = st.sampled_from([torch.float32, torch.float64, torch.bfloat16])


def labels(*shape):
    return ids(2, *shape).float()


@settings(max_examples=30)
@given(shapes, dtypes, st.booleans())
def test_the_binary_cross_entropy_and_its_gradient_are_torchs(shape, dtype, soft):
    output = normal(*shape).to(dtype)
    target = (normal(*shape).sigmoid() if soft else labels(*shape)).to(dtype)
    same_as_torch(BinaryCrossEntropy(), functional.binary_cross_entropy_with_logits, output, target)


@settings(max_examples=30)
@given(shapes, st.floats(0.1, 10.0), st.booleans())
def test_with_positive_weights_it_is_torchs_too(shape, weight, for_each):
    given_weight = torch.full((shape[-1],), weight) if for_each and shape else torch.tensor(weight)
    same_as_torch(
        BinaryCrossEntropy(given_weight.tolist()),
        lambda f, y: functional.binary_cross_entropy_with_logits(f, y, pos_weight=given_weight),
        normal(*shape),
        labels(*shape),
    )


def test_a_positive_weight_counts_each_yes_so_often():
    output = normal(2).double()
    yes = torch.tensor([1.0, 0.0], dtype=torch.float64)
    thrice = BinaryCrossEntropy()(output[[0, 0, 0, 1]], yes[[0, 0, 0, 1]]) * 4
    assert torch.allclose(BinaryCrossEntropy(3.0)(output, yes) * 2, thrice, rtol=1e-12)


@settings(max_examples=30)
@given(st.integers(1, 20))
def test_it_is_the_cross_entropy_of_two_classes_with_the_outputs_0_and_f(count):
    output, target = normal(count).double(), ids(2, count)
    two = torch.stack([torch.zeros_like(output), output], 1)
    assert torch.allclose(BinaryCrossEntropy()(output, target.double()), CrossEntropy()(two, target), rtol=1e-12)


@settings(max_examples=30)
@given(shapes)
def test_the_hinge_penalty_is_the_formula_and_outputs_of_0_cost_1(shape):
    output, side = normal(*shape).double(), 2.0 * labels(*shape).double() - 1.0
    wanted = (1.0 - side.numpy() * output.numpy()).clip(min=0.0).mean()
    assert Hinge()(output, side).item() == pytest.approx(wanted, rel=1e-12)
    assert Hinge()(torch.zeros_like(side), side).item() == 1.0
    assert torch.equal(Hinge()(-output, -side), Hinge()(output, side))


def test_the_bounds_are_reached_where_the_facts_say_so():
    side = torch.tensor([-1.0, 1.0])
    assert Hinge()(side, side).item() == Hinge.facts.lower_bound == 0.0
    assert Hinge()(0.999 * side, side).item() > 0.0
    assert BinaryCrossEntropy()(50.0 * side, (side + 1.0) / 2.0).item() == pytest.approx(0.0, abs=1e-6)
    soft = normal(8).double().sigmoid()
    entropy = -(soft * soft.log() + (1 - soft) * (1 - soft).log()).mean()
    assert torch.allclose(BinaryCrossEntropy()(soft.logit(), soft), entropy)
    assert BinaryCrossEntropy()(torch.zeros(8), labels(8)).item() == pytest.approx(math.log(2), rel=1e-6)


@pytest.mark.parametrize("penalty", [BinaryCrossEntropy(), Hinge()], ids=str)
@pytest.mark.parametrize(
    ("output", "target", "told"),
    [
        (normal(8, 1), labels(8), r"output has shape \(8, 1\) and the target \(8,\).*target.reshape\(output.shape\)"),
        (normal(8, 2), labels(8), "give both the same shape"),
        (normal(8), ids(2, 8), r"target is int64; it must be floating-point: give target.float\(\) if it holds"),
        (normal(8), ids(2, 8).bool(), "target is bool"),
        (ids(2, 8), labels(8), "output is int64"),
        (normal(0, 2), labels(0, 2), "leave an empty batch out"),
    ],
)
def test_what_torch_would_misread_is_refused_in_words(penalty, output, target, told):
    with pytest.raises(InvalidValue, match=f"^{type(penalty).__name__}: .*{told}"):
        penalty(output, target)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ([-1.0, 1.0], r"target runs from -1 to 1; 0 is no and 1 is yes: give \(target \+ 1\) / 2 if it holds -1 and 1"),
        ([-1.0, -1.0], r"give \(target \+ 1\) / 2"),
        ([0.0, 3.0], "target runs from 0 to 3.*use CrossEntropy if it holds class ids"),
        ([torch.nan, 1.0], "target holds NaN; .*leave out or fill"),
    ],
)
def test_targets_that_are_neither_yes_nor_no_are_refused_in_words(target, told):
    with pytest.raises(InvalidValue, match=told):
        BinaryCrossEntropy()(torch.zeros(2), torch.tensor(target))


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ([0.0, 1.0], r"target runs from 0 to 1; -1 is no and 1 is yes: give 2 \* target - 1 if it holds 0 and 1"),
        ([0.0, 0.0], r"give 2 \* target - 1"),
        ([-1.0, 0.5, 1.0], "from -1 to 1 with sizes between.*BinaryCrossEntropy"),
        ([-1.0, 3.0], "from -1 to 3"),
        ([torch.nan, 1.0], "target holds NaN"),
    ],
)
def test_targets_on_no_side_are_refused_in_words(target, told):
    with pytest.raises(InvalidValue, match=told):
        Hinge()(torch.zeros(len(target)), torch.tensor(target))


def test_positive_weights_that_fit_no_label_are_refused_in_words():
    with pytest.raises(InvalidValue, match=r"2 positive weights and the output has shape \(8, 3\); give one"):
        BinaryCrossEntropy((1.0, 2.0))(normal(8, 3), labels(8, 3))
    with pytest.raises(InvalidValue, match=r"positive_weight holds 0.0"):
        BinaryCrossEntropy(0.0)
