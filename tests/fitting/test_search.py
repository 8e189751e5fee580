"""Laws of the search in a fit: it finds a step size, leaves no mark, and says what it cost."""

import json
import math

import pytest
import torch
from torch import nn

from surefoot.fitting import fit
from surefoot.records.reading import read
from surefoot.search import race
from surefoot.stopping import Never
from surefoot.training.batches import Batches
from surefoot.training.choices import choice_of
from surefoot.training.task import Task

X = torch.randn(320, 6, generator=torch.Generator().manual_seed(0))
Y = (X[:, :1] * X[:, 1:2] - X[:, 2:3]).tanh()


def network():
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))


def task(**changes):
    train, validation = Batches(X[:256], Y[:256], size=32), Batches(X[256:], Y[256:])
    return Task(**{"model": network, "penalty": nn.MSELoss(), "train": train, "validation": validation, **changes})


def weights(run):
    return torch.cat([parameter.detach().flatten() for parameter in run.model.parameters()])


def test_the_step_size_is_what_a_race_finds_and_the_run_is_the_one_that_was_given_it():
    run, found = fit(task(), steps=240, seed=3), race(task(), steps=240, seed=3)
    assert (run.settings["rule"], run.settings["step_size"]) == (found.rule, found.step_size)
    given = fit(task(), steps=240, seed=3, rule=found.rule, step_size=found.step_size)
    assert torch.equal(weights(run), weights(given))
    assert run.search.cost == found.cost <= 60
    assert given.search is None


def test_a_search_is_told_in_the_record_the_summary_and_the_json(tmp_path):
    run = fit(task(), steps=240, runs=tmp_path)
    event = read(run.folder).last("searched")
    assert event.step == 0
    assert f"step size {run.settings['step_size']:g}" in event.text
    assert f"cost {run.search.cost} steps" in run.summary()
    assert json.loads(json.dumps(run.to_json(), allow_nan=False))["search"]["cost"] == run.search.cost


@pytest.mark.parametrize(
    ("changes", "choices"),
    [
        ({}, {"steps": 20}),
        ({}, {"steps": 240, "search": 0.0}),
        ({"validation": None, "train": [(X, Y)]}, {"steps": 240}),
    ],
    ids=["too short", "not wanted", "nothing to judge by"],
)
def test_where_there_is_no_search_the_usual_step_size_is_used(changes, choices):
    run = fit(task(**changes), stopping=Never(), **choices)
    assert run.search is None
    assert run.settings["step_size"] == choice_of("muon").step_size


def test_a_net_that_was_trained_before_is_not_thrown_off_its_place():
    trained = fit(task(), steps=400, step_size=0.012)
    before = trained.best["validation_penalty"]
    few = Batches(X[:32], Y[:32], size=8)
    run = fit(task(model=trained.model, train=few), steps=400, stopping=Never(), average=False)
    assert run.best["validation_penalty"] <= before * 1.02
    assert run.trace["validation_penalty"].values.max() < 4 * before


def test_a_source_that_can_be_gone_through_once_is_read_once():
    drawn = []

    def epoch():
        for batch in Batches(X[:256], Y[:256], size=32).epoch(seed=0, number=len(drawn)):
            drawn.append(1)
            yield batch

    run = fit(task(train=epoch), steps=240, stopping=Never())
    assert run.search.cost > 0
    assert len(drawn) == 240


def test_an_interrupt_during_the_search_ends_the_run_before_its_first_step(tmp_path):
    drawn = []

    def penalty(output, target):
        drawn.append(1)
        if len(drawn) == 9:
            raise KeyboardInterrupt
        return nn.functional.mse_loss(output, target)

    run = fit(task(penalty=penalty), steps=240, runs=tmp_path)
    assert (run.ending.kind, run.ending.step) == ("interrupted", 0)
    assert "during the search" in run.reason
    assert all(math.isfinite(value) for value in weights(run).tolist())
