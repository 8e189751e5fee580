"""Laws of the doctor in a fit: it is always there, silent on a sound run, changes nothing, and is in the record."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from surefoot.errors import InvalidValue
from surefoot.fitting import fit
from surefoot.records.reading import read
from surefoot.tasks import load
from surefoot.training.batches import Batches
from surefoot.training.loop import descend
from surefoot.training.task import Task

X = torch.randn(96, 5, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


def net():
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 2))


def softmaxed():
    return nn.Sequential(*net(), nn.Softmax(dim=1))


def logarithmic():
    class Logarithm(nn.Module):
        def forward(self, x):
            return torch.log(x)

    return nn.Sequential(nn.Linear(5, 2), Logarithm())


def task(**changes):
    train, validation = Batches(X[:64], Y[:64], size=16), Batches(X[64:], Y[64:])
    kind = {"model": net, "penalty": nn.CrossEntropyLoss(), "train": train, "validation": validation}
    return Task(**{**kind, **changes})


def test_a_sound_run_is_silent():
    assert fit(task(), steps=60).findings == ()
    assert fit(load("digits"), steps=12, search=0.0).diagnosis.sound


def test_a_fault_is_in_the_findings_the_summary_the_json_and_the_record(tmp_path):
    run = fit(task(model=softmaxed), steps=40, runs=tmp_path)
    assert run.diagnosis.headline.code == "softmax-twice"
    assert "doctor: softmax-twice" in run.summary()
    assert json.loads(json.dumps(run.to_json(), allow_nan=False))["findings"][0]["code"] == "softmax-twice"
    trace = read(run.folder)
    assert "softmax-twice" in trace.last("finding").text
    assert json.loads(trace.last("detail").text) == run.to_json()["findings"][-1]


def test_a_finding_that_is_dismissed_is_not_told():
    run = fit(task(model=softmaxed), steps=40, dismiss=["softmax-twice"])
    assert run.diagnosis.sound
    with pytest.raises(InvalidValue, match="dismiss has 'softmax'"):
        fit(task(), steps=3, dismiss=["softmax"])


def test_a_run_that_diverged_says_which_operation_did_it():
    run = fit(task(model=logarithmic), steps=40)
    assert run.ending.kind == "diverged"
    assert "log in 1 (Logarithm)" in run.reason
    assert run.diagnosis.headline.code == "not-finite"


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_weights_are_those_of_the_run_without_it(accumulate):
    run = fit(task(), steps=30, seed=4, rule="adamw", step_size=0.01, average=False, accumulate=accumulate)
    torch.manual_seed(4)
    model = net()
    from surefoot.training.choices import SCHEDULE, optimizer_of

    optimizer = optimizer_of(model, "adamw", 0.01, 0.1, schedule=SCHEDULE.over(steps=30))
    descend(task(), model, optimizer, steps=30, seed=4, accumulate=accumulate)
    assert all(torch.equal(a, b) for a, b in zip(run.model.parameters(), model.parameters(), strict=True))


def test_a_fit_that_averages_with_batch_norms_is_no_validation_in_training_mode():
    def normed():
        return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))

    for _ in range(2):
        assert fit(replace(task(), model=normed), steps=60).diagnosis.sound
