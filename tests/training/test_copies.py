"""Laws of copies: the values they hold are the tensors', bit for bit, in memory and on disk."""

import gc
import os
import tempfile

import pytest
import torch
from torch import nn

from surefoot.search.snapshot import Snapshot
from surefoot.training import copies
from surefoot.training.best import BestWeights
from surefoot.training.copies import Copies

DRAWN = torch.Generator().manual_seed(0)
ODD = torch.tensor([0.0, -0.0, 1e-45, torch.inf, -torch.inf, torch.nan, 1 / 3])
TENSORS = [
    ODD, torch.randn(3, 5, generator=DRAWN).T, torch.randn(4, 4, 4, generator=DRAWN)[:, 1], torch.tensor(2.5),
    torch.randn(9, generator=DRAWN).bfloat16(), torch.randn(3, generator=DRAWN).half(), torch.empty(0, 3),
    torch.randn(2, 7, generator=DRAWN).double(), torch.arange(5), torch.tensor([True, False, True]),
    torch.randn(6, generator=DRAWN).to(torch.complex64), torch.tensor([3], dtype=torch.int8),
    torch.randn(2, 3, 4, 5, generator=DRAWN).to(memory_format=torch.channels_last),
]  # fmt: skip


def bits(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).tolist()


@pytest.mark.parametrize("most", [0, 10**6])
def test_copies_hold_the_values_that_were_there_bit_for_bit(most):
    tensors = [tensor.clone() for tensor in TENSORS]
    held = Copies(tensors, most=most)
    assert held.on_disk == (most == 0)
    for tensor in tensors:
        tensor.zero_()
    for values, wanted in zip(held.values, TENSORS, strict=True):
        assert values.dtype == wanted.dtype
        assert values.shape == wanted.shape
        assert bits(values) == bits(wanted)


def test_a_file_leaves_nothing_behind_and_is_open_only_while_its_copies_live(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    held = Copies(TENSORS, most=0)
    assert held.on_disk
    assert list(tmp_path.iterdir()) == []
    del held
    gc.collect()
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before


def test_what_is_written_into_a_copy_reaches_no_other():
    weight = torch.ones(3)
    one, other = Copies([weight], most=0), Copies([weight], most=0)
    one.values[0].zero_()
    assert other.values[0].tolist() == weight.tolist() == [1.0, 1.0, 1.0]


def test_without_a_folder_to_write_to_copies_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    held = Copies([ODD], most=0)
    assert not held.on_disk
    assert bits(held.values[0]) == bits(ODD)


def test_tensors_that_are_not_dense_stay_in_memory():
    sparse = torch.eye(3).to_sparse()
    held = Copies([sparse], most=0)
    assert not held.on_disk
    assert torch.equal(held.values[0].to_dense(), torch.eye(3))


def test_copies_of_nothing_are_nothing():
    assert Copies([], most=0).values == []


def net():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    model[2].weight = model[0].weight  # tied
    return model


@pytest.mark.parametrize("most", [0, 10**6])
def test_best_weights_and_snapshots_come_back_bit_for_bit_wherever_they_were(most, monkeypatch):
    monkeypatch.setattr(copies, "IN_MEMORY", most)
    model = net()
    model[0].weight.grad = torch.full((4, 4), 0.1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    best, snapshot = BestWeights(model), Snapshot(model)
    best.remember(7)
    for back in (best.restore, snapshot.restore):
        with torch.no_grad():
            for tensor in (*model.parameters(), *model.buffers()):
                tensor.fill_(3)
        model[0].weight.grad = None
        back()
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(model[0].weight.grad, torch.full((4, 4), 0.1))
    assert model[2].weight is model[0].weight


@pytest.mark.parametrize("most", [0, 10**6])
def test_best_weights_go_on_from_a_checkpoint_wherever_they_are(most, monkeypatch):
    monkeypatch.setattr(copies, "IN_MEMORY", most)
    model = net()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = BestWeights(model), BestWeights(model)
    first.remember(7)
    second.load_state_dict(first.state_dict())
    with torch.no_grad():
        model[0].weight.zero_()
    second.restore()
    assert second.step == 7
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
