"""Laws of runs whose length nobody gave: they hold, see a plateau or the clock, cool down, and end."""

import time

import pytest
import torch
from torch import nn

from surefoot.errors import InvalidValue
from surefoot.fitting import fit
from surefoot.schedules import constant
from surefoot.stopping import Patience
from surefoot.training.batches import Batches
from surefoot.training.loop import descend
from surefoot.training.open_end import OpenEnd
from surefoot.training.task import Task

X = torch.randn(160, 4, generator=torch.Generator().manual_seed(1))
Y = X[:, :1] + 0.3 * torch.randn(160, 1, generator=torch.Generator().manual_seed(2))


def task(**changes):
    train, validation = Batches(X[:128], Y[:128], size=16), Batches(X[128:], Y[128:])
    net = {"model": lambda: nn.Linear(4, 1), "penalty": nn.MSELoss(), "train": train, "validation": validation}
    return Task(**{**net, **changes})


def test_until_a_plateau_it_warms_up_holds_cools_down_and_ends():
    run = fit(task(), until="plateau", rule="sgd", step_size=0.02, check_every=8)
    sizes, cooling = run.trace["step_size"].values, run.trace.last("cooling")
    assert run.ending.kind == "finished"
    assert "gained" in run.reason
    assert run.steps == run.ending.step == len(sizes) == cooling.step + round(0.25 * cooling.step)
    assert sizes[99 : cooling.step].tolist() == [0.02] * (cooling.step - 99)
    assert sizes[0] == pytest.approx(0.0002)
    assert sizes[-1] == 0.0
    assert (sizes[cooling.step :][1:] < sizes[cooling.step :][:-1]).all()


def test_the_same_seed_gives_the_same_run_of_unknown_length():
    first, again = (fit(task(), until="plateau", seed=5, check_every=8) for _ in range(2))
    assert first.ending.step == again.ending.step
    assert torch.equal(first.model.weight, again.model.weight)


def test_it_takes_no_more_steps_than_it_may_and_is_cooled_by_then():
    run = fit(task(), until="plateau", steps=200, rule="sgd", step_size=0.01)
    assert run.ending.step <= 200
    assert run.trace["step_size"].values[-1] == 0.0
    assert "200 steps at most" in run.reason


def test_minutes_are_kept_search_and_cool_down_among_them():
    begun = time.perf_counter()
    run = fit(task(), minutes=0.05, rule="sgd")
    assert time.perf_counter() - begun < 6.0  # twice what was asked: a slow machine is no fault of the run
    assert run.ending.kind == "finished"
    assert run.trace["step_size"].values[-1] == 0.0
    assert "of 3 seconds are over" in run.reason


def test_another_judge_may_say_when_it_is_flat():
    run = fit(task(), until="plateau", stopping=Patience(checks=2), rule="sgd", step_size=0.02, check_every=8)
    assert "brought no gain" in run.reason


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"until": "flat"}, "until is 'flat'; it must be 'plateau'"),
        ({"minutes": 0.0}, "minutes is 0"),
        ({"until": "plateau", "schedule": constant()}, "schedule has a length and the run has none"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(choices, words):
    with pytest.raises(InvalidValue, match=words):
        fit(task(), **choices)


def test_without_validation_nothing_can_say_that_it_is_flat():
    with pytest.raises(InvalidValue, match="until is told by the validation penalty"):
        fit(task(validation=None), until="plateau")


def test_an_optimizer_whose_schedule_cannot_be_replaced_is_refused():
    model = nn.Linear(4, 1)
    with pytest.raises(InvalidValue, match="one of ours; SGD has none"):
        descend(task(), model, torch.optim.SGD(model.parameters()), steps=10, end=OpenEnd(minutes=1.0))
