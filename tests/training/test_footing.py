"""Laws of the footing: bad batches leave no mark, falls are got up from with smaller steps, and the last one ends a run."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.stopping import Patience
from surefoot.trace import Series, joined
from surefoot.training.batches import Batches
from surefoot.training.choices import SCHEDULE, optimizer_of
from surefoot.training.footing import CUTS, Footing
from surefoot.training.loop import descend
from surefoot.training.task import Task

X = torch.randn(96, 5, generator=torch.Generator().manual_seed(0))
Y = X @ torch.randn(5, 1, generator=torch.Generator().manual_seed(1))
LENGTH = 24


def net():
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 1))


def batches(steps, bad):
    """A step's batch each, those of some steps with a bad number in them."""
    for step in range(steps):
        at = 8 * (step % 8)
        x = X[at : at + 8].clone()
        if step in bad:
            x[2, 1] = bad[step]
        yield x, Y[at : at + 8]


def task(**changes):
    kind = {
        "model": net, "penalty": nn.MSELoss(), "train": lambda: batches(10**4, {}),
        "validation": Batches(X[64:], Y[64:]),
    }  # fmt: skip
    return Task(**{**kind, **changes})


def descended(task, *, steps, rule="adamw", step_size=0.02, guard=True, meddle=lambda _: None, **options):
    torch.manual_seed(0)
    model = task.make()
    optimizer = optimizer_of(model, rule, step_size, 0.01, schedule=SCHEDULE.over(steps=steps))
    footing = Footing(model, optimizer) if guard else None
    meddle((model, optimizer))
    pieces = []
    ending = descend(task, model, optimizer, steps=steps, guard=footing, tell=pieces.append, **options)
    return ending, model, joined(pieces), footing, optimizer


def same(first, second):
    return all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))


def told(trace, kind):
    return [event for event in trace.events if event.kind == kind]


@settings(deadline=None, max_examples=15)
@given(
    st.dictionaries(st.integers(1, LENGTH - 1), st.sampled_from([math.nan, math.inf]), max_size=4),
    st.sampled_from(["adamw", "muon", "sgd"]),
    st.sampled_from([1, 3, 100]),
)
def test_bad_batches_leave_the_weights_of_the_run_without_these_steps(bad, rule, check_every):
    ending, model, trace, footing, _ = descended(
        task(train=lambda: batches(LENGTH, bad), validation=None), steps=LENGTH, rule=rule, check_every=check_every
    )
    torch.manual_seed(0)
    wanted = net()
    optimizer = optimizer_of(wanted, rule, 0.02, 0.01, schedule=SCHEDULE.over(steps=LENGTH))
    wanted.train()
    for step, (x, y) in enumerate(batches(LENGTH, {})):
        if step in bad:
            for group in optimizer.param_groups:
                group["t"] += 1
            continue
        optimizer.zero_grad()
        nn.functional.mse_loss(wanted(x), y).backward()
        optimizer.step()
    assert ending.kind == "finished"
    assert footing.skipped == len(bad)
    assert same(model, wanted)
    assert not told(trace, "fell")


def test_what_was_skipped_is_told_with_step_batch_epoch_and_first_parameter():
    def epoch():
        return batches(8, {5: math.nan})

    _, _, trace, _, _ = descended(task(train=epoch), steps=16, check_every=8)
    first, second = told(trace, "skipped")
    assert first.step == 5
    assert first.text == (
        "step 5 was not taken: the penalty and the gradient of 0.weight and of 5 more not finite (batch 6 of epoch 1)"
    )
    assert "(batch 6 of epoch 2)" in second.text
    _, _, trace, _, _ = descended(task(train=epoch), steps=4, check_every=4, accumulate=4)
    assert "step 1 was not taken" in told(trace, "skipped")[0].text
    assert "(batches 5 to 8 of epoch 1)" in told(trace, "skipped")[0].text


