"""Laws of the average that a run keeps: when it is returned, and that nothing else of the run notices it."""

import json
import random

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.fitting import fit
from surefoot.fitting.run import RunFailed
from surefoot.records.meta import read_meta
from surefoot.records.reading import read
from surefoot.schedules import constant
from surefoot.stopping import Never, Patience
from surefoot.training.average import MOST_SNAPSHOTS, TAIL
from surefoot.training.batches import Batches
from surefoot.training.task import Task

X = torch.randn(96, 5, generator=torch.Generator().manual_seed(0))
Y = X[:, :1] - 2 * X[:, 1:2] + torch.randn(96, 1, generator=torch.Generator().manual_seed(1))


def line():
    return nn.Linear(5, 1)


def normed():
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))


def noisy(**changes):
    """Small batches of noisy targets: with a constant step size the weights circle the minimum and never reach it."""
    train, validation = Batches(X[:64], Y[:64], size=4), Batches(X[:64], Y[:64], size=64)
    return Task(**{"model": line, "penalty": nn.MSELoss(), "train": train, "validation": validation, **changes})


CIRCLING = {
    "rule": "adamw",
    "steps": 200,
    "schedule": constant(),
    "step_size": 0.2,
    "stopping": Never(),
    "check_every": 100,
}


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def penalty_of(run):
    return nn.functional.mse_loss(run.model(X[:64]), Y[:64]).item()


def test_weights_that_circle_a_minimum_have_their_mean_returned_and_it_is_better():
    on, off = (fit(noisy(), average=average, **CIRCLING) for average in (True, False))
    assert on.average.kept
    assert off.average is None
    assert penalty_of(on) == pytest.approx(on.average.penalty)
    assert penalty_of(off) == pytest.approx(on.average.raw)
    assert on.average.penalty < on.average.raw
    assert on.best == on.average.found
    assert on.best_step == off.best_step
    assert not on.model.training


def test_the_averaged_weights_are_the_tails_mean_of_those_after_each_step():
    on = fit(noisy(), **{**CIRCLING, "steps": 40, "check_every": 40})
    shares = TAIL.shares(40)
    mean = torch.zeros(1, 5)
    for step, share in enumerate(shares, 1):  # a run without a cool-down begins as every shorter one
        reached = fit(noisy(validation=None), **{**CIRCLING, "steps": step})
        mean += share * reached.model.weight.detach()
    assert on.average.kept
    torch.testing.assert_close(on.model.weight.detach(), mean)


def test_a_worse_average_leaves_the_best_steps_weights():
    """A run far too short to arrive: what comes later is better."""
    choices = {"steps": 40, "step_size": 1e-3, "schedule": constant(), "stopping": Never()}
    on, off = (fit(noisy(), average=average, **choices) for average in (True, False))
    assert not on.average.kept
    assert on.average.penalty > on.average.raw
    assert on.best == off.best
    assert same(state(on.model), state(off.model))


@pytest.mark.parametrize("model", [line, normed])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_the_run_itself_and_the_draws_after_it_are_the_same_with_and_without(model, accumulate):
    runs, draws = [], []
    for average in (True, False):
        runs.append(fit(noisy(model=model), steps=60, average=average, accumulate=accumulate))
        draws.append((torch.rand(()).item(), np.random.rand(), random.random()))
    for column in ("penalty", "validation_penalty", "step_size"):
        np.testing.assert_array_equal(runs[0].trace[column].values, runs[1].trace[column].values)
    assert draws[0] == draws[1]
    assert runs[0].ending.kind == runs[1].ending.kind


@pytest.mark.parametrize("model", [line, normed])
def test_the_same_seed_gives_the_same_average(model):
    first, again = (fit(noisy(model=model), seed=3, **CIRCLING) for _ in range(2))
    assert first.average == again.average
    assert same(state(first.model), state(again.model))


def test_a_batch_norms_statistics_are_those_of_the_averaged_weights():
    run = fit(noisy(model=normed), **{**CIRCLING, "step_size": 0.03})
    assert run.average.kept
    assert penalty_of(run) == pytest.approx(run.average.penalty)
    hidden = run.model[0](X[:64]).mean(0)
    torch.testing.assert_close(run.model[1].running_mean, hidden, rtol=0.1, atol=0.1)
    assert run.model[1].num_batches_tracked == 200  # as after the last step, and whole


def test_without_validation_the_latest_weights_stay_and_the_run_says_why():
    on, off = (fit(noisy(validation=None), average=average, **CIRCLING) for average in (True, False))
    assert same(state(on.model), state(off.model))
    assert not on.average.kept
    assert "without validation nothing says" in on.average.text
    assert "without validation" in on.trace.last("averaged").text


def test_a_run_that_diverged_keeps_its_best_weights():
    task = noisy(penalty=lambda output, target: (output - target).square().mean() ** 9)
    run = fit(task, steps=200, rule="sgd", step_size=1e3, check_every=2)
    assert run.ending.kind == "diverged"
    assert run.average.text == "the averaged weights were not judged: the run diverged"
    assert all(tensor.isfinite().all() for tensor in run.model.state_dict().values())


def test_an_average_that_is_not_all_numbers_is_never_kept():
    class Odd(nn.Linear):
        """Has a weight that no output shows; it leaves the numbers with the last step."""

        def __init__(self):
            super().__init__(5, 1)
            self.hidden, self.taken = nn.Parameter(torch.zeros(1)), 0

        def forward(self, given):
            if self.training:
                self.taken += 1
                if self.taken == 200:
                    self.hidden.data.fill_(torch.inf)
            return super().forward(given)

    run = fit(noisy(model=Odd), **CIRCLING)
    assert run.average.penalty < run.average.raw
    assert not run.average.kept
    assert penalty_of(run) == pytest.approx(run.average.raw)


