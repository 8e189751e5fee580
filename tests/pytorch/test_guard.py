"""Laws of the guard: a step that is not finite is not taken, nothing else changes, and it is told which and where."""

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.pytorch import guard as guarding

SCHEDULE = sf.warmup(3) >> sf.linear(12, to=0.1)
STEPS = 10


def network(kind=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)).to(kind)


def of(name, **options):
    def make(model):
        if name == "MuonAdamW":
            return sf.MuonAdamW(model, 0.05, schedule=SCHEDULE, **options)
        if name in ("lion", "nadamw", "rprop", "asgd"):
            return sf.RuleOptimizer(model.parameters(), name, 0.01, schedule=SCHEDULE, **options)
        groups = [{"params": [*model[0].parameters()], "lr": 0.02}, {"params": [*model[1:].parameters()]}]
        return getattr(sf, name)(groups, lr=0.05, schedule=SCHEDULE, **options)

    return make


def batch(step, kind):
    drawn = torch.Generator().manual_seed(step)
    return torch.randn(16, 4, generator=drawn).to(kind)


def trained(make, bad, kind=torch.float32, *, guarded, read_each=True):
    """Train on batches of which some are bad: under guard on all of them, else without the bad ones."""
    model = network(kind)
    optimizer = make(model)
    guard = sf.Guard(optimizer, model) if guarded else None
    skips = []
    for step in range(STEPS):
        if not guarded and step in bad:
            for group in optimizer.param_groups:
                group["t"] += 1
            continue
        x = batch(step, kind)
        if step in bad:
            x[3, 1] = bad[step]
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        skips += guard.read() if guard and read_each else []
    skips += guard.read() if guard else []
    return model, optimizer, skips


def tensors(model, optimizer):
    state = [value for entry in optimizer.state.values() for value in entry.values()]
    return [*model.state_dict().values(), *state]


def assert_same(first, second):
    ours, theirs = tensors(*first[:2]), tensors(*second[:2])
    assert len(ours) == len(theirs)
    assert all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(ours, theirs, strict=True))
    assert (
        [g["t"] for g in first[1].param_groups]
        == [g["t"] for g in second[1].param_groups]
        == [STEPS] * len(first[1].param_groups)
    )


@pytest.fixture(params=["at once", "by the device"])
def way(request, monkeypatch):
    """Where the decision is made; without an accelerator the second way is forced onto the CPU."""
    if request.param == "by the device":
        monkeypatch.setattr(guarding, "at_once", lambda work, clip: not work)


NAMES = ["SGD", "AdamW", "NAdam", "RMSprop", "ASGD", "MuonAdamW", "lion", "nadamw"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=str)
def test_the_run_is_the_one_from_which_the_bad_steps_were_left_out(name, kind):
    bad = {1: math.nan, 2: math.inf, 6: -math.inf}
    found = trained(of(name), bad, kind, guarded=True)
    assert_same(found, trained(of(name), bad, kind, guarded=False))
    assert [skip.step for skip in found[2]] == [1, 2, 6]


@settings(deadline=None, max_examples=25)
@given(
    st.dictionaries(st.integers(0, STEPS - 1), st.sampled_from([math.nan, math.inf, -math.inf])),
    st.sampled_from(["SGD", "AdamW", "NAdam", "MuonAdamW"]),
    st.sampled_from([None, 0.1]),
)
def test_bad_batches_at_any_steps_leave_no_mark(bad, name, clip):
    found = trained(of(name, clip=clip), bad, guarded=True)
    assert [skip.step for skip in found[2]] == sorted(bad)
    wanted = trained(of(name, clip=clip), bad, guarded=False)
    assert all(map(torch.equal, found[0].state_dict().values(), wanted[0].state_dict().values()))


