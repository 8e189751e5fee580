"""Laws of the figures of layers that a run records."""

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.records.reading import read_layers
from surefoot.training.batches import Batches
from surefoot.training.dead_share import EVERY, LOOKS, SOON
from surefoot.training.layer_figures import LayerFigures, layer_figures
from surefoot.training.task import Task

X = torch.linspace(-1, 1, 64)[:, None]


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))


def stepped(model, optimizer, *, without=()):
    """Take a step in which some parameters have no gradient."""
    optimizer.zero_grad()
    nn.functional.mse_loss(model(X), X * X).backward()
    for name, parameter in model.named_parameters():
        parameter.grad = None if name in without else parameter.grad
    before = [p.detach().clone() for p in model.parameters()]
    optimizer.step()
    return before


def told(optimizer, model=None):
    """Watch an optimizer; return what records and what was recorded."""
    found = {}
    figures = LayerFigures(
        optimizer,
        lambda names, columns: found.update(names=names, columns=columns),
        lambda step, values: found.update({step: values.copy()}),
        model,
    )
    return figures, found


MADE = {
    "sgd": lambda model: sf.SGD(model.named_parameters(), step_size=0.1),
    "adamw": lambda model: sf.AdamW(model.named_parameters(), step_size=0.1),
    "two groups": lambda model: sf.AdamW([{"params": model[2].parameters()}, {"params": model[0].parameters()}]),
    "muon": lambda model: sf.MuonAdamW(model, step_size=0.1),
}


@pytest.mark.parametrize("made", MADE)
def test_figures_are_the_norms_that_torch_finds(made):
    model = net()
    optimizer = MADE[made](model)
    figures, found = told(optimizer)
    for step in range(3):
        before = dict(zip(model.parameters(), stepped(model, optimizer), strict=True))
        figures.note(step)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        expected = [[p.grad.norm(), p.detach().norm(), (p.detach() - before[p]).norm(), 0.0] for p in parameters]
        np.testing.assert_allclose(found[step][:, :4], np.array(expected, np.float64), rtol=1e-4)


def test_a_tensor_that_was_not_stepped_has_nan():
    model = net()
    optimizer = sf.AdamW(model.named_parameters())
    figures, found = told(optimizer, model)
    everything = tuple(dict(model.named_parameters()))
    for step, without in enumerate([everything, (), ("2.weight",), (), everything]):
        stepped(model, optimizer, without=without)
        figures.note(step)
        missing = [name in without for name in found["names"]]
        assert np.isnan(found[step]).all(axis=1).tolist() == missing
        assert np.isnan(found[step][:, :4]).any(axis=1).tolist() == missing


def test_what_is_not_finite_is_counted():
    model = net()
    optimizer = sf.SGD(model.named_parameters(), step_size=0.1)
    figures, found = told(optimizer)
    stepped(model, optimizer)
    model[0].weight.grad[3] = torch.nan
    optimizer.step()
    figures.note(0)
    assert found[0][:, 3].tolist() == [2.0, 0.0, 0.0, 0.0, 0.0, 0.0]  # of the gradient, and of the weight that it made


@pytest.mark.parametrize("made", MADE)
def test_the_dead_share_is_told_after_four_looks_and_held_from_one_to_the_next(made):
    model = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    with torch.no_grad():
        model[0].bias.fill_(1.0)[:2] = -100.0
    optimizer = MADE[made](model)
    figures, found = told(optimizer, model)
    place = [id(p) for group in optimizer.param_groups for p in group["params"]].index(id(model[0].weight))
    for step in range(7, 2 * EVERY + 2):
        stepped(model, optimizer)
        if step == 7 + SOON:
            with torch.no_grad():
                model[0].bias.fill_(-100.0)
        figures.note(step)
    first = 7 + LOOKS * SOON
    assert np.isnan([found[step][place, 4] for step in range(7, first)]).all()
    assert {found[step][place, 4] for step in range(first, 2 * EVERY)} == {0.25}  # at the first look the others had one
    assert [found[step][place, 4] for step in (2 * EVERY, 2 * EVERY + 1)] == [1.0, 1.0]


def test_a_last_layer_that_begins_as_zeros_leaves_nothing_dead():
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    nn.init.zeros_(model[2].weight)
    optimizer = sf.SGD(model.named_parameters(), step_size=0.1)
    figures, found = told(optimizer, model)
    for step in range(2 * EVERY):
        stepped(model, optimizer)
        figures.note(step)
    assert {found[step][0, 4] for step in range(LOOKS * SOON, 2 * EVERY)} == {0.0}
    assert np.isnan([found[step][0, 4] for step in range(LOOKS * SOON)]).all()


def test_recording_changes_no_weight():
    trained = []
    for watched in (False, True):
        model = net()
        optimizer = sf.AdamW(model.named_parameters(), step_size=0.1)
        figures, _ = told(optimizer, model)
        for step in range(2 * EVERY):
            stepped(model, optimizer)
            if watched:
                figures.note(step)
        trained.append(nn.utils.parameters_to_vector(model.parameters()))
    assert torch.equal(*trained)


def test_an_optimizer_without_sums_at_hand_has_no_figures():
    model = net()
    assert layer_figures(torch.optim.SGD(model.parameters(), lr=0.1), print, print) is None
    assert layer_figures(sf.SGD(net().to("meta").parameters(), step_size=0.1), print, print) is None


def test_a_fit_records_every_step_of_every_tensor_by_its_name(tmp_path):
    task = Task(model=net, penalty=nn.MSELoss(), train=Batches(X, X * X, size=16), name="line")
    run = sf.fit(task, steps=40, step_size=0.01, runs=tmp_path, progress=False)
    found = read_layers(run.folder)
    assert sorted(found.names) == sorted(dict(net().named_parameters()))
    assert found.columns == ("gradient_norm", "weight_norm", "update_norm", "not_finite", "dead_share")
    steps, norms = found.whole("gradient_norm")
    assert steps.tolist() == [*range(40)]
    assert (norms > 0).all()


def test_a_fit_with_a_dead_layer_says_so_from_the_fourth_look_on(tmp_path):
    def make():
        model = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 1))
        nn.init.constant_(model[2].bias, -100.0)
        return model

    task = Task(model=make, penalty=nn.MSELoss(), train=Batches(X, X * X, size=16), name="dead")
    run = sf.fit(task, steps=2 * EVERY, step_size=0.01, runs=tmp_path, progress=False)
    found = read_layers(run.folder)
    _, dead = found.whole("dead_share")
    assert np.isnan(dead[: LOOKS * SOON]).all()
    by_name = dict(zip(found.names, dead[LOOKS * SOON :].T, strict=True))
    assert (by_name["2.weight"] == 1.0).all()
    assert (by_name["0.weight"] == 1.0).all()  # nothing comes through
    assert (by_name["4.weight"] == 1.0).all()  # of what is off it knows nothing
    assert np.isnan(by_name["4.bias"]).all()
