"""Laws of the loop: what it leaves in the model on every way out, and what it tells."""

from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from surefoot.errors import InvalidValue
from surefoot.pytorch.drop_in import AdamW
from surefoot.stopping import Never, Patience
from surefoot.trace import joined
from surefoot.training.batches import Batches
from surefoot.training.best import BestWeights
from surefoot.training.descent import READ_EVERY
from surefoot.training.loop import descend, usual_check
from surefoot.training.progress import Progress
from surefoot.training.task import Task
from surefoot.training.validation import validated


def noisy(rows, seed):
    """Inputs with labels that are chance: all that can be learned of them is wrong elsewhere."""
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 8, generator=draws), torch.randn(rows, 1, generator=draws)


def network():
    return nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))


def overfitting(**changes):
    train, validation = Batches(*noisy(32, 1), size=8), Batches(*noisy(64, 2), size=32)
    return Task(**{"model": network, "penalty": nn.MSELoss(), "train": train, "validation": validation, **changes})


def descended(task, steps=200, optimizer=torch.optim.AdamW, **choices):
    """Run the loop; return its ending, its model and its trace."""
    torch.manual_seed(0)
    model, pieces = task.make(), []
    ending = descend(task, model, optimizer(model.parameters(), lr=0.01), steps=steps, tell=pieces.append, **choices)
    return ending, model, joined(pieces)


def state(model):
    return [tensor.detach().clone() for tensor in chain(model.parameters(), model.buffers())]


def assert_same_state(model, other):
    for one, two in zip(state(model), state(other), strict=True):
        assert torch.equal(one, two)


def assert_weights_of(step, model, **changes):
    """Hold a model against a run of that many steps, whose last weights are kept because nothing judges them."""
    _, reached, _ = descended(overfitting(validation=None), steps=step, check_every=4, **changes)
    assert_same_state(model, reached)


@pytest.mark.parametrize("optimizer", [torch.optim.AdamW, AdamW])
def test_an_overfitting_run_stops_early_with_exactly_the_weights_of_its_best_step(optimizer):
    ending, model, trace = descended(overfitting(), optimizer=optimizer, check_every=4, stopping=Patience(checks=6))
    checks = trace["validation_penalty"]
    assert ending.kind == "stopped"
    assert "6 checks in a row" in ending.reason
    assert ending.best_step == checks.steps[checks.values.argmin()]
    assert ending.step == ending.best_step + 6 * 4 < 200
    assert_weights_of(ending.best_step, model, optimizer=optimizer)


def test_the_best_weights_are_back_after_the_last_step():
    ending, model, trace = descended(overfitting(), check_every=4)
    assert (ending.kind, ending.step, ending.reason) == ("finished", 200, "all 200 steps were taken")
    assert ending.best_step < 200
    assert_weights_of(ending.best_step, model)
    assert trace.last("finished").step == 200


