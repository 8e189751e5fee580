"""What holds for every penalty as a module: devices, dtypes, autocast, compilation, copies, words."""

import copy
import pickle

import pytest
import torch
from tensors import ids, normal

import surefoot as sf
from surefoot.penalties import PENALTIES, Penalty, cross_entropy, huber
from surefoot.pytorch import penalties

soft, side, numbers = normal(8, 5).softmax(1), 2.0 * ids(2, 8, 5).float() - 1.0, normal(8, 5)
CASES = [
    (sf.MeanSquaredError(), numbers),
    (sf.MeanAbsoluteError(), numbers),
    (sf.Huber(0.5), numbers),
    (sf.Quantile(0.9), numbers),
    (sf.Quantile((0.1, 0.3, 0.5, 0.7, 0.9)), normal(8)),
    (sf.Poisson(), ids(9, 8, 5).float()),
    (sf.BinaryCrossEntropy(), soft),
    (sf.BinaryCrossEntropy((1.0, 2.0, 3.0, 4.0, 5.0)), soft),
    (sf.Hinge(), side),
    (sf.CrossEntropy(), ids(5, 8)),
    (sf.CrossEntropy([1.0, 2.0, 3.0, 4.0, 5.0], label_smoothing=0.1), ids(5, 8)),
    (sf.CrossEntropy(), soft),
    (sf.KullbackLeibler(), soft),
    (sf.Focal(), ids(5, 8)),
    (sf.Focal(1.5, [1.0, 2.0, 3.0, 4.0, 5.0]), ids(5, 8)),
]
every = pytest.mark.parametrize(("penalty", "target"), CASES, ids=lambda case: str(case) if callable(case) else "")


@every
def test_on_another_device_only_shapes_and_dtypes_are_looked_at(penalty, target):
    output = torch.empty(8, 5, device="meta")  # reading any value of it raises
    assert copy.deepcopy(penalty).to("meta")(output, target.to("meta")).shape == ()
    assert penalty(output, target.to("meta")).device.type == "meta"


@every
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_floating_dtype_works_and_has_a_gradient(penalty, target, dtype):
    output = normal(8, 5).to(dtype).requires_grad_()
    value = penalty(output, target.to(dtype) if target.is_floating_point() else target)
    value.backward()
    assert value.isfinite()
    assert output.grad.isfinite().all()
    close = penalty(output.detach().double(), target.double() if target.is_floating_point() else target)
    assert value.item() == pytest.approx(close.item(), rel=0.05)


@every
def test_targets_of_float32_and_outputs_of_bfloat16_go_together(penalty, target):
    if "class_weights" in str(penalty) or (target.is_floating_point() and isinstance(penalty, sf.CrossEntropy)):
        target = target if not target.is_floating_point() else target.bfloat16()  # torch wants one dtype here
    output = normal(8, 5).bfloat16().requires_grad_()
    penalty(output, target).backward()
    assert output.grad.isfinite().all()


@every
def test_autocast_changes_nothing_for_a_float32_output(penalty, target):
    output = normal(8, 5)
    with torch.autocast("cpu", torch.bfloat16):
        value = penalty(output, target)
        half = penalty(output.bfloat16(), target)
    assert torch.equal(value, penalty(output, target))
    assert half.item() == pytest.approx(value.item(), rel=0.05)


@every
def test_torch_compile_takes_it_in_one_graph(penalty, target):
    output = normal(8, 5)
    compiled = torch.compile(penalty, backend="eager", fullgraph=True)
    assert torch.equal(compiled(output, target), penalty(output, target))


@every
@pytest.mark.filterwarnings("ignore:There is a performance drop")  # torch has no batching rule for kl_div
def test_per_example_values_by_vmap_are_those_of_each_example(penalty, target):
    if getattr(penalty, "label_smoothing", 0.0) > 0.0:
        penalty = sf.CrossEntropy(penalty.class_weights)  # torch's own smoothing of weighted ids does not know vmap
    output = normal(8, 5)
    values = torch.func.vmap(penalty)(output, target)
    each = torch.stack([penalty(f, y) for f, y in zip(output, target, strict=True)])
    assert torch.allclose(values, each)


@every
def test_gradients_by_torch_func_are_those_of_backward(penalty, target):
    output = normal(8, 5).requires_grad_()
    penalty(output, target).backward()
    assert torch.allclose(torch.func.grad(penalty)(output.detach(), target), output.grad)


@every
def test_copies_and_pickles_give_the_same_and_know_the_same(penalty, target):
    output = normal(8, 5)
    for other in (copy.deepcopy(penalty), pickle.loads(pickle.dumps(penalty))):
        assert torch.equal(other(output, target), penalty(output, target))
        assert other.facts == penalty.facts
        assert str(other) == str(penalty)


@every
def test_neither_output_nor_target_is_changed_and_there_is_nothing_to_save(penalty, target):
    output, before = normal(8, 5), target.clone()
    kept = output.clone()
    penalty(output, target)
    assert torch.equal(output, kept)
    assert torch.equal(target, before)
    assert not penalty.state_dict()
    assert not list(penalty.parameters())


def test_every_fact_has_its_module_and_every_module_its_fact():
    kinds = [getattr(penalties, name) for name in penalties.__all__]
    assert {kind.facts.key for kind in kinds} == set(PENALTIES)
    assert all(kind.facts is PENALTIES[kind.facts.key] for kind in kinds)
    assert all(isinstance(kind().facts, Penalty) and kind().facts == kind.facts for kind in kinds)
    assert all(getattr(sf, name) is getattr(penalties, name) for name in penalties.__all__)


def test_a_penalty_holds_the_facts_of_its_arguments():
    assert sf.Huber(0.5).facts == huber(0.5)
    assert sf.CrossEntropy([1.0, 2.0], 0.1).facts == cross_entropy((1.0, 2.0), 0.1)
    assert sf.MeanSquaredError().facts is PENALTIES["mean_squared_error"]


@pytest.mark.parametrize(
    ("penalty", "shown"),
    [
        (sf.MeanSquaredError(), "MeanSquaredError()"),
        (sf.Huber(), "Huber(delta=1.0)"),
        (sf.Quantile([0.1, 0.9]), "Quantile(level=(0.1, 0.9))"),
        (sf.BinaryCrossEntropy(), "BinaryCrossEntropy()"),
        (sf.BinaryCrossEntropy(2), "BinaryCrossEntropy(positive_weight=2.0)"),
        (sf.BinaryCrossEntropy([1.0, 2.0]), "BinaryCrossEntropy(positive_weight=[1.0, 2.0])"),
        (sf.CrossEntropy(), "CrossEntropy()"),
        (sf.CrossEntropy(ignore_index=0), "CrossEntropy(ignore_index=0)"),
        (sf.CrossEntropy([1.0, 2.0], 0.1), "CrossEntropy(class_weights=[1.0, 2.0], label_smoothing=0.1)"),
        (sf.Focal(1.0, [1.0, 2.0], 255), "Focal(gamma=1.0, class_weights=[1.0, 2.0], ignore_index=255)"),
    ],
)
def test_a_penalty_prints_its_arguments(penalty, shown):
    assert repr(penalty) == shown
