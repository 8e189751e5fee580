"""The penalties against torch, and their facts against measurement."""

import math

import pytest
import torch
from torch.nn import functional

from surefoot.errors import InvalidValue
from surefoot.penalties import CROSS_ENTROPY, MEAN_SQUARED_ERROR, Classes, Numbers
from surefoot.pytorch.penalties import CrossEntropy, MeanSquaredError

random = torch.Generator().manual_seed(0)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=random)


def ids(count: int, *shape: int) -> torch.Tensor:
    return torch.randint(count, shape, generator=random)


def untrained(inputs: int, outputs: int, seed: int = 0) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(torch.nn.Linear(inputs, 64), torch.nn.ReLU(), torch.nn.Linear(64, outputs))


def same_as_torch(ours, torchs, output, target) -> None:
    mine, theirs = (output.clone().requires_grad_() for _ in range(2))
    value, wanted = ours(mine, target), torchs(theirs, target)
    value.backward()
    wanted.backward()
    assert torch.equal(value, wanted)
    assert torch.equal(mine.grad, theirs.grad)


@pytest.mark.parametrize("shape", [(8,), (8, 1), (8, 3), (2, 3, 4), ()])
def test_the_mean_squared_error_and_its_gradient_are_torchs(shape):
    same_as_torch(MeanSquaredError(), functional.mse_loss, normal(*shape), normal(*shape))


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


def test_an_id_to_ignore_is_left_out():
    output = normal(3, 5)
    kept = CrossEntropy()(output[:2], torch.tensor([1, 2]))
    assert torch.allclose(CrossEntropy(ignore_index=0)(output, torch.tensor([1, 2, 0])), kept)


def test_a_constant_added_to_all_outputs_of_an_example_changes_nothing():
    output, target = normal(8, 5).double(), ids(5, 8)
    assert torch.allclose(CrossEntropy()(output, target), CrossEntropy()(output + normal(8, 1), target), rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_an_untrained_nets_cross_entropy_is_near_ln_k(classes):
    value = CrossEntropy()(untrained(20, classes)(normal(2000, 20)), ids(classes, 2000)).item()
    assert value == pytest.approx(CROSS_ENTROPY.at_start(Classes.equal(classes)), abs=0.1)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_it_is_near_ln_k_whatever_the_prior_on_the_mean_of_many_nets(classes):
    target = torch.zeros(100, dtype=torch.int64)  # one net may favour the only class, by 0.25 either way
    values = [CrossEntropy()(untrained(20, classes, seed)(normal(100, 20)), target).item() for seed in range(50)]
    prior = Classes((1.0,) + (0.0,) * (classes - 1))
    assert sum(values) / 50 == pytest.approx(CROSS_ENTROPY.at_start(prior), abs=0.1)


def test_a_net_that_knows_only_the_prior_stands_at_chance():
    prior = (0.7, 0.2, 0.1)
    target = torch.tensor([0] * 70 + [1] * 20 + [2] * 10)
    value = CrossEntropy()(torch.tensor(prior).log().expand(100, 3), target).item()
    assert value == pytest.approx(CROSS_ENTROPY.chance_level(Classes(prior)), rel=1e-6)
    assert CrossEntropy()(torch.zeros(100, 3), target).item() == pytest.approx(math.log(3), rel=1e-6)


def test_an_untrained_nets_squared_error_is_near_the_second_moment():
    target = 5.0 + 2.0 * normal(4000, 1)
    facts = Numbers(target.mean().item(), target.var(correction=0).item())
    value = MeanSquaredError()(untrained(20, 1)(normal(4000, 20)), target).item()
    assert value == pytest.approx(MEAN_SQUARED_ERROR.at_start(facts), rel=0.1)
    zero = MeanSquaredError()(torch.zeros_like(target), target).item()
    assert zero == pytest.approx(MEAN_SQUARED_ERROR.at_start(facts), rel=1e-5)


def test_the_best_constant_output_stands_at_the_variance():
    target = 5.0 + 2.0 * normal(1000)
    facts = Numbers(target.mean().item(), target.var(correction=0).item())
    value = MeanSquaredError()(target.mean().expand(1000), target).item()
    assert value == pytest.approx(MEAN_SQUARED_ERROR.chance_level(facts), rel=1e-5)


def test_the_bounds_are_reached_where_the_facts_say_so():
    target = normal(8)
    assert MeanSquaredError()(target, target).item() == MEAN_SQUARED_ERROR.lower_bound
    sure = 50.0 * functional.one_hot(ids(5, 8), 5).float()
    assert CrossEntropy()(sure, sure.argmax(1)).item() == pytest.approx(CROSS_ENTROPY.lower_bound, abs=1e-6)
    soft = normal(8, 5).softmax(1)
    entropy = -(soft * soft.log()).sum(1).mean()
    assert torch.allclose(CrossEntropy()(soft.log(), soft), entropy)


@pytest.mark.parametrize(
    ("output", "target", "told"),
    [
        (normal(8, 1), normal(8), r"output has shape \(8, 1\) and the target \(8,\).*target.reshape\(output.shape\)"),
        (normal(8), normal(8, 1), r"target.reshape\(output.shape\)"),
        (normal(8, 2), normal(8), "give both the same shape"),
        (normal(8), ids(3, 8), r"target is int64.*target.float\(\).*CrossEntropy"),
        (ids(3, 8), normal(8), "output is int64"),
        (normal(0), normal(0), "leave an empty batch out"),
        (normal(8, 1), ids(3, 8), r"target is int64.*target.reshape"),
        (normal(8).to(torch.complex64), normal(8), "output is complex64"),
    ],
)
def test_what_the_mean_squared_error_would_misread_is_refused_in_words(output, target, told):
    with pytest.raises(InvalidValue, match=told):
        MeanSquaredError()(output, target)


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
    ],
)
def test_what_the_cross_entropy_would_misread_is_refused_in_words(output, target, told):
    with pytest.raises(InvalidValue, match=told):
        CrossEntropy()(output, target)


