"""The step size used is peak x relative x schedule x feedback; other hyperparameters take schedules too."""

import copy
import io

import numpy as np
import paths
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.rules import RULES


def stepped(optimizer, steps):
    """Step on gradients of 1 and return how far each group's first parameter moved in each step."""
    moved = []
    for _ in range(steps):
        before = [group["params"][0].detach().clone() for group in optimizer.param_groups]
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = torch.ones_like(p)
        optimizer.step()
        after = [group["params"][0].detach() for group in optimizer.param_groups]
        moved.append([float((b - a).abs().max()) for a, b in zip(after, before, strict=True)])
    return moved


def parameter():
    return nn.Parameter(torch.zeros(2, 2, dtype=torch.float64))


def test_a_groups_relative_step_size_multiplies():
    optimizer = sf.SGD([{"params": [parameter()]}, {"params": [parameter()], "relative": 0.25}], step_size=0.5)
    assert optimizer.step_sizes == [0.5, 0.125]
    assert stepped(optimizer, 1) == [[0.5, 0.125]]


def test_feedback_composes_with_a_schedule_and_a_relative_step_size():
    schedule = sf.linear(4)
    groups = [{"params": [parameter()]}, {"params": [parameter()], "relative": 0.5}]
    optimizer = sf.SGD(groups, step_size=1.0, schedule=schedule, feedback=sf.Plateau(factor=0.5, patience=2))
    for value in (3.0, 3.0, 3.0):
        optimizer.feedback.observe(value)
    assert optimizer.feedback.multiplier == 0.5
    assert optimizer.step_sizes == [0.5 * 0.75, 0.25 * 0.75]
    assert stepped(optimizer, 2) == [[0.375, 0.1875], [0.25, 0.125]]
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 1.0]


def test_feedback_without_a_rule_is_refused_in_words():
    with pytest.raises(InvalidValue, match=r"no rule for it; give it one, as in AdamW\(..., feedback=Plateau"):
        sf.SGD([parameter()]).feedback.observe(1.0)


def test_feedback_goes_with_copies_and_checkpoints_and_new_groups():
    optimizer = sf.AdamW([parameter()], step_size=0.1, feedback=sf.Plateau(patience=1))
    for value in (1.0, 2.0, 2.0):
        optimizer.feedback.observe(value)
    stepped(optimizer, 1)
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    resumed = sf.AdamW([parameter()], step_size=0.7, feedback=sf.Plateau(patience=1))
    resumed.load_state_dict(torch.load(buffer, weights_only=True))
    twin = copy.deepcopy(optimizer)
    assert resumed.step_sizes == twin.step_sizes == optimizer.step_sizes == [0.025]
    assert resumed.feedback.observe(9.0) == twin.feedback.observe(9.0) == 0.125
    assert optimizer.feedback.multiplier == 0.25
    optimizer.add_param_group({"params": [parameter()]})
    assert optimizer.step_sizes == [0.025, 0.025]


SCHEDULES = {
    "step_size": sf.linear(10, to=0.1),
    "momentum": sf.linear(8, to=0.5),
    "decay": sf.constant(3) >> sf.constant(9, value=0.0),
}


def test_any_hyperparameter_takes_a_schedule():
    script = paths.gradients(12, shape=(2, 2))
    p = parameter()
    constants = {"momentum": 0.9, "dampening": 0.0, "decay": 0.3}
    optimizer = sf.SGD([p], step_size=0.1, momentum=0.9, decay=0.3, schedule=SCHEDULES)
    theta, buffer = np.zeros((2, 2)), np.zeros((2, 2))
    for step, g in enumerate(script):
        p.grad = torch.from_numpy(g)
        optimizer.step()
        size, momentum, decay = (
            SCHEDULES[k](step) * v for k, v in (("step_size", 0.1), ("momentum", 0.9), ("decay", 0.3))
        )
        buffer = momentum * buffer + g
        theta = theta - size * decay * theta - size * buffer
        np.testing.assert_allclose(p.detach().numpy(), theta, rtol=1e-12, atol=1e-15)
    assert {k: optimizer.param_groups[0][k] for k in ("momentum", "lr")} == {
        "momentum": constants["momentum"],
        "lr": 0.1,
    }


def test_schedules_of_hyperparameters_take_torchs_words_and_stand_in_checkpoints_as_text():
    optimizer = sf.AdamW([parameter()], schedule={"weight_decay": sf.linear(4), "beta1": sf.constant(4, value=0.5)})
    optimizer.step()
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["schedule"] == {"decay": "linear(4, to=0.0)", "beta1": "constant(4, value=0.5)"}
    resumed = sf.AdamW([parameter()])
    resumed.load_state_dict(saved)
    assert resumed.param_groups[0]["schedule"] == optimizer.param_groups[0]["schedule"]