@pytest.mark.parametrize("rule", ["adamw", "muon", "sgd"])
@pytest.mark.parametrize("step_size", [0.005, 0.05])
def test_a_sound_run_is_bit_for_bit_the_same_under_guard(rule, step_size):
    under, without = (
        descended(task(), steps=300, rule=rule, step_size=step_size, guard=guard) for guard in (True, False)
    )
    assert same(under[1], without[1])
    np.testing.assert_array_equal(under[2]["penalty"].values, without[2]["penalty"].values)
    assert under[2].events == without[2].events


def kicked(model, at):
    """Have a model's weights thrown far away before a forward pass in training."""
    seen = [0]

    def throw(module, _):
        if module.training:
            seen[0] += 1
            if seen[0] == at:
                with torch.no_grad():
                    for p in module.parameters():
                        p.mul_(60.0).add_(30.0)

    model.register_forward_pre_hook(throw)


@pytest.mark.parametrize("validation", [None, Batches(X[64:], Y[64:])])
def test_a_planted_fall_is_got_up_from_and_ends_near_the_undisturbed_run(validation):
    ours = task(model=lambda: nn.Linear(5, 1), validation=validation)
    options = {"steps": 1200, "rule": "adamw", "step_size": 0.02, "check_every": 50}
    ending, model, trace, _, optimizer = descended(ours, meddle=lambda both: kicked(both[0], 400), **options)
    fall = told(trace, "fell")[0]
    assert ending.kind == "finished"
    assert len(told(trace, "fell")) == 1
    assert 400 < fall.step <= 700
    assert "0.3 times the step size" in fall.text
    assert "back to the weights of step" in fall.text
    assert optimizer.param_groups[0]["relative"] == CUTS[0]
    sizes = trace["step_size"].values
    assert sizes[fall.step] == pytest.approx(0.02 * CUTS[0] * SCHEDULE.over(steps=1200)(fall.step))
    assert {group["lr"] for group in optimizer.param_groups} == {0.02}
    undisturbed = descended(ours, **options)[1]
    start = Y.square().mean().item()
    for each in (model, undisturbed):
        assert nn.functional.mse_loss(each(X), Y).item() < 0.01 * start


@pytest.mark.parametrize("validation", [None, Batches(X[64:], Y[64:])])
@pytest.mark.parametrize("step_size", [1e3, 1e30])
def test_a_hopeless_run_ends_after_three_falls_with_a_finding_and_sound_weights(validation, step_size):
    ours = task(model=lambda: nn.Linear(5, 1), validation=validation)
    ending, model, trace, footing, _ = descended(ours, steps=900, rule="sgd", step_size=step_size)
    assert ending.kind == "diverged"
    assert len(told(trace, "fell")) == 3
    (found,) = footing.findings
    assert found.code == "falls"
    assert found.claim.startswith("The run fell 3 times, at steps ")
    assert float(found.change.removeprefix("step_size=")) == pytest.approx(step_size * 0.03 / 10)
    assert found.claim in told(trace, "finding")[-1].text
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())
    assert ending.best_step < 400
    assert nn.functional.mse_loss(model(X), Y) < 100


def test_batches_that_are_all_bad_are_what_the_finding_says_to_look_at():
    ours = task(train=lambda: batches(10**4, dict.fromkeys(range(10**4), math.nan)))
    ending, _, trace, footing, _ = descended(ours, steps=200, check_every=50)
    assert (ending.kind, ending.step) == ("diverged", 150)
    assert "none of the last 50 steps was finite" in told(trace, "fell")[0].text
    assert "surefoot check" in footing.findings[0].change
    assert "the batches or the model" in footing.findings[0].claim


def test_a_bad_stretch_of_the_data_that_is_over_when_it_is_read_is_no_fall():
    bad = dict.fromkeys(range(20, 35), math.nan)
    ending, _, trace, footing, _ = descended(task(train=lambda: batches(10**4, bad)), steps=100, check_every=50)
    assert (ending.kind, footing.skipped, told(trace, "fell")) == ("finished", 15, [])