@pytest.mark.parametrize("wrong", [-1, 5, 10**9])
@pytest.mark.parametrize("shape", [(8,), (2, 7), (2, 3, 4), ()])
def test_class_ids_out_of_range_are_refused_in_words(wrong, shape):
    output, target = normal(*shape[:1], 5, *shape[1:]), torch.zeros(shape, dtype=torch.int64)
    target.view(-1)[-1] = wrong
    told = f"1 of {target.numel()} class ids are out of range, the first {wrong}; .* ids run from 0 to 4"
    with pytest.raises(InvalidValue, match=told):
        CrossEntropy()(output, target)


def test_on_another_device_only_shapes_and_dtypes_are_looked_at():
    output = torch.empty(8, 5, device="meta")
    assert CrossEntropy()(output, torch.empty(8, dtype=torch.int64, device="meta")).shape == ()
    assert MeanSquaredError()(output, output).shape == ()


def test_torch_compile_takes_the_penalties_in_one_graph():
    output, target = normal(8, 5), ids(5, 8)
    compiled = torch.compile(CrossEntropy(), backend="eager", fullgraph=True)
    assert torch.equal(compiled(output, target), functional.cross_entropy(output, target))
    compiled = torch.compile(MeanSquaredError(), backend="eager", fullgraph=True)
    assert torch.equal(compiled(output, output + 1.0), functional.mse_loss(output, output + 1.0))


def test_per_example_gradients_by_vmap_work():
    output, target = normal(8, 5), ids(5, 8)
    values = torch.func.vmap(CrossEntropy())(output, target)
    assert torch.allclose(values.mean(), functional.cross_entropy(output, target))


def test_a_penalty_holds_its_facts_and_prints_its_arguments():
    assert MeanSquaredError().facts is MEAN_SQUARED_ERROR
    assert CrossEntropy.facts is CROSS_ENTROPY
    assert repr(CrossEntropy()) == "CrossEntropy()"
    assert repr(CrossEntropy(ignore_index=0)) == "CrossEntropy(ignore_index=0)"
