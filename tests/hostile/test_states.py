"""States that an optimizer is to load, with something else in some place of them."""

from copy import deepcopy

import pytest
import torch
from hostility import assert_one_sentence, fuzzed, trees, values
from hypothesis import given
from hypothesis import strategies as st

import surefoot as sf
from surefoot.errors import InvalidValue, SurefootError

OPTIMIZERS = {
    "AdamW": lambda of: sf.AdamW(of, step_size=1e-3, schedule=sf.linear(to=0.5).over(steps=9)),
    "SGD": lambda of: sf.SGD(of, lr=0.1, momentum=0.9),
    "NAdam": lambda of: sf.NAdam(of, step_size=1e-3),
    "Muon": lambda of: sf.Muon(of, step_size=1e-3),
}

tensors = st.sampled_from([
    torch.ones(2, 3), torch.ones(7), torch.tensor(float("nan")), torch.ones(1, 2, 3), torch.ones(0), torch.tensor(-5.0),
    torch.ones(2, 3, device="meta"), torch.ones(2, 3).to_sparse(), torch.ones(2, 3, dtype=torch.complex64),
    torch.ones(2, 3, dtype=torch.int64), torch.ones(1).expand(2, 3), torch.ones(2, 3, dtype=torch.bool),
])  # fmt: skip


def stepped(name):
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.ones(2, 3))
    optimizer = OPTIMIZERS[name]([weight])
    for _ in range(2):
        weight.grad = torch.randn(2, 3)
        optimizer.step()
    return weight, optimizer


def altered(draw, state):
    """A state in which one value, at any depth, is another one or gone."""
    state, place, key = deepcopy(state), None, None
    inside = state
    while isinstance(inside, (dict, list)) and inside and (place is None or draw(st.integers(0, 4))):
        place, key = inside, draw(st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside))))
        inside = place[key]
    if draw(st.integers(0, 5)):
        place[key] = draw(trees | tensors | values)
    else:
        del place[key]
    return state


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.mark.parametrize("name", OPTIMIZERS)
@fuzzed
@given(st.data())
def test_any_state_is_taken_over_or_refused_whole_in_one_sentence(name, data):
    weight, optimizer = stepped(name)
    before, weights = deepcopy(optimizer.state_dict()), weight.detach().clone()
    try:
        optimizer.load_state_dict(altered(data.draw, before))
    except InvalidValue as error:
        assert_one_sentence(str(error))
        assert equal(optimizer.state_dict(), before)
        assert torch.equal(weight, weights)
        return
    weight.grad = torch.ones(2, 3)
    try:
        optimizer.step()
    except SurefootError as error:  # a value out of its bounds, as in param_groups at any time
        assert_one_sentence(str(error))
        assert torch.equal(weight, weights)


@given(trees | tensors)
def test_what_is_no_state_is_refused_in_one_sentence(given):
    _, optimizer = stepped("AdamW")
    with pytest.raises(InvalidValue, match=r"AdamW: .*give what state_dict\(\) returned") as caught:
        optimizer.load_state_dict(given)
    assert_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state["param_groups"].append({}), "the state has 2 groups and the optimizer has 1; group"),
        (lambda state: state["param_groups"][0].update(params=[0, 1]), "group 0 has 2 parameters and the .* has 1"),
        (lambda state: state["param_groups"][0].update(lr="fast"), "group 0: lr is 'fast'; it must be a number"),
        (lambda state: state["param_groups"][0].update(betas=[0.9]), "group 0: betas is a list; it must be 2 numbers"),
        (lambda state: state["param_groups"][0].update(t=-4), "group 0: t is -4; it must be a whole number of steps"),
        (lambda state: state["param_groups"][0].update(maximize="no"), "maximize is 'no'; it must be true or false"),
        (lambda state: state["state"][0].update(step=float("nan")), "parameter 0: step is nan; it must be a number of"),
        (lambda state: state["state"][0].update(exp_avg=torch.ones(3)),
         r"exp_avg is a tensor of shape \[3\] .*; it must be a dense tensor of shape \[2, 3\]"),
        (lambda state: state.update(feedback={"bes": 1.0}), "feedback is a dict; it must be a dict of multiplier, best"),
    ],
)  # fmt: skip
def test_the_sentence_says_where_and_what_it_must_be(change, words):
    _, optimizer = stepped("AdamW")
    state = deepcopy(optimizer.state_dict())
    change(state)
    with pytest.raises(InvalidValue, match=words):
        optimizer.load_state_dict(state)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_flag_that_torch_does_not_set_itself_is_true_or_false(name):
    _, optimizer = stepped(name)
    state = deepcopy(optimizer.state_dict())
    state["param_groups"][0]["differentiable"] = None
    with pytest.raises(InvalidValue, match="differentiable is None; it must be true or false"):
        optimizer.load_state_dict(state)
