"""Laws of the figures of layers that a run records."""

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.records.reading import read_layers
from surefoot.training.batches import Batches
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


def told(optimizer):
    """Watch an optimizer; return what records and what was recorded."""
    found = {}
    figures = LayerFigures(
        optimizer,
        lambda names, columns: found.update(names=names, columns=columns),
        lambda step, values: found.update({step: values.copy()}),
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
        np.testing.assert_allclose(found[step], np.array(expected, np.float64), rtol=1e-4)


def test_a_tensor_that_was_not_stepped_has_nan():
    model = net()
    optimizer = sf.AdamW(model.named_parameters())
    figures, found = told(optimizer)
    everything = tuple(dict(model.named_parameters()))
    for step, without in enumerate([everything, (), ("2.weight",), (), everything]):
        stepped(model, optimizer, without=without)
        figures.note(step)
        missing = [name in without for name in found["names"]]
        assert np.isnan(found[step]).all(axis=1).tolist() == missing
        assert np.isnan(found[step]).any(axis=1).tolist() == missing


def test_what_is_not_finite_is_counted():
    model = net()
    optimizer = sf.SGD(model.named_parameters(), step_size=0.1)
    figures, found = told(optimizer)
    stepped(model, optimizer)
    model[0].weight.grad[3] = torch.nan
    optimizer.step()
    figures.note(0)
    assert found[0][:, 3].tolist() == [2.0, 0.0, 0.0, 0.0, 0.0, 0.0]  # of the gradient, and of the weight that it made


def test_an_optimizer_without_sums_at_hand_has_no_figures():
    model = net()
    assert layer_figures(torch.optim.SGD(model.parameters(), lr=0.1), print, print) is None
    assert layer_figures(sf.SGD(net().to("meta").parameters(), step_size=0.1), print, print) is None


def test_a_fit_records_every_step_of_every_tensor_by_its_name(tmp_path):
    task = Task(model=net, penalty=nn.MSELoss(), train=Batches(X, X * X, size=16), name="line")
    run = sf.fit(task, steps=40, step_size=0.01, runs=tmp_path, progress=False)
    found = read_layers(run.folder)
    assert sorted(found.names) == sorted(dict(net().named_parameters()))
    assert found.columns == ("gradient_norm", "weight_norm", "update_norm", "not_finite")
    steps, norms = found.whole("gradient_norm")
    assert steps.tolist() == [*range(40)]
    assert (norms > 0).all()
