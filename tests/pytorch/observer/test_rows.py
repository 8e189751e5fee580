"""Weights whose rows begin equal: named if their gradients are equal too."""

import torch
from torch import nn

from surefoot.pytorch.observer.letters import Letters
from surefoot.pytorch.observer.rows import EqualRows


def rows_of(model, penalty):
    found = []
    letters = Letters()
    suspects = EqualRows(model, letters)
    penalty(model).backward()
    suspects.rows(letters, found)
    return found


def test_random_weights_are_no_suspects():
    assert not rows_of(nn.Sequential(nn.Linear(4, 8), nn.Conv1d(8, 3, 1)), lambda m: m[0].weight.sum())


def test_the_facts_of_equal_and_of_zero_weights_are_told():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    nn.init.constant_(model[0].weight, 0.1)
    nn.init.zeros_(model[2].weight)
    found = rows_of(model, lambda m: m(torch.randn(5, 4))[:, :1].sum())
    assert [(each.name, each.count, each.alike, each.zero) for each in found] == [
        ("0.weight", 8, True, False),
        ("2.weight", 3, True, True),
    ]
    assert [(each.gradient_zero, each.gradient_alike) for each in found] == [(True, True), (False, False)]


def test_a_frozen_layer_and_one_of_a_single_row_are_no_suspects():
    model = nn.Sequential(nn.Linear(4, 8).requires_grad_(False), nn.Linear(8, 1))
    for p in model.parameters():
        nn.init.zeros_(p)
    assert not rows_of(model, lambda m: m(torch.randn(5, 4)).sum())
