"""Laws of fit."""

import json
import random
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import surefoot as sf
from surefoot.errors import InvalidValue, MissingPackage, TaskError
from surefoot.fitting import fit
from surefoot.fitting.plan import planned
from surefoot.fitting.run import RunFailed
from surefoot.records.meta import read_meta
from surefoot.records.reading import read
from surefoot.schedules import constant, warmup
from surefoot.stopping import Never
from surefoot.training.batches import Batches
from surefoot.training.choices import CHOICES, choice_of
from surefoot.training.task import Task

X = torch.randn(48, 5, generator=torch.Generator().manual_seed(0))
Y = (X[:, :1] - 2 * X[:, 1:2]).sin()


def network():
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 1))


def small(**changes):
    train, validation = Batches(X[:32], Y[:32], size=8), Batches(X[32:], Y[32:])
    return Task(**{"model": network, "penalty": nn.MSELoss(), "train": train, "validation": validation, **changes})


def weights(run):
    return torch.cat([parameter.detach().flatten() for parameter in run.model.parameters()])


LOADER = DataLoader(TensorDataset(X, Y), batch_size=8, shuffle=True)


def drawing():
    """Batches that draw from all three global generators."""
    for _ in range(3):
        yield X + random.random() + np.random.rand() + torch.rand(()), Y


@pytest.mark.parametrize("train", [small().train, LOADER, drawing])
def test_the_same_seed_gives_the_same_run_and_another_seed_another(train):
    first, again, other = (fit(small(train=train), steps=30, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(weights(first), weights(again))
    np.testing.assert_array_equal(first.trace["penalty"].values, again.trace["penalty"].values)
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("rule", CHOICES)
def test_each_rule_learns_with_its_defaults(rule):
    run = fit(small(), steps=150, rule=rule, search=0.0)
    first = run.trace["penalty"].values[:4].mean()
    assert run.best["validation_penalty"] < 0.6 * first
    assert run.settings["step_size"] == choice_of(rule).step_size


def test_the_best_weights_are_in_the_model_which_is_ready_to_use():
    run = fit(small(), steps=60)
    assert not run.model.training
    assert nn.functional.mse_loss(run.model(X[32:]), Y[32:]).item() == pytest.approx(run.best["validation_penalty"])


def test_the_step_size_warms_up_and_ends_at_nothing():
    sizes = fit(small(), steps=100, stopping=Never(), search=0.0).trace["step_size"].values
    assert sizes.argmax() == 4
    assert sizes.max() == CHOICES["muon"].step_size
    assert sizes[-1] == 0.0


def test_the_schedule_and_the_step_size_given_are_the_ones_used():
    run = fit(small(), steps=10, step_size=0.5, schedule=warmup(2) >> constant())
    assert run.trace["step_size"].values.tolist() == [0.25] + [0.5] * 9


def test_epochs_are_counted_in_the_loaders_batches():
    assert fit(small(), epochs=3).steps == 12


def test_with_several_batches_a_step_an_epoch_has_fewer_steps_and_is_checked_once():
    run = fit(small(), epochs=5, accumulate=3, stopping=Never())
    assert run.steps == 10  # 4 batches an epoch: a step of 3 and one of 1
    assert run.trace["validation_penalty"].steps.tolist() == [2, 4, 6, 8, 10]
    assert run.trace["step_size"].values[-1] == 0.0


def test_several_small_batches_a_step_do_as_one_large():
    still = {"model": lambda: nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))}
    large = fit(small(train=Batches(X[:30], Y[:30], size=16), **still), epochs=10, stopping=Never())
    small_ones = fit(small(train=Batches(X[:30], Y[:30], size=4), **still), epochs=10, accumulate=4, stopping=Never())
    np.testing.assert_allclose(small_ones.trace["penalty"].values, large.trace["penalty"].values, rtol=1e-4)


def test_the_device_the_precision_and_the_batches_of_a_step_are_recorded(tmp_path):
    run = fit(small(), steps=4, device="cpu", precision="bfloat16", accumulate=2, runs=tmp_path)
    wanted = {"device": "cpu", "precision": "bfloat16", "accumulate": 2}
    assert wanted.items() <= read_meta(run.folder)["settings"].items()
    assert wanted.items() <= run.to_json()["settings"].items()
    assert fit(small(), steps=2).settings["device"] is None


def test_bfloat16_learns_as_float32_does_and_keeps_float32_weights():
    exact, run = (fit(small(), steps=150, precision=precision, search=0.0) for precision in ("float32", "bfloat16"))
    assert {parameter.dtype for parameter in run.model.parameters()} == {torch.float32}
    assert not torch.equal(weights(run), weights(exact))
    assert run.best["validation_penalty"] == pytest.approx(exact.best["validation_penalty"], rel=0.3)


