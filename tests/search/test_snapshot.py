"""Laws of a snapshot: every bit comes back, on every way out, and the data begin where they did."""

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, TensorDataset

from surefoot.errors import InvalidValue
from surefoot.pytorch.drop_in import AdamW
from surefoot.search.snapshot import Snapshot
from surefoot.training.batches import Batches
from surefoot.training.sources import Kept, again, repeatable

X, Y = torch.randn(24, 4, generator=torch.Generator().manual_seed(0)), torch.ones(24, 1)


class Odd(nn.Module):
    """Replaces a buffer in every forward, keeps one out of its state dict, and has extra state."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("secret", torch.zeros(2), persistent=False)
        self.calls = 0

    def forward(self, given):
        self.seen = self.seen + 1
        self.secret.add_(1)
        self.calls += 1
        return given * self.weight

    def get_extra_state(self):
        return {"calls": self.calls}

    def set_extra_state(self, state):
        self.calls = state["calls"]


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), Odd(), nn.Dropout(0.5), nn.Linear(4, 1))


def everything(model, optimizer=None):
    """All that must come back, as one comparable text: bytes of tensors, modes, generators."""
    tensors = {
        name: (id(t), t.requires_grad, bits(t), bits(t.grad))
        for name, t in (*model.named_parameters(), *model.named_buffers())
    }
    own = [module.training for module in model.modules()]
    draws = (bits(torch.get_rng_state()), random.getstate(), str(np.random.get_state()))
    return tensors, own, draws, model[2].calls, None if optimizer is None else str(optimizer.state_dict())


def bits(tensor):
    return None if tensor is None else tensor.detach().numpy().tobytes()


def marked(model, optimizer):
    """Leave a mark wherever training can."""
    model.train()
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        model(X).square().mean().backward()
        optimizer.step()
    model[0].weight.requires_grad_(False)
    model[4].weight.data = torch.zeros(1, 4)
    model[1].running_mean.fill_(torch.nan)
    model[3].eval()
    random.random(), np.random.rand(), torch.rand(())


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, AdamW])
@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt, SystemExit])
def test_every_bit_comes_back_on_every_way_out(kind, error):
    model = network().eval()
    optimizer = kind(model.parameters(), lr=0.1)
    model(X).square().mean().backward()
    optimizer.step()  # so that there are gradients and a state to come back to
    before = everything(model, optimizer)

    def work():
        with Snapshot(model, optimizer):
            marked(model, optimizer)
            assert everything(model, optimizer) != before
            if error is not None:
                raise error

    if error is None:
        work()
    else:
        with pytest.raises(error):
            work()
    assert everything(model, optimizer) == before


def test_training_goes_on_as_if_nothing_had_been():
    def path(searched):
        model = network()
        optimizer = AdamW(model.parameters(), lr=0.01)
        for step in range(6):
            if searched and step == 3:
                with Snapshot(model, optimizer):
                    marked(model, optimizer)
            optimizer.zero_grad()
            penalty = model(X).square().mean()
            penalty.backward()
            optimizer.step()
        return penalty.item(), bits(model[1].running_var)

    assert path(searched=True) == path(searched=False)


def test_it_can_be_put_back_again_and_again():
    model = network()
    snapshot, before = Snapshot(model), everything(model)
    for _ in range(2):
        marked(model, torch.optim.SGD(model.parameters(), lr=1.0))
        snapshot.restore()
        assert everything(model) == before


def test_a_copy_shares_nothing_with_the_model():
    model = network()
    snapshot = Snapshot(model)
    other = copy.deepcopy(model)
    model[0].weight.data.zero_()
    snapshot.restore()
    assert torch.equal(model[0].weight, other[0].weight)


def test_a_parameter_that_is_not_made_yet_is_refused():
    with pytest.raises(InvalidValue, match="call the model on one batch first"):
        Snapshot(nn.LazyLinear(3))


class Noisy(TensorDataset):
    """A data set with a generator of its own."""

    def __init__(self, *tensors):
        super().__init__(*tensors)
        self.draws = np.random.default_rng(0)

    def __getitem__(self, index):
        return self.tensors[0][index] + self.draws.normal(), self.tensors[1][index]


class Placed:
    """A loader that knows its place."""

    def __init__(self):
        self.at = 0

    def __iter__(self):
        for _ in range(4):
            self.at += 1
            yield torch.tensor(float(self.at))

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


def read(source, count):
    found = []
    for batch in source:
        found.append(batch)
        if len(found) == count:
            break
    return str(found)


LOADERS = {
    "shuffled by torch's generator": lambda: DataLoader(TensorDataset(X, Y), batch_size=5, shuffle=True),
    "by a generator of its own": lambda: DataLoader(
        TensorDataset(X, Y), 5, shuffle=True, generator=torch.Generator().manual_seed(7)
    ),
    "by its sampler's": lambda: DataLoader(
        TensorDataset(X, Y), 5, sampler=RandomSampler(X, generator=torch.Generator().manual_seed(8))
    ),
    "with noise of the data set's": lambda: DataLoader(Noisy(X, Y), batch_size=5),
    "stateful": Placed,
}


@pytest.mark.parametrize("name", LOADERS)
def test_the_place_in_the_data_comes_back(name):
    loader = LOADERS[name]()
    assert repeatable(loader)
    read(loader, 2)
    snapshot = Snapshot(None, sources=[loader])
    first = read(loader, 3)
    other = read(loader, 3)
    assert first != other
    snapshot.restore()
    assert (read(loader, 3), read(loader, 3)) == (first, other)


class Endless(IterableDataset):
    def __iter__(self):
        return iter(range(9))


def test_what_cannot_be_begun_again_is_known():
    stream = DataLoader(Endless(), batch_size=2)
    assert [repeatable(source) for source in (Batches(X, Y), [1], stream, lambda: [1], Kept([1], 1))] == [
        True,
        True,
        False,
        False,
        True,
    ]


def counting():
    """A source that gives other batches each time."""
    drawn = 0

    def epoch():
        nonlocal drawn
        for _ in range(3):
            drawn += 1
            yield torch.tensor([float(drawn)])

    return epoch


def numbers(batches):
    return [int(batch) for batch in batches]


def test_what_is_kept_is_given_again_and_then_the_source_goes_on():
    kept = again(counting(), batches=5)
    for _ in range(2):
        assert numbers(kept.epoch(0, 0)) == [1, 2, 3]
    assert numbers(kept.epoch(0, 1)) == [4, 5, 6]  # the sixth from where the source stood
    assert numbers(kept.epoch(0, 2)) == [7, 8, 9]


def test_too_much_to_keep_is_refused_with_the_number():
    with pytest.raises(InvalidValue, match=r"more than the 0 MiB .* give a loader over a data set"):
        again(counting(), batches=5, memory=7)


def test_memory_that_a_loader_fills_again_is_copied():
    place = torch.zeros(1)

    def epoch():
        for number in range(3):
            yield place.fill_(number)

    assert numbers(again(epoch, batches=3).epoch(0, 0)) == [0, 1, 2]