@pytest.mark.parametrize("name", ["AdamW", "NAdam", "MuonAdamW"])
def test_counts_that_waited_for_the_device_are_right_after_the_reading(name, monkeypatch):
    monkeypatch.setattr(guarding, "at_once", lambda work, clip: not work)
    bad = {2: math.nan, 5: math.nan}
    _, late, skips = trained(of(name), bad, guarded=True, read_each=False)
    _, wanted, _ = trained(of(name), bad, guarded=False)
    assert [skip.step for skip in skips] == [2, 5]
    for ours, theirs in zip(late.state.values(), wanted.state.values(), strict=True):
        for key in ("step", "mu_product"):
            assert ours.get(key) == theirs.get(key)


def test_a_rule_that_counts_nothing_waits_for_no_reading(monkeypatch):
    monkeypatch.setattr(guarding, "at_once", lambda work, clip: not work)
    bad = {2: math.nan, 5: math.nan}
    found = trained(of("SGD", momentum=0.9), bad, guarded=True, read_each=False)
    assert_same(found, trained(of("SGD", momentum=0.9), bad, guarded=False))


@pytest.mark.usefixtures("way")
def test_what_waits_is_settled_before_the_state_is_saved():
    model = network()
    optimizer = of("AdamW")(model)
    with sf.Guard(optimizer) as guard:
        for x in (batch(0, torch.float32), torch.full((16, 4), math.nan), batch(1, torch.float32)):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
        assert {float(entry["step"]) for entry in optimizer.state_dict()["state"].values()} == {2.0}
        assert [skip.step for skip in guard.read()] == [1]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_where_all_is_finite_nothing_changes(name, kind):
    found = trained(of(name), {}, kind, guarded=True)
    assert_same(found, trained(of(name), {}, kind, guarded=False))
    assert found[2] == []


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=str)
def test_a_gradient_whose_square_overflows_is_finite(kind):
    p = nn.Parameter(torch.ones(3, dtype=kind))
    optimizer = sf.SGD([p], lr=1e-30)
    guard = sf.Guard(optimizer)
    p.grad = torch.full((3,), 3e30, dtype=kind)
    optimizer.step()
    assert guard.read() == []
    assert (p < 0).all()


def test_float64_gradients_whose_squares_overflow_are_finite():
    p = nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = sf.SGD([p], lr=1e-200)
    sf.Guard(optimizer)
    p.grad = torch.full((2,), 1e200, dtype=torch.float64)
    optimizer.step()
    assert (p == 0).all()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("penalty", [math.nan, torch.tensor(math.inf), torch.tensor(math.nan, requires_grad=True)])
def test_a_penalty_that_is_not_finite_is_reason_enough_for_one_step(penalty):
    p = nn.Parameter(torch.ones(3))
    optimizer = sf.AdamW([p], lr=0.1)
    guard = sf.Guard(optimizer)
    p.grad = torch.ones(3)
    guard.observe(1.0)
    guard.observe(penalty)
    optimizer.step()
    assert torch.equal(p.detach(), torch.ones(3))
    guard.observe(torch.tensor(0.5))
    optimizer.step()
    assert (p < 1).all()
    (skip,) = guard.read()
    assert str(skip) == "the penalty not finite"
    assert optimizer.state[p]["step"] == 1


@pytest.mark.usefixtures("way")
def test_what_a_closure_returns_is_observed():
    p = nn.Parameter(torch.ones(1))
    optimizer = sf.SGD([p], lr=0.1)
    guard = sf.Guard(optimizer)

    def closure():
        optimizer.zero_grad()
        p.sum().backward()
        return p.sum() / 0.0

    assert optimizer.step(closure).isinf()
    assert p.item() == 1.0
    assert [skip.penalty for skip in guard.read()] == [True]


