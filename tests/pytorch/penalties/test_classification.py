"""The penalties for classes: torch's numbers, their laws, and what they refuse."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import ids, normal, same_as_torch
from torch.nn import functional

from surefoot.errors import InvalidValue
from surefoot.penalties import CROSS_ENTROPY, Classes
from surefoot.pytorch.penalties import CrossEntropy, KullbackLeibler

trailing = st.lists(st.integers(1, 4), max_size=2)


@pytest.mark.parametrize(
    ("output", "target"),
    [
        (normal(8, 5), ids(5, 8)),
        (normal(2, 5, 7), ids(5, 2, 7)),
        (normal(2, 5, 3, 4), ids(5, 2, 3, 4)),
        (normal(5), ids(5)),
        (normal(8, 5), ids(5, 8).to(torch.uint8)),
        (normal(8, 5), normal(8, 5).softmax(1)),
        (normal(2, 5, 7), normal(2, 5, 7).softmax(1)),
        (normal(8, 5).bfloat16(), ids(5, 8)),
        (normal(4, 5), torch.tensor([0, 4, -100, 2])),
    ],
)
def test_the_cross_entropy_and_its_gradient_are_torchs(output, target):
    same_as_torch(CrossEntropy(), functional.cross_entropy, output, target)


@settings(max_examples=30)
@given(
    st.integers(1, 5), st.integers(2, 6), trailing, st.booleans(), st.sampled_from([0.0, 0.1]), st.booleans(),
    st.sampled_from([torch.float32, torch.float64]),
)  # fmt: skip
def test_so_they_are_with_weights_smoothing_and_further_dimensions(n, count, further, soft, smoothing, weighted, dtype):
    output = normal(n, count, *further).to(dtype)
    target = normal(n, count, *further).to(dtype).softmax(1) if soft else ids(count, n, *further)
    weights = normal(count).exp().to(dtype) if weighted else None

    def torchs(f, y):
        return functional.cross_entropy(f, y, weight=weights, label_smoothing=smoothing)

    same_as_torch(CrossEntropy(weights, smoothing), torchs, output, target)


def test_weights_given_as_numbers_fit_any_dtype():
    output, target = normal(8, 3), ids(3, 8)
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        value = CrossEntropy([1.0, 2.0, 4.0])(output.to(dtype), target)
        wanted = functional.cross_entropy(output.to(dtype), target, torch.tensor([1.0, 2.0, 4.0], dtype=dtype))
        assert torch.equal(value, wanted)
    whole = CrossEntropy(torch.tensor([1, 2, 4]))(output, target)
    assert torch.equal(whole, CrossEntropy([1.0, 2.0, 4.0])(output, target))


def test_an_id_to_ignore_is_left_out():
    output = normal(3, 5)
    kept = CrossEntropy()(output[:2], torch.tensor([1, 2]))
    assert torch.allclose(CrossEntropy(ignore_index=0)(output, torch.tensor([1, 2, 0])), kept)


def test_so_it_is_with_label_smoothing_and_weights():
    output, smooth = normal(3, 5), CrossEntropy([1.0, 2.0, 3.0, 4.0, 5.0], label_smoothing=0.2)
    kept = smooth(output[:2], torch.tensor([1, 2]))
    assert torch.allclose(smooth(output, torch.tensor([1, 2, -100])), kept)


def test_label_smoothing_spreads_its_share_over_all_classes():
    output, target = normal(8, 5).double(), ids(5, 8)
    spread = 0.9 * functional.one_hot(target, 5).double() + 0.1 / 5
    assert torch.allclose(CrossEntropy(label_smoothing=0.1)(output, target), CrossEntropy()(output, spread), rtol=1e-12)


def test_a_constant_added_to_all_outputs_of_an_example_changes_nothing():
    output, target = normal(8, 5).double(), ids(5, 8)
    assert torch.allclose(CrossEntropy()(output, target), CrossEntropy()(output + normal(8, 1), target), rtol=1e-12)
    soft = normal(8, 5).double().softmax(1)
    shifted = KullbackLeibler()(output + normal(8, 1), soft)
    assert torch.allclose(KullbackLeibler()(output, soft), shifted, rtol=1e-12)


def test_a_net_that_knows_only_the_prior_stands_at_chance():
    prior = (0.7, 0.2, 0.1)
    target = torch.tensor([0] * 70 + [1] * 20 + [2] * 10)
    value = CrossEntropy()(torch.tensor(prior).log().expand(100, 3), target).item()
    assert value == pytest.approx(CROSS_ENTROPY.chance_level(Classes(prior)), rel=1e-6)
    assert CrossEntropy()(torch.zeros(100, 3), target).item() == pytest.approx(math.log(3), rel=1e-6)


def test_the_bounds_are_reached_where_the_facts_say_so():
    sure = 50.0 * functional.one_hot(ids(5, 8), 5).float()
    assert CrossEntropy()(sure, sure.argmax(1)).item() == pytest.approx(CROSS_ENTROPY.lower_bound, abs=1e-6)
    soft = normal(8, 5).softmax(1)
    entropy = -(soft * soft.log()).sum(1).mean()
    assert torch.allclose(CrossEntropy()(soft.log(), soft), entropy)
    assert KullbackLeibler()(soft.log(), soft).item() == pytest.approx(KullbackLeibler.facts.lower_bound, abs=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(2, 6))
def test_the_divergence_and_its_gradient_are_torchs_batchmean_of_the_log_softmax(n, count):
    def torchs(f, y):
        return functional.kl_div(f.log_softmax(1), y, reduction="batchmean")

    same_as_torch(KullbackLeibler(), torchs, normal(n, count), normal(n, count).softmax(1))


@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(2, 6), trailing)
def test_the_divergence_is_the_cross_entropy_less_the_entropy_of_the_targets(n, count, further):
    output, soft = normal(n, count, *further).double(), normal(n, count, *further).double().softmax(1)
    entropy = -(soft * soft.log()).sum(1).mean()
    value = KullbackLeibler()(output, soft)
    assert torch.allclose(value, CrossEntropy()(output, soft) - entropy, rtol=1e-9)
    assert value >= 0.0


def test_log_probabilities_are_as_good_as_logits_to_the_divergence():
    output, soft = normal(8, 5).double(), normal(8, 5).double().softmax(1)
    assert torch.allclose(KullbackLeibler()(output.log_softmax(1), soft), KullbackLeibler()(output, soft), rtol=1e-12)


def test_a_target_with_zeros_has_a_finite_divergence():
    hot = functional.one_hot(ids(5, 8), 5).double()
    output = normal(8, 5).double()
    assert torch.allclose(KullbackLeibler()(output, hot), CrossEntropy()(output, hot.argmax(1)), rtol=1e-12)


@pytest.mark.parametrize(
    ("output", "target", "told"),
    [
        (normal(8, 5), ids(5, 8).int(), r"target is int32; class ids are int64, so give target.long\(\)"),
        (normal(8, 5), ids(5, 8).bool(), "target is bool"),
        (normal(8, 5), ids(5, 8, 1), r"class ids have shape \(8,\), so give target.reshape\(\(8,\)\)"),
        (normal(8, 5), ids(5, 7), "one id for each example"),
        (normal(8, 5), ids(2, 8, 5), r"target.argmax\(1\) if it is one-hot"),
        (normal(8, 5), ids(2, 8, 5).int(), "argmax.*target is int32"),
        (normal(8, 7, 5), ids(5, 8, 7), r"output.movedim\(-1, 1\)"),
        (normal(8, 5), ids(5, 8).float(), r"target is float32 of shape \(8,\).*target.long\(\)"),
        (normal(8, 5), normal(8, 4), r"output's shape \(8, 5\): give one for each class"),
        (normal(8, 1), torch.zeros(8, dtype=torch.int64), "a single class, whose penalty is always 0"),
        (normal(8, 1), torch.ones(8, 1), "a single class"),
        (normal(1), torch.tensor(0), "a single class"),
        (normal(), torch.tensor(0), "a single class"),
        (ids(5, 8, 5), ids(5, 8), "output is int64"),
        (normal(0, 5), ids(5, 0), "leave an empty batch out"),
        (normal(8, 5), ids(5, 8).to(torch.complex64), "target is complex64"),
        (normal(8, 2), normal(8, 2), r"target holds -.*probabilities are at least 0: give their softmax"),
        (normal(2, 2), torch.tensor([[0.5, 0.5], [0.0, 0.0]]), r"sum to 0; .*divide it by target.sum\(1"),
        (normal(2, 2), torch.tensor([[0.5, 0.5], [1.0, 1.0]]), "probabilities that sum to 2"),
        (normal(1, 2), torch.tensor([[torch.nan, 0.5]]), "target holds NaN"),
    ],
)
def test_what_the_cross_entropy_would_misread_is_refused_in_words(output, target, told):
    with pytest.raises(InvalidValue, match=f"^CrossEntropy: .*{told}"):
        CrossEntropy()(output, target)


@pytest.mark.parametrize(
    ("output", "target", "told"),
    [
        (normal(8, 5), ids(5, 8), "target is int64.*use CrossEntropy for class ids"),
        (normal(8, 5), normal(8, 4).softmax(1), "give both the same shape"),
        (normal(8, 1), torch.ones(8, 1), "a single class"),
        (normal(), torch.tensor(1.0), "a single class"),
        (normal(0, 5), normal(0, 5), "leave an empty batch out"),
        (normal(8, 5), normal(8, 5).log_softmax(1), "probabilities are at least 0: .*exp if logarithms"),
        (normal(8, 5), 2.0 * normal(8, 5).softmax(1), "an example's must sum to 1"),
    ],
)
def test_what_the_divergence_would_misread_is_refused_in_words(output, target, told):
    with pytest.raises(InvalidValue, match=f"^KullbackLeibler: .*{told}"):
        KullbackLeibler()(output, target)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_rounded_probabilities_are_no_false_alarm(dtype):
    soft = normal(64, 1000).softmax(1).to(dtype)
    assert KullbackLeibler()(normal(64, 1000), soft).isfinite()
    assert CrossEntropy()(normal(64, 1000).to(dtype), soft).isfinite()


@pytest.mark.parametrize("wrong", [-1, 5, 10**9])
@pytest.mark.parametrize("shape", [(8,), (2, 7), (2, 3, 4), ()])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_class_ids_out_of_range_are_refused_in_words(wrong, shape, smoothing):
    output, target = normal(*shape[:1], 5, *shape[1:]), torch.zeros(shape, dtype=torch.int64)
    target.view(-1)[-1] = wrong
    told = f"1 of {target.numel()} class ids are out of range, the first {wrong}; .* ids run from 0 to 4"
    with pytest.raises(InvalidValue, match=told):
        CrossEntropy(label_smoothing=smoothing)(output, target)


def test_ids_counted_from_1_are_told_to_count_from_0():
    with pytest.raises(InvalidValue, match=r"ids run from 0 to 2 .*; give target - 1\."):
        CrossEntropy()(normal(4, 3), torch.tensor([1, 2, 3, -100]))


def test_a_batch_with_nothing_to_average_is_refused_in_words():
    output = normal(3, 5)
    with pytest.raises(InvalidValue, match=r"all 3 targets are -100, the id to leave out.*leave such a batch out"):
        CrossEntropy()(output, torch.full((3,), -100))
    with pytest.raises(InvalidValue, match="all classes in this batch have weight 0"):
        CrossEntropy([0.0, 1.0, 1.0, 1.0, 1.0])(output, torch.zeros(3, dtype=torch.int64))


def test_outputs_that_are_nan_are_not_mistaken_for_that():
    assert CrossEntropy()(normal(3, 5) * torch.nan, ids(5, 3)).isnan()


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: CrossEntropy([1.0, 2.0])(normal(8, 5), ids(5, 8)), "2 class_weights and 5 classes in the output"),
        (lambda: CrossEntropy([1.0, 2.0])(normal(8, 5), ids(5, 8).int()), "target is int32.*2 class_weights and 5"),
        (lambda: CrossEntropy(torch.ones(2, 1)), r"shape is \(2, 1\); give one number for each class"),
        (lambda: CrossEntropy([1.0, -1.0]), "class_weights hold -1.0"),
        (lambda: CrossEntropy(label_smoothing=1.0), "label_smoothing is 1.0"),
        (lambda: CrossEntropy(ignore_index=3)(normal(8, 5), normal(8, 5).softmax(1)), "ignore_index is 3 and the target holds probabilities"),
    ],
)  # fmt: skip
def test_arguments_that_fit_nothing_are_refused_in_words(ask, told):
    with pytest.raises(InvalidValue, match=told):
        ask()