def breaking(task, after, error):
    """Let the training data break in the batch after so many."""
    drawn = 0

    def epoch():
        nonlocal drawn
        for batch in Batches(*noisy(32, 1), size=8).epoch(seed=0, number=drawn // 4):
            if drawn == after:
                raise error
            drawn += 1
            yield batch

    return Task(model=task.model, penalty=task.penalty, train=epoch, validation=task.validation)


def test_ctrl_c_ends_the_run_with_its_best_weights():
    ending, model, trace = descended(breaking(overfitting(), 150, KeyboardInterrupt()), check_every=4)
    assert (ending.kind, ending.reason) == ("interrupted", "interrupted by you at step 150")
    assert len(trace["penalty"]) == 150  # also what was not yet read
    assert 0 < ending.best_step < 150
    assert_weights_of(ending.best_step, model)


def test_an_error_in_the_data_ends_the_run_with_its_best_weights_and_names_the_batch():
    error = ValueError("a torn\nfile")
    ending, model, trace = descended(breaking(overfitting(), 150, error), check_every=4)
    assert ending.kind == "failed"
    assert ending.error is error
    assert ending.reason == "reading training batch 3 (step 150) failed: ValueError: a torn file"
    assert trace.last("failed").text == ending.reason
    assert_weights_of(ending.best_step, model)


def test_sys_exit_is_let_through_with_the_best_weights_in_the_model():
    torch.manual_seed(0)
    task = breaking(overfitting(), 150, SystemExit())
    model, pieces = network(), []
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    with pytest.raises(SystemExit):
        descend(task, model, optimizer, steps=200, check_every=4, tell=pieces.append)
    assert_weights_of(joined(pieces).last("best").step, model)


def fails_at(call, error):
    calls = 0

    def judge(output, target):
        nonlocal calls
        calls += 1
        if calls > call:
            raise error
        return nn.functional.mse_loss(output, target)

    return judge


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        ({"penalty": fails_at(7, KeyError(3))}, "the penalty of training batch 2 (step 5) failed: KeyError: 3"),
        ({"metrics": {"m": fails_at(3, KeyError(3))}}, "judging validation batch 2 (step 8) failed: KeyError: 3"),
        ({"train": list}, "train gave no batches in epoch 1"),
        ({"validation": list}, "validation gave no batches"),
        ({"penalty": lambda _, target: target.mean()}, "depends on no parameter"),
        ({"forward": lambda _, __: 3, "penalty": None}, "forward gave a int"),
    ],
)  # fmt: skip
def test_a_failure_is_blamed_on_what_failed(changes, blamed):
    ending, _, _ = descended(overfitting(**changes), steps=20, check_every=4)
    assert ending.kind == "failed"
    assert blamed in ending.reason


@pytest.mark.parametrize("validation", [None, Batches(*noisy(64, 2))])
def test_a_penalty_that_is_not_finite_ends_the_run_at_the_next_reading_with_sound_weights(validation):
    task = overfitting(validation=validation, penalty=lambda output, target: (output - target).square().mean() ** 9)
    torch.manual_seed(0)
    model = task.make()
    ending = descend(task, model, torch.optim.SGD(model.parameters(), lr=1e3), steps=5000, check_every=1000)
    assert ending.kind == "diverged"
    assert "the training penalty was" in ending.reason
    assert ending.step == READ_EVERY
    assert ending.best_step == 0
    assert all(tensor.isfinite().all() for tensor in state(model))


def test_an_interrupt_after_an_unread_penalty_that_is_not_finite_leaves_sound_weights():
    task = breaking(overfitting(validation=None), 50, KeyboardInterrupt())
    torch.manual_seed(0)
    model = task.make()
    ending = descend(task, model, torch.optim.SGD(model.parameters(), lr=1e30), steps=90, check_every=90)
    assert (ending.kind, ending.step, ending.best_step) == ("interrupted", 50, 0)
    assert all(tensor.isfinite().all() for tensor in state(model))


def test_weights_that_left_the_numbers_are_not_remembered_though_no_penalty_has_shown_it_yet():
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e38)  # the first step overflows
    task = overfitting(validation=None, penalty=lambda output, target: 1e4 * (output - target).square().mean())
    ending = descend(task, model, optimizer, steps=9, check_every=1)
    assert (ending.kind, ending.step, ending.best_step) == ("diverged", 2, 0)
    assert all(tensor.isfinite().all() for tensor in state(model))


def test_a_run_that_would_stop_at_its_last_step_is_finished():
    stopped, _, _ = descended(overfitting(), check_every=4, stopping=Patience(checks=6))
    ending, _, _ = descended(overfitting(), steps=stopped.step, check_every=4, stopping=Patience(checks=6))
    assert (ending.kind, ending.step, ending.best_step) == ("finished", stopped.step, stopped.best_step)


def test_a_model_that_comes_in_evaluation_mode_is_trained_in_training_mode():
    model = network().eval()
    _, trained, _ = descended(overfitting(model=model, validation=None), steps=4)
    assert trained[1].num_batches_tracked == 4