def test_a_schedule_of_what_the_rule_does_not_have_is_refused():
    with pytest.raises(InvalidValue, match="schedule has 'momentum'; what can be scheduled is step_size, beta1"):
        sf.AdamW([parameter()], schedule={"momentum": sf.linear(4)})


def test_a_schedule_that_leaves_the_bounds_is_refused_at_that_step_and_nothing_has_changed():
    p = parameter()
    optimizer = sf.AdamW([p], schedule={"beta1": sf.constant(2) >> sf.constant(2, value=2.0)})
    stepped(optimizer, 2)
    kept = p.detach().clone()
    with pytest.raises(InvalidValue, match=r"AdamW, step 2: beta1 is 1\.8; it must be at least 0 and below 1"):
        stepped(optimizer, 1)
    assert torch.equal(kept, p)
    assert optimizer.param_groups[0]["t"] == 2


def test_a_share_without_a_run_length_is_refused_by_name():
    with pytest.raises(InvalidValue, match="its schedule of decay cannot be computed yet"):
        sf.AdamW([parameter()], schedule={"decay": sf.linear()})


@pytest.mark.parametrize("name", ["lion", "nadamw", "rmsprop_tf1", "asgd", "rprop", "adagrad_keras"])
def test_a_rule_is_reachable_by_its_name(name):
    script, p = paths.gradients(12, shape=(2, 2)), parameter()
    constants = {k: v for k, v in RULES[name].constants.items() if k != "step_size"}
    with paths.scalars(torch.float64):
        optimizer = sf.RuleOptimizer([p], name, 0.1, constants, schedule=sf.linear(12, to=0.5))
        for g in script:
            p.grad = torch.from_numpy(g)
            optimizer.step()
    factors = [sf.linear(12, to=0.5)(step) for step in range(12)]
    expected = paths.reference_path(
        RULES[name], np.zeros((2, 2)), script, {**constants, "step_size": 0.1}, factors=factors
    )
    np.testing.assert_allclose(p.detach().numpy(), expected[-1], rtol=1e-12)


def test_a_name_that_no_rule_has_brings_near_ones():
    with pytest.raises(InvalidValue, match=r"rule is 'adanw'; it must be one of .*RULES, such as adamw, nadamw"):
        sf.RuleOptimizer([parameter()], "adanw")


@pytest.mark.parametrize("change", [3e-3, 1.0])
def test_asgds_peak_acts_one_step_later_as_torchs_and_its_schedule_at_once(change):
    ours, theirs = parameter(), parameter()
    a, b = sf.ASGD([ours], lr=0.1, lambd=0.1), torch.optim.ASGD([theirs], lr=0.1, lambd=0.1)
    with paths.scalars(torch.float64):
        for step in range(6):
            for optimizer, p in ((a, ours), (b, theirs)):
                if step == 3:
                    optimizer.param_groups[0]["lr"] = change
                p.grad = torch.ones_like(p)
                optimizer.step()
            torch.testing.assert_close(ours.data, theirs.data, rtol=1e-12, atol=1e-12)
    scheduled = sf.ASGD([parameter()], lr=0.5, lambd=0.0, schedule=sf.piecewise(at=(1,), to=(0.5,)))
    assert stepped(scheduled, 2) == [[0.5], [0.25]]


def test_sf_groups_drives_our_optimizer_and_torchs():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2))
    groups = sf.groups(model, decay=0.1, layers=0.5)
    optimizer = sf.AdamW(groups, step_size=0.1)
    assert sorted({*optimizer.step_sizes}) == [0.025, 0.05, 0.1]
    assert {group["weight_decay"] for group in optimizer.param_groups if group["params"][0].ndim == 1} == {0.0}
    stepped(optimizer, 1)
    torch.optim.AdamW(groups.torch(step_size=0.1)).step()


def test_torchs_l2_term_takes_a_schedule_too():
    p = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = sf.SGD([p], step_size=0.5, weight_decay=0.2, schedule={"weight_decay": sf.linear(2)})
    for expected in (0.5 * 0.2 * 0.5, 0.0):
        before = p.item()
        p.grad = torch.zeros(1, dtype=torch.float64)
        optimizer.step()
        assert before - p.item() == pytest.approx(expected, abs=1e-15)
