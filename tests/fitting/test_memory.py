"""What a fit holds at most: the copies of the weights are counted at every pass through the model."""

import gc

import pytest
import torch
from torch import nn

from surefoot.fitting import fit
from surefoot.training import copies
from surefoot.training.batches import Batches
from surefoot.training.task import Task

WIDTH, STEPS = 31, 260
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


@pytest.mark.parametrize("rule", ["adamw", "sgd"])
def test_a_fit_holds_two_copies_at_most_beside_weights_gradients_and_slots(rule):
    assert counted(model, rule) == OWN[rule] + 2


@pytest.mark.parametrize("rule", ["adamw", "sgd"])
def test_a_fit_of_a_module_in_place_holds_no_more(rule):
    assert counted(model(), rule) <= OWN[rule] + 2


def test_without_an_average_the_run_holds_one_copy():
    assert counted(model, "adamw", average=False) == OWN["adamw"] + 1


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