def test_the_seed_orders_the_batches():
    first, again, other = (descended(overfitting(), steps=8, seed=seed)[2]["penalty"].values for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_validation_the_latest_weights_stay():
    ending, _, trace = descended(overfitting(validation=None), steps=10, check_every=4)
    assert ending.best_step == 10
    assert "validation_penalty" not in trace.series


def test_an_interrupt_before_the_first_check_keeps_the_latest_weights():
    ending, model, _ = descended(breaking(overfitting(), 10, KeyboardInterrupt()), check_every=100)
    assert ending.best_step == 10
    assert_weights_of(10, model)


def test_every_step_is_told_once_with_its_penalty_and_step_size():
    _, _, trace = descended(overfitting(), steps=250, check_every=60)
    assert trace["penalty"].steps.tolist() == trace["step_size"].steps.tolist() == list(range(250))
    assert trace["validation_penalty"].steps.tolist() == [60, 120, 180, 240, 250]
    assert set(trace["step_size"].values) == {0.01}


def test_how_often_a_run_is_checked_does_not_change_it():
    task = overfitting(validation=DataLoader(TensorDataset(*noisy(64, 2)), shuffle=True))
    traces = [descended(task, steps=40, check_every=every)[2] for every in (3, 40)]
    np.testing.assert_array_equal(traces[0]["penalty"].values, traces[1]["penalty"].values)


def test_validation_is_the_mean_over_items_and_leaves_modes_and_draws_alone():
    model = network()
    model[1].eval()
    given, target = noisy(10, 3)
    metrics = {"twice": lambda output, target: 2 * (output - target).square().mean()}
    task = overfitting(validation=Batches(given, target, size=7), metrics=metrics)
    before = torch.get_rng_state()
    found = validated(task, model)
    assert torch.equal(before, torch.get_rng_state())
    assert [module.training for module in model] == [True, False, True, True, True]
    model.eval()
    assert found["validation_penalty"] == pytest.approx(nn.functional.mse_loss(model(given), target).item())
    assert found["twice"] == pytest.approx(2 * found["validation_penalty"])


def test_a_run_is_checked_each_epoch_and_at_most_a_hundred_times():
    assert usual_check(overfitting(), steps=100) == 4
    assert usual_check(overfitting(), steps=10_000) == 100
    assert usual_check(overfitting(train=lambda: iter([])), steps=200) == 10


def test_best_weights_hold_parameters_and_buffers_and_no_aliases():
    model = network()
    before, best = state(model), BestWeights(model)
    best.restore()  # nothing remembered: nothing done
    best.remember(step=5)
    with torch.no_grad():
        for tensor in chain(model.parameters(), model.buffers()):
            tensor.add_(1)
    best.restore()
    assert best.step == 5
    assert all(torch.equal(one, two) for one, two in zip(state(model), before, strict=True))


def test_no_steps_are_refused():
    with pytest.raises(InvalidValue, match=r"steps is 0; .*check_every is -1"):
        descended(overfitting(), steps=0, check_every=-1, stopping=Never())


class Terminal:
    """A stream that says whether it is a terminal and keeps what is written."""

    def __init__(self, live):
        self.live, self.text = live, ""

    def isatty(self):
        return self.live

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.mark.parametrize("live", [True, False])
def test_progress_is_drawn_on_a_terminal_only_and_a_few_times_a_second(live, monkeypatch):
    now = 0.0
    monkeypatch.setattr("surefoot.training.progress.perf_counter", lambda: now)
    stream = Terminal(live)
    progress = Progress("digits", 1000, stream)
    for taken in range(1, 1001):
        now = taken / 1000
        progress.tick(taken)
    assert stream.text.count("digits") == (4 if live else 0)
    assert stream.text.count("\n") == 0
    progress.close()
    assert stream.text == "" or stream.text.split("\r")[-2].isspace()  # the line is taken away


def test_progress_shows_the_best_check():
    progress = Progress("x", 100, Terminal(False))
    _, _, trace = descended(overfitting(), steps=40, check_every=40)
    progress.tell(trace)
    assert f"validation {(found := trace['validation_penalty'].values[0]):.3g} (best {found:.3g})" in progress.line(40)
