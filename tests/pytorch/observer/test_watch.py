"""A watch counts every step, of our optimizers also while it has no hook on them."""

import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.pytorch.observer.watch import Watch


def stepped(optimizer, times):
    for _ in range(times):
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = torch.ones_like(p)
        optimizer.step()


def nothing(watch):
    pass


@pytest.mark.parametrize("make", [torch.optim.SGD, sf.SGD, torch.optim.Adam, sf.AdamW])
def test_steps_are_counted_from_the_beginning_of_the_watch(make):
    optimizer = make([nn.Parameter(torch.zeros(2))], lr=0.1)
    stepped(optimizer, 2)
    watch = Watch(optimizer, nothing, nothing, nothing)
    stepped(optimizer, 3)
    assert watch.taken == 3
    assert watch.ours == make.__module__.startswith("surefoot")
    watch.settle()
    stepped(optimizer, 4)
    assert watch.taken == 7
    assert bool(optimizer._optimizer_step_pre_hooks) != watch.ours
    watch.close()
    stepped(optimizer, 1)
    assert not watch.ours or optimizer.witness is None
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_steps_without_any_gradient_are_counted_in_a_row():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(2))], lr=0.1)
    watch = Watch(optimizer, nothing, nothing, nothing)
    optimizer.step()
    optimizer.step()
    assert watch.bare == 2
    stepped(optimizer, 1)
    assert watch.bare == 0


def test_a_closure_that_computes_the_gradients_inside_the_step_is_no_step_without_them():
    p = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1)
    watch = Watch(optimizer, nothing, nothing, nothing)

    def closure():
        optimizer.zero_grad()
        (p**2).sum().backward()
        return 0.0

    for _ in range(3):
        optimizer.step(closure)
    assert watch.bare == 0
