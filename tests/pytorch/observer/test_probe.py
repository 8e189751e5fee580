"""A probe knows whether the gradient that a step used was cleared before backward added to it."""

import gc
import weakref

import pytest
import torch
from torch import nn

from surefoot.pytorch.observer.probe import Probe


def probed():
    parameter = nn.Parameter(torch.ones(3))
    return parameter, Probe(parameter, "p")


def backward(parameter):
    (parameter**2).sum().backward()


CLEARED = {
    "set to none": lambda p: setattr(p, "grad", None),
    "set to zero": lambda p: p.grad.zero_(),
    "another tensor": lambda p: setattr(p, "grad", torch.zeros(3)),
    "halved": lambda p: p.grad.mul_(0.5),
}


@pytest.mark.parametrize("clear", CLEARED.values(), ids=CLEARED)
def test_a_gradient_that_anybody_writes_after_the_step_is_not_carried(clear):
    parameter, probe = probed()
    backward(parameter)
    probe.stepped()
    clear(parameter)
    backward(parameter)
    assert not probe.carried


def test_a_gradient_that_is_only_added_to_is_carried_however_often_and_though_it_is_clipped_after():
    parameter, probe = probed()
    backward(parameter)
    probe.stepped()
    backward(parameter)
    backward(parameter)
    nn.utils.clip_grad_norm_([parameter], 1.0)
    assert probe.carried
    probe.stepped()
    assert not probe.carried


def test_a_clearing_between_two_backwards_breaks_the_chain_for_good():
    parameter, probe = probed()
    backward(parameter)
    probe.stepped()
    backward(parameter)
    parameter.grad.zero_()
    backward(parameter)
    assert not probe.carried


def test_gradients_cleared_between_backwards_are_counted_as_thrown_away():
    parameter, probe = probed()
    for clear in (CLEARED["set to none"], CLEARED["set to zero"]):
        backward(parameter)
        clear(parameter)
    backward(parameter)
    backward(parameter)
    assert probe.discarded == 2


def test_a_probe_keeps_no_gradient_alive():
    parameter, probe = probed()
    backward(parameter)
    probe.stepped()
    kept = weakref.ref(parameter.grad)
    parameter.grad = None
    gc.collect()
    assert kept() is None


def test_a_closed_probe_leaves_no_hook():
    parameter, probe = probed()
    probe.close()
    assert not parameter._backward_hooks
    assert not parameter._post_accumulate_grad_hooks
