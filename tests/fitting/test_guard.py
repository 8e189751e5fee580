"""Laws of the guard in a fit: it is always there, bad batches and falls are in the run and its record, nothing is lost."""

import json
import math

import pytest
import torch
from torch import nn

from surefoot.errors import TaskError
from surefoot.fitting import RunFailed, fit
from surefoot.records.reading import read
from surefoot.training.batches import Batches
from surefoot.training.task import Task

X = torch.randn(96, 5, generator=torch.Generator().manual_seed(0))
Y = X @ torch.randn(5, 1, generator=torch.Generator().manual_seed(1))


def task(**changes):
    train, validation = Batches(X[:64], Y[:64], size=16), Batches(X[64:], Y[64:])
    kind = {"model": lambda: nn.Linear(5, 1), "penalty": nn.MSELoss(), "train": train, "validation": validation}
    return Task(**{**kind, **changes})


def test_a_bad_row_costs_a_run_one_step_in_an_epoch_and_is_told(tmp_path):
    x = X[:64].clone()
    x[7, 2] = math.nan
    run = fit(task(train=Batches(x, Y[:64], size=16)), steps=80, step_size=0.05, rule="adamw", runs=tmp_path)
    assert run.ending.kind == "finished"
    assert run.best["validation_penalty"] < 0.1
    skipped = [event for event in run.trace.events if event.kind == "skipped"]
    assert len(skipped) == 20
    assert "of epoch 20)" in skipped[-1].text
    assert run.diagnosis.headline.code == "not-finite"
    assert read(run.folder).last("skipped").text == skipped[-1].text


def test_a_hopeless_run_says_what_to_change_in_all_its_places(tmp_path):
    run = fit(task(), steps=400, rule="sgd", step_size=1e6, runs=tmp_path)
    assert run.ending.kind == "diverged"
    assert "falls" in [found.code for found in run.findings]
    assert "falls" in run.card()
    outcome = json.loads(json.dumps(run.to_json(), allow_nan=False))
    assert outcome["findings"][-1]["change"].startswith("step_size=")
    assert read(run.folder).last("fell").text == run.trace.last("fell").text
    assert all(p.isfinite().all() for p in run.model.parameters())
    quiet = fit(task(), steps=400, rule="sgd", step_size=1e6, dismiss=["falls"])
    assert "falls" not in [found.code for found in quiet.findings]


def breaks(at, error):
    count = [0]

    def broken(*given):
        count[0] += 1
        if count[0] > at:
            raise error
        return nn.functional.mse_loss(*given)

    return broken


def broken_data(at):
    def read_batches():
        for number in range(4):
            if number == at:
                raise OSError("torn")
            yield X[:16], Y[:16]

    return read_batches


class Broken(nn.Linear):
    """Raises when it sees a batch of a size."""

    size = 16

    def forward(self, x):
        if len(x) == self.size:
            raise OSError("torn")
        return super().forward(x)


class BrokenJudge(Broken):
    """Raises in validation."""

    size = 32


GIVEN = {"rule": "adamw", "step_size": 0.01}


@pytest.mark.parametrize(
    ("changes", "options", "blamed"),
    [
        ({"train": broken_data(2)}, GIVEN, "reading training batch 3"),
        ({"validation": broken_data(1)}, GIVEN, "reading validation batch 2"),
        ({"metrics": {"m": breaks(1, OSError("torn"))}}, GIVEN, "judging validation batch 1"),
        ({"penalty": breaks(2, OSError("torn"))}, GIVEN, "computing the penalty of training batch 3"),
        ({"model": lambda: Broken(5, 1)}, GIVEN, "computing the penalty of training batch 1"),
        ({"model": lambda: BrokenJudge(5, 1)}, GIVEN, "judging validation batch 1"),
    ],
)  # fmt: skip
def test_an_error_in_the_users_code_ends_the_run_names_the_batch_and_keeps_the_record(
    changes, options, blamed, tmp_path
):
    with pytest.raises(RunFailed, match="torn") as caught:
        fit(task(**changes), steps=200, runs=tmp_path, **options)
    run = caught.value.run
    assert blamed in run.reason
    assert run.ending.kind == "failed"
    assert read(run.folder).last("failed").text == run.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"train": broken_data(2)}, {"validation": broken_data(1)}, {"penalty": breaks(2, OSError("torn"))},
        {"model": lambda: Broken(5, 1)}, {"model": lambda: BrokenJudge(5, 1)},
    ],
)  # fmt: skip
def test_an_error_during_the_search_names_itself_and_is_in_the_record(changes, tmp_path):
    with pytest.raises(TaskError, match="torn"):
        fit(task(**changes), steps=400, runs=tmp_path)
    (folder,) = [each for each in tmp_path.iterdir() if each.is_dir()]
    assert "torn" in json.dumps([each.read_text() for each in folder.glob("*.json")])
