"""The passes of a model: what is kept of them, and what makes a burst of passes without gradients."""

import torch
from torch import nn

from surefoot.pytorch.observer.calls import MANY, Calls


def graded(model, calls, times):
    for _ in range(times):
        model(torch.randn(4, 3))
        calls.observed()


def ungraded(model, times, x=None):
    with torch.no_grad():
        for _ in range(times):
            model(torch.randn(4, 3) if x is None else x)


def test_the_last_two_passes_that_made_a_graph_are_kept_with_their_arguments():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    a, b, c = torch.randn(3, 4, 3)
    for x in (a, b, c):
        model(input=x)
    ungraded(model, 2)
    assert [each.kwargs["input"] is x for each, x in zip(calls.kept, (c, b), strict=True)] == [True, True]
    calls.close()
    assert not calls.kept
    assert not model._forward_pre_hooks


def test_the_random_state_is_kept_where_the_model_draws_and_replays_its_pass():
    model = nn.Dropout(0.5)
    calls = Calls(model)
    x = torch.ones(64, requires_grad=True)
    found = model(x)
    calls.learn_draws()
    assert calls.draws
    torch.set_rng_state(calls.kept[0].draws)
    assert torch.equal(model(x), found)


def test_no_random_state_is_kept_where_the_model_does_not_draw():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    graded(model, calls, 1)
    calls.learn_draws()
    graded(model, calls, 1)
    assert calls.kept[0].draws is None


def test_autocast_is_kept_with_the_pass():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model(torch.randn(4, 3))
    assert calls.kept[0].precision == {"cpu": torch.bfloat16}


def test_passes_without_gradients_are_a_burst_only_after_many_with_them():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    ungraded(model, 9)
    for _ in range(5):  # a GAN's generator
        graded(model, calls, 1)
        ungraded(model, 5)
    assert calls.bursts == 0
    graded(model, calls, MANY)
    ungraded(model, 1)
    assert calls.bursts == 0
    ungraded(model, 1)
    assert (calls.bursts, calls.repeated) == (1, False)
    assert calls.modules is not None


def test_passes_without_gradients_in_eval_mode_are_no_burst():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    graded(model, calls, 9)
    model.eval()
    ungraded(model, 9)
    assert calls.bursts == 0


def test_the_same_input_again_is_noticed():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    graded(model, calls, 9)
    ungraded(model, 3, torch.randn(4, 3))
    assert calls.repeated


def test_a_backward_through_the_output_makes_a_graph_in_eval_mode_useful():
    model = nn.Linear(3, 2).eval()
    calls = Calls(model)
    for _ in range(12):
        model(torch.randn(4, 3))
    assert calls.useless == 11
    x = torch.randn(4, 3, requires_grad=True)
    torch.autograd.grad(model(x).sum(), x)
    assert calls.useless == 0
    model.train()
    model(x)
    assert not model._forward_hooks


def test_batches_are_told_apart_by_their_numbers():
    model = nn.Linear(3, 2)
    calls = Calls(model)
    x = torch.randn(4, 3)
    for given in (x, x.clone(), x + 1):
        model(given)
        calls.look()
        found = calls.alike
    assert found == 1
    model(x + 1)
    calls.look()
    assert calls.alike == 2