def breaking(after, error):
    drawn = 0

    def epoch():
        nonlocal drawn
        for batch in noisy().train.epoch(0, drawn // 16):
            if drawn == after:
                raise error
            drawn += 1
            yield batch

    return epoch


def test_an_interrupted_run_has_its_average_judged_too():
    run = fit(noisy(train=breaking(150, KeyboardInterrupt())), **CIRCLING)
    assert run.ending.kind == "interrupted"
    assert run.average.kept
    assert penalty_of(run) == pytest.approx(run.average.penalty)


def test_an_interrupt_while_the_average_is_judged_leaves_the_best_weights():
    train = breaking(150, KeyboardInterrupt())  # and again, when batches for the batch norm are read
    run = fit(noisy(model=normed, train=train), **CIRCLING)
    assert run.average.text == "the averaged weights were not judged: interrupted by you"
    assert penalty_of(run) == pytest.approx(run.best["validation_penalty"])


def test_a_failed_run_has_its_best_weights():
    with pytest.raises(RunFailed) as raised:
        fit(noisy(train=breaking(150, OSError("gone"))), **CIRCLING)
    run = raised.value.run
    assert run.average.text == "the averaged weights were not judged: the run failed"
    assert penalty_of(run) == pytest.approx(run.best["validation_penalty"])


@pytest.mark.parametrize("error", [OSError("gone"), SystemExit()])
def test_an_error_while_the_average_is_judged_leaves_the_best_weights(error):
    calls, made = 0, []

    def validation():
        nonlocal calls
        calls += 1
        if calls == 11:  # ten checks, and the average
            raise error
        return noisy().validation

    def model():
        made.append(line())
        return made[0]

    task = noisy(validation=validation, model=model)
    choices = {**CIRCLING, "check_every": 20}
    if isinstance(error, Exception):
        run = fit(task, **choices)
        assert run.ending.kind == "finished"
        assert run.average.text == "the averaged weights were not judged: OSError: gone"
    else:
        with pytest.raises(SystemExit):
            fit(task, **choices)
    wanted = fit(noisy(), average=False, **choices).model
    assert same(state(made[0]), state(wanted))


def test_a_run_without_a_check_keeps_the_latest_weights():
    run = fit(noisy(train=breaking(10, KeyboardInterrupt())), **{**CIRCLING, "check_every": 200})
    assert run.average.text == "the averaged weights were not judged: no check came before the end"
    assert run.best_step == 10


def test_a_run_that_stops_early_is_averaged_up_to_there():
    run = fit(noisy(), **{**CIRCLING, "steps": 3000, "stopping": Patience(checks=3), "check_every": 10})
    assert run.ending.kind == "stopped"
    assert run.average.steps == round(TAIL.share * run.ending.step)


def test_a_rule_that_wants_the_highest_gets_it():
    run = fit(noisy(), **{**CIRCLING, "stopping": Never(goal="max")})
    assert run.average.kept == (run.average.penalty > run.average.raw)


def test_what_became_of_it_is_in_the_trace_the_summary_the_record_and_the_json(tmp_path):
    run = fit(noisy(), runs=tmp_path, **CIRCLING)
    text = run.average.text
    assert text.startswith("averaged weights of about the last 20 steps: ")
    assert f"{run.average.penalty:.4g} against {run.average.raw:.4g} raw (" in text
    assert text.endswith("% lower); kept the average")
    assert f"average: {text}" in run.summary()
    assert "with the averaged weights, which are kept" in run.summary().splitlines()[0]
    assert run.trace.last("averaged").text == read(run.folder).last("averaged").text == text
    assert run.settings["average"] == "mean of about the last 10 % of the snapshots"
    outcome = json.loads(json.dumps(run.to_json(), allow_nan=False))
    assert outcome["average"]["kept"] is True
    assert outcome["average"]["found"] == outcome["best"] == run.best
    assert outcome["average"]["raw"] == run.average.raw
    assert read_meta(run.folder)["ended"]["average"] == outcome["average"]
    off = fit(noisy(), average=False, **CIRCLING)
    assert off.settings["average"] is None
    assert off.to_json()["average"] is None
    assert "average" not in off.summary()


def test_metrics_are_told_of_both_the_best_steps_and_the_averaged_weights():
    def distance(output, target):
        return (output - target).abs().mean()

    on, off = (fit(noisy(metrics={"distance": distance}), average=on, **CIRCLING) for on in (True, False))
    before, after = on.average.metrics["distance"]
    assert before == off.best["distance"] == on.average.raw_found["distance"]
    assert after == on.best["distance"]
    assert before != after
    assert f"; distance {after:.4g} against {before:.4g}; kept the average" in on.average.text
    outcome = json.loads(json.dumps(on.to_json(), allow_nan=False))["average"]
    assert outcome["raw_found"] == off.best
    assert outcome["found"] == on.best
    assert fit(noisy(), **CIRCLING).average.metrics == {}


def test_a_long_run_takes_no_more_snapshots_than_it_needs():
    from surefoot.training.average import RunAverage

    kept = RunAverage(noisy(), line(), steps=10 * MOST_SNAPSHOTS)
    for taken in range(1, 101):
        kept.observe(taken)
    assert kept._mean.seen == 10