def test_a_model_and_nested_batches_go_to_the_device():
    batch = {"x": [X], "y": (Y, "a word")}
    task = Task(
        model=network,
        train=[batch],
        forward=lambda model, given: nn.functional.mse_loss(model(given["x"][0]), given["y"][0]),
    )
    assert fit(task, steps=3, device=torch.device("cpu")).ending.kind == "finished"


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({}, "neither steps nor epochs"),
        ({"steps": 3, "epochs": 2}, "steps is 3 and epochs is 2; give one"),
        ({"steps": 0}, "steps is 0"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"steps": 3, "rule": "adamm"}, "rule is 'adamm'; it must be one of surefoot.rules.RULES, such as adam"),
        ({"steps": 3, "step_size": -1.0}, "step_size is -1"),
        ({"steps": 3, "step_size": float("nan")}, "step_size is nan"),
        ({"steps": 3, "seed": -1}, "seed is -1"),
        ({"steps": 3, "check_every": 0}, "check_every is 0"),
        ({"steps": 3, "accumulate": 0}, "accumulate is 0; it must be a whole number of batches, 1 at least"),
        ({"steps": 3, "accumulate": 1.5}, "accumulate is 1.5"),
        ({"steps": 3, "precision": "float16"}, "precision is 'float16'; it must be one of float32, bfloat16"),
        ({"steps": 3, "device": "cuda:99"}, "device is 'cuda:99'; here there is cpu"),
        ({"steps": 3, "schedule": warmup(5)}, "schedule .*the run has 3 steps"),
    ],
)
def test_what_is_not_allowed_is_refused_in_words(choices, words):
    with pytest.raises(InvalidValue, match=words):
        fit(small(), **choices)


def test_all_faults_of_a_call_are_told_at_once():
    with pytest.raises(
        InvalidValue, match=r"steps is 0.*check_every is.*accumul.*rule is.*step_size is.*seed is.*device"
    ):
        fit(small(), steps=0, rule="?", step_size=0.0, seed=-1, check_every=0, accumulate=0, device="gpu")


def test_epochs_of_a_stream_are_refused():
    with pytest.raises(InvalidValue, match="does not know how many batches"):
        fit(small(train=drawing), epochs=2)


def test_matrices_decay_and_the_rest_does_not():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    plan = planned(small(), steps=10, rule="adamw")
    optimizer = plan.optimizer(model)
    assert [(len(group["params"]), group["decay"]) for group in optimizer.param_groups] == [(2, 0.1), (4, 0.0)]


def test_a_model_with_nothing_to_train_is_told():
    with pytest.raises(TaskError, match="no parameter that can be trained"):
        fit(small(model=nn.Identity), steps=3)


def test_a_run_is_recorded_only_if_asked_and_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fit(small(), steps=5).folder is None
    assert not list(tmp_path.iterdir())
    run = fit(small(), steps=30, runs="kept", seed=7)
    recorded = read(run.folder)
    np.testing.assert_array_equal(recorded["penalty"].values, run.trace["penalty"].values)
    assert recorded.events == run.trace.events
    meta = read_meta(run.folder)
    assert meta["settings"]["seed"] == 7
    assert (meta["ended"]["reason"], meta["ended"]["best_step"]) == (run.reason, run.best_step)
    assert meta["versions"]["torch"] == torch.__version__


def interrupted_after(batches, error):
    drawn = 0

    def epoch():
        nonlocal drawn
        for batch in small().train:
            drawn += 1
            if drawn > batches:
                raise error
            yield batch

    return epoch


def test_ctrl_c_returns_the_run(tmp_path):
    run = fit(small(train=interrupted_after(22, KeyboardInterrupt())), steps=100, runs=tmp_path)
    assert run.reason == "interrupted by you at step 22"
    assert run.best_step in run.trace["validation_penalty"].steps
    assert read_meta(run.folder)["ended"]["ended"] == "interrupted"


def test_an_error_in_the_task_is_raised_with_the_run_recorded_and_the_best_weights_in_the_model(tmp_path):
    cause = OSError("disk gone")
    task = small(train=interrupted_after(22, cause), name="torn")
    with pytest.raises(RunFailed, match=r"torn: reading training batch 3 \(step 22\) failed: OSError: disk") as raised:
        fit(task, steps=100, runs=tmp_path)
    run = raised.value.run
    assert raised.value.__cause__ is cause
    assert nn.functional.mse_loss(run.model(X[32:]), Y[32:]).item() == pytest.approx(run.best["validation_penalty"])
    assert read_meta(run.folder)["ended"]["ended"] == "failed"


