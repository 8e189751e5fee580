"""What a fit holds at most: the copies of the weights are counted at every pass through the model."""

import gc

import pytest
import torch
from torch import nn

from surefoot.fitting import fit
from surefoot.training import copies
from surefoot.training.batches import Batches
from surefoot.training.task import Task

WIDTH, STEPS = 61, 400
X = torch.randn(64, WIDTH, generator=torch.Generator().manual_seed(0))
TRAIN, VALIDATION = Batches(X, X[:, :3], size=16), Batches(X[:32], X[:32, :3], size=32)
OWN = {"adamw": 4, "muon": 3, "sgd": 3}
"""Weights, gradients and the rule's slots, in copies of the weights."""


def model():
    return nn.Sequential(nn.Linear(WIDTH, WIDTH, bias=False), nn.ReLU(), nn.Linear(WIDTH, 3))


def as_large():
    """Return how many tensors as large as the first weight there are, each memory once."""
    with_those = [each for each in gc.get_objects() if type(each) in (torch.Tensor, nn.Parameter)]
    found = [each.untyped_storage() for each in with_those if each.numel() == WIDTH * WIDTH]
    return len({each.data_ptr() for each in found})


def counted(given, rule, **choices):
    """Return the most copies of a weight at any penalty of a fit, in its search and in its run."""
    counts = []

    def penalty(output, target):
        counts.append(as_large())
        return (output - target).square().mean()

    task = Task(model=given, penalty=penalty, train=TRAIN, validation=VALIDATION)
    gc.collect()
    gc.freeze()  # what is there already is not looked through, which would take as long as the fit
    try:
        run = fit(task, steps=STEPS, rule=rule, progress=False, **choices)
    finally:
        gc.unfreeze()
    searched = run.search.cost
    assert searched > 0
    assert len(counts) > STEPS + searched
    return max(counts)


@pytest.mark.parametrize("rule", ["adamw", "muon", "sgd"])
@pytest.mark.parametrize("given", [model, model()], ids=["made anew", "trained in place"])
def test_a_fit_holds_at_most_two_copies_beside_weights_gradients_and_slots(given, rule):
    there = isinstance(given, nn.Module)  # its own weights are not new
    assert counted(given, rule) <= OWN[rule] + 2 - there


def test_without_an_average_the_run_holds_one_copy_and_with_it_two():
    """The passes of a penalty come before there are gradients: a passing backward adds them."""
    slots = OWN["adamw"] - 2
    assert counted(model, "adamw") == 1 + slots + 2
    assert counted(model, "adamw", average=False) == 1 + slots + 1


def test_a_fit_whose_copies_are_on_disk_is_the_same_bit_for_bit(monkeypatch):
    task = Task(model=model, penalty=nn.MSELoss(), train=TRAIN, validation=VALIDATION)
    runs = []
    for most in (copies.IN_MEMORY, 0):
        monkeypatch.setattr(copies, "IN_MEMORY", most)
        runs.append(fit(task, steps=STEPS, progress=False))
    one, other = (run.model.state_dict() for run in runs)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert runs[0].best == runs[1].best
    assert runs[0].search.race == runs[1].search.race
