"""Laws of steps over several batches, and of steps in less precision."""

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.errors import InvalidValue
from surefoot.pytorch.drop_in import AdamW
from surefoot.trace import joined
from surefoot.training.batches import Batches
from surefoot.training.compute import Compute
from surefoot.training.groups import Group, grouped, steps_in_epoch
from surefoot.training.loop import descend, usual_check
from surefoot.training.task import Task

ROWS = 150
"""Not a multiple of 16 nor of 64: an epoch ends with a batch of 6, in a group of two batches."""


def wave(dtype):
    x = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(0), dtype=dtype)
    return x, (x[:, :1] - 2 * x[:, 1:2]).sin()


def task(size, dtype=torch.float64, **changes):
    def network():
        return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)).to(dtype)

    train = Batches(*wave(dtype), size=size)
    return Task(**{"model": network, "penalty": nn.MSELoss(), "train": train, **changes})


def descended(task, steps, optimizer=AdamW, **choices):
    """Run the loop; return its ending, its model, its optimizer and its trace."""
    torch.manual_seed(0)
    model, pieces = task.make(), []
    made = optimizer(model.parameters(), lr=0.01)
    ending = descend(task, model, made, steps=steps, tell=pieces.append, **choices)
    return ending, model, made, joined(pieces)


@pytest.mark.parametrize("optimizer", [AdamW, torch.optim.SGD])
def test_four_batches_a_step_take_the_path_of_batches_four_times_as_large_also_where_an_epoch_ends(optimizer):
    _, one, _, large = descended(task(size=64), 8, optimizer)
    _, four, _, small = descended(task(size=16), 8, optimizer, accumulate=4)
    assert small["penalty"].steps.tolist() == list(range(8))
    np.testing.assert_allclose(small["penalty"].values, large["penalty"].values, rtol=1e-12)
    for p, q in zip(one.parameters(), four.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-9, atol=1e-12)


def test_one_batch_a_step_is_the_loop_as_everybody_writes_it():
    _, model, _, trace = descended(task(size=16), 10, torch.optim.SGD)
    torch.manual_seed(0)
    plain, source = task(size=16).make(), task(size=16).train
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.01)
    penalties = []
    for x, y in source.epoch(seed=0, number=0):
        optimizer.zero_grad()
        penalty = nn.functional.mse_loss(plain(x), y)
        penalty.backward()
        optimizer.step()
        penalties.append(penalty.item())
    assert trace["penalty"].values.tolist() == penalties
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), plain.parameters(), strict=True))


def test_the_penalty_recorded_is_the_mean_over_the_items_of_the_step():
    sizes = [3, 5]
    batches = [(torch.ones(n, 1), torch.full((n, 1), float(n))) for n in sizes]
    still = task(
        1, model=lambda: nn.Linear(1, 1), train=batches, penalty=lambda output, target: target.mean() + 0 * output.sum()
    )
    trace = descended(still, 1, accumulate=2)[3]
    assert trace["penalty"].values.tolist() == [(3 * 3 + 5 * 5) / 8]


def test_groups_end_with_the_epoch():
    groups = list(grouped(iter(task(size=16).train), 4))
    assert [(group.first, len(group.batches)) for group in groups] == [(0, 4), (4, 4), (8, 2)]
    assert groups[-1].shares == [16 / 22, 6 / 22]
    assert steps_in_epoch(task(size=16).train, 4) == usual_check(task(size=16), steps=30, accumulate=4) == 3
    assert steps_in_epoch(lambda: iter([]), 4) is None


def test_batches_without_items_have_equal_shares():
    assert Group(0, [torch.zeros(0, 1), torch.zeros(0, 1)]).shares == [0.5, 0.5]


def test_a_failure_within_a_step_names_its_batch():
    calls = 0

    def fails(output, target):
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyError(3)
        return nn.functional.mse_loss(output, target)

    ending, *_ = descended(task(size=16, penalty=fails), 5, accumulate=4)
    assert ending.reason == "computing the penalty of training batch 7 (step 1) failed: KeyError: 3"


def test_less_than_one_batch_a_step_and_a_model_elsewhere_are_refused_together():
    with pytest.raises(
        InvalidValue, match="accumulate is 0; it must be at least 1; device is cpu and the model is on meta"
    ):
        descended(task(16, model=lambda: nn.Linear(1, 1, device="meta")), 5, accumulate=0, compute=Compute("cpu"))


def test_bfloat16_takes_another_path_that_learns_and_leaves_all_that_is_kept_in_float32():
    changes = {"dtype": torch.float32, "validation": Batches(*wave(torch.float32))}
    _, model, optimizer, trace = descended(task(16, **changes), 400, compute=Compute(precision="bfloat16"))
    _, _, _, exact = descended(task(16, **changes), 400)
    assert not np.array_equal(trace["penalty"].values, exact["penalty"].values)
    np.testing.assert_allclose(trace["penalty"].values[:10], exact["penalty"].values[:10], rtol=0.05)
    assert trace["validation_penalty"].values[-1] < 0.5 * trace["validation_penalty"].values[0]
    kept = [*model.parameters(), *(p.grad for p in model.parameters())]
    kept += [value for state in optimizer.state.values() for value in state.values() if value.ndim]
    assert {tensor.dtype for tensor in kept} == {torch.float32}


def test_validation_is_judged_in_the_precision_of_the_run():
    seen = []

    def metric(output, target):
        seen.append(output.dtype)
        return output.mean()

    def penalty(output, target):
        seen.append(output.dtype)
        return nn.functional.mse_loss(output, target)

    changes = {"dtype": torch.float32, "validation": Batches(*wave(torch.float32), size=ROWS), "metrics": {"m": metric}}
    descended(task(ROWS, penalty=penalty, **changes), 1, compute=Compute(precision="bfloat16"))
    assert seen == [torch.bfloat16, torch.bfloat16, torch.float32]


def test_batches_of_any_kind_are_moved_for_forward(monkeypatch):
    moved = []

    def noted(self, batch):
        moved.append(batch)
        return batch

    monkeypatch.setattr(Compute, "moved", noted)
    batch = {"x": [torch.ones(2, 4)]}
    told = task(
        1,
        torch.float32,
        train=[batch],
        validation=[batch],
        penalty=None,
        forward=lambda model, batch: model(batch["x"][0]).mean(),
    )
    ending, *_ = descended(told, 1, compute=Compute("cpu"))
    assert (ending.kind, moved) == ("finished", [batch, batch])