@pytest.mark.usefixtures("way")
def test_names_are_in_the_models_order_and_only_those_at_fault():
    model = network()
    optimizer = sf.MuonAdamW(model, 0.01)
    guard = sf.Guard(optimizer, model)
    model(batch(0, torch.float32)).sum().backward()
    model[3].bias.grad[0] = math.nan
    model[0].weight.grad[2, 2] = math.inf
    optimizer.step()
    (skip,) = guard.read()
    assert skip.parameters == ("0.weight", "3.bias")
    assert str(skip) == "the gradient of 0.weight and of 1 more not finite"


@pytest.mark.usefixtures("way")
def test_a_parameter_without_a_gradient_and_an_empty_one_are_no_trouble():
    model = network()
    frozen, empty = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(0))
    optimizer = sf.AdamW([*model.parameters(), frozen, empty], lr=0.1)
    guard = sf.Guard(optimizer, model)
    for x in (batch(0, torch.float32), torch.full((16, 4), math.nan)):
        optimizer.zero_grad()
        (model(x).square().mean() + empty.sum()).backward()
        optimizer.step()
    optimizer.zero_grad()
    optimizer.step()  # nothing to do at all
    assert [skip.step for skip in guard.read()] == [1]


def test_statistics_of_a_step_that_was_not_taken_have_no_rows():
    p = nn.Parameter(torch.ones(1))
    optimizer = sf.SGD([p], lr=0.1)
    sf.Guard(optimizer)
    p.grad = torch.tensor([math.nan])
    optimizer.step()
    assert optimizer.statistics.parameters == []
    assert optimizer.statistics.gradient_norm == 0.0


def test_nobody_who_never_reads_keeps_more_than_a_hundred_steps(monkeypatch):
    monkeypatch.setattr(guarding, "at_once", lambda work, clip: not work)
    p = nn.Parameter(torch.ones(1))
    optimizer = sf.AdamW([p], lr=0.1)
    guard = sf.Guard(optimizer)
    for step in range(150):
        p.grad = torch.tensor([math.nan if step in (3, 140) else 1.0])
        optimizer.step()
        assert len(guard._pending) < guarding.MOST
    assert [skip.step for skip in guard.read()] == [3, 140]
    assert optimizer.state[p]["step"] == 148


def test_a_copy_has_no_guard_and_the_state_is_the_same():
    model, optimizer, _ = trained(of("AdamW"), {}, guarded=True)
    plain = trained(of("AdamW"), {}, guarded=False)[1]
    assert str(optimizer.state_dict()) == str(plain.state_dict())
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps((model, optimizer)))[1]):
        p = twin.param_groups[0]["params"][0]
        p.grad = torch.full_like(p, math.nan)
        twin.step()
        assert p.isnan().all()


def test_a_closed_guard_lets_everything_through():
    p = nn.Parameter(torch.ones(1))
    optimizer = sf.SGD([p], lr=0.1)
    with sf.Guard(optimizer):
        pass
    p.grad = torch.tensor([math.nan])
    optimizer.step()
    assert p.isnan()
    sf.Guard(optimizer).close()  # another may take its place


def test_a_compiled_training_step_is_guarded():
    model = network()
    optimizer = sf.AdamW(model.parameters(), lr=0.01)
    guard = sf.Guard(optimizer, model)

    @torch.compile(backend="eager")
    def step(x):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()

    step(batch(0, torch.float32))
    before = [p.detach().clone() for p in model.parameters()]
    step(torch.full((16, 4), math.nan))
    assert all(map(torch.equal, before, model.parameters()))
    assert [skip.step for skip in guard.read()] == [1]


def test_what_cannot_be_guarded_is_refused_in_words():
    p = nn.Parameter(torch.ones(1))
    with pytest.raises(InvalidValue, match=r"torch's AdamW, whose steps cannot be left out; use one of ours"):
        sf.Guard(torch.optim.AdamW([p]))
    optimizer = sf.AdamW([p])
    sf.Guard(optimizer)
    with pytest.raises(InvalidValue, match=r"has a guard already.*model is a list"):
        sf.Guard(optimizer, [p])