def test_a_short_run_of_bad_batches_alone_has_diverged_too():
    ending, _, _, footing, _ = descended(task(train=lambda: batches(8, dict.fromkeys(range(8), math.nan))), steps=6)
    assert ending.kind == "diverged"
    assert "none of the last 6 steps was finite" in ending.reason
    assert footing.findings[0].claim.startswith("The run fell once, at step 6:")


def test_a_fall_that_would_have_stopped_the_run_is_got_up_from_at_once():
    ours = task(model=lambda: nn.Linear(5, 1))
    ending, _, trace, _, _ = descended(
        ours, steps=600, check_every=4, stopping=Patience(checks=3), meddle=lambda both: kicked(both[0], 200)
    )
    fall = told(trace, "fell")[0]
    assert 200 < fall.step < 220
    assert "3 checks in a row brought no gain" in fall.text
    assert ending.step > fall.step + 4


def test_validation_that_never_was_finite_stops_a_run_as_before():
    hollow = Batches(torch.full((4, 5), math.nan), torch.zeros(4, 1))
    ending, _, trace, _, _ = descended(task(validation=hollow), steps=60, stopping=Patience())
    assert ending.kind == "stopped"
    assert not told(trace, "fell")


def test_the_average_forgets_what_led_to_a_fall():
    from surefoot.training.average import RunAverage

    ours = task(model=lambda: nn.Linear(5, 1))
    torch.manual_seed(0)
    model = ours.make()
    average = RunAverage(ours, model, steps=800)
    optimizer = optimizer_of(model, "adamw", 0.02, 0.0, schedule=SCHEDULE.over(steps=800))
    kicked(model, 400)
    ending = descend(
        ours, model, optimizer, steps=800, check_every=50, guard=Footing(model, optimizer), average=average
    )
    assert ending.average.penalty < 1.0


def test_a_footing_that_takes_over_anothers_state_decides_alike():
    random = np.random.default_rng(0)
    values = np.concatenate(
        [2.0 * np.exp(-np.arange(300) / 100) + 0.01 * random.standard_normal(300), np.full(200, 2.0)]
    )

    def one():
        model = nn.Linear(1, 1)
        return Footing(model, sf.SGD(model.parameters(), lr=0.1))

    def go(footing, start, stop):
        for step in range(start, stop, 10):
            steps = range(step, min(step + 10, stop))
            for _ in steps:
                footing.note((0, 0, 1))
            if why := footing.read(Series([*steps], values[step : steps[-1] + 1]), last=False):
                return step, why
        return None

    whole = one()
    wanted = go(whole, 0, 500)
    assert wanted is not None
    first, second = one(), one()
    assert go(first, 0, 333) is None
    second.load_state_dict(json.loads(json.dumps(first.state_dict(), allow_nan=False)))
    assert go(second, 333, 500)[1] == wanted[1]


def test_the_state_holds_what_was_skipped_and_not_yet_told():
    model = nn.Linear(1, 1)
    optimizer = sf.SGD(model.parameters(), lr=0.1)
    first, second = Footing(model, optimizer), None
    first.note((0, 4, 1))
    first.observe(math.nan)
    model.weight.grad = torch.ones(1, 1)
    optimizer.step()
    state = json.loads(json.dumps(first.state_dict()))
    first.close()
    second = Footing(model, optimizer)
    second.load_state_dict(state)
    second.read(Series([7], [math.nan]), last=False)
    assert [(event.step, event.text) for event in second.events()] == [
        (7, "step 7 was not taken: the penalty not finite (batch 5 of epoch 1)")
    ]


def test_an_optimizer_of_torchs_is_refused():
    model = net()
    with pytest.raises(InvalidValue, match="torch's AdamW"):
        Footing(model, torch.optim.AdamW(model.parameters()))