def test_a_model_that_cannot_be_made_is_recorded_as_a_failure(tmp_path):
    with pytest.raises(TaskError, match="ZeroDivisionError"):
        fit(small(model=lambda: 1 / 0), steps=3, runs=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert "ZeroDivisionError" in read_meta(folder)["ended"]["reason"]


def test_the_outcome_is_plain_json_and_a_few_lines(tmp_path):
    run = fit(small(metrics={"nothing": lambda _, __: torch.tensor(torch.nan)}), steps=20, runs=tmp_path)
    outcome = json.loads(json.dumps(run.to_json(), allow_nan=False))
    assert outcome["best"]["nothing"] is None
    assert outcome["best_step"] == run.best_step
    lines = run.summary().splitlines()
    assert len(lines) == 5
    assert str(run.best_step) in lines[0]
    assert run.reason in lines[1]
    assert run.average.text in lines[2]
    assert str(run.folder) in lines[4]


def test_the_figure_shows_both_penalties_over_the_step_size_with_the_best_marked():
    run = fit(small(), steps=60)
    upper, lower = run.figure().axes
    assert upper.get_shared_x_axes().joined(upper, lower)
    assert upper.get_ylabel() == "penalty"
    assert lower.get_ylabel() == "step size"
    texts = {text.get_text() for text in upper.texts}
    assert {"training", "validation"} < texts
    assert any(f"at step {run.best_step}" in text for text in texts)


def test_the_figure_marks_the_averaged_weights_over_their_steps_and_the_search_before_them():
    run = fit(small(), steps=300, rule="adamw", stopping=Never())
    upper, lower = run.figure().axes
    found, kept = run.search, "kept" if run.average.kept else "not kept"
    assert f"average {run.average.penalty:.3g}, {kept}" in {text.get_text() for text in upper.texts}
    (mean,) = [line for line in upper.lines if line.get_linewidth() == 3]
    assert [*mean.get_xdata()] == [300 - run.average.steps, 300]
    assert {*mean.get_ydata()} == {run.average.penalty}
    assert f"search: {found.cost} steps" in {text.get_text() for text in lower.texts}
    assert upper.get_xlim()[0] <= -found.cost
    bars = [line for line in lower.lines if max(line.get_xdata()) <= 0]
    assert len(bars) == len(found.race.results)
    assert sum(max(bar.get_xdata()) - min(bar.get_xdata()) for bar in bars) == found.cost
    assert all(low <= line.get_ydata()[0] <= high for line in bars for low, high in [lower.get_ylim()])


def test_a_figure_of_a_run_that_left_the_numbers_is_drawn(tmp_path):
    task = small(penalty=lambda output, target: (output - target).square().mean() ** 9, validation=None)
    run = fit(task, steps=200, rule="sgd", step_size=1e3)
    assert run.ending.kind == "diverged"
    run.figure().savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_without_matplotlib_the_figure_says_what_to_install(monkeypatch):
    run = fit(small(), steps=5)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackage, match=r"pip install 'surefoot\[figures\]'"):
        run.figure()


def test_a_record_that_can_no_longer_be_written_does_not_stop_the_training(tmp_path, monkeypatch):
    import sqlite3

    def full(self, batch):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("surefoot.records.database.Database.write", full)
    with pytest.warns(UserWarning, match="disk is full.*the training goes on"):
        run = fit(small(), steps=20, runs=tmp_path, stopping=Never())
    assert run.ending.kind == "finished"
    assert len(run.trace["penalty"]) == 20


def test_feedback_is_told_the_validation_penalty_of_every_check():
    flat = sf.Plateau(factor=0.5, patience=2, margin=1e9)
    run = fit(small(), steps=60, check_every=10, schedule=sf.constant(), step_size=0.01, feedback=flat)
    sizes = run.trace["step_size"].values
    assert {*sizes} == {0.01, 0.005, 0.0025}
    assert (sizes[:30] == 0.01).all()  # the first check is a gain, the third the second bad one
    assert (sizes[30:50] == 0.005).all()
    assert "0.5 times the step size" in run.settings["feedback"]


def test_feedback_without_validation_is_refused():
    with pytest.raises(InvalidValue, match="feedback is told the validation penalty"):
        fit(small(validation=None), steps=5, feedback=sf.Plateau())


def test_a_rule_that_is_not_there_brings_near_names():
    with pytest.raises(InvalidValue, match=r"rule is 'adamq'; it must be one of surefoot\.rules\.RULES, such as adam"):
        fit(small(), steps=5, rule="adamq")
