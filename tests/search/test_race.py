"""Laws of the race over a task: it finds the neighbourhood of the best, costs what it says, and leaves no mark."""

import math
import multiprocessing
import pickle
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from surefoot.errors import InvalidValue, TaskError
from surefoot.fitting import fit
from surefoot.race import Candidate
from surefoot.search import race, racing
from surefoot.search.held_back import judged
from surefoot.search.start import Way, started
from surefoot.search.trial import Trials, run_elsewhere
from surefoot.training.batches import Batches
from surefoot.training.choices import SCHEDULE
from surefoot.training.compute import Compute
from surefoot.training.task import Task
from surefoot.training.windows import Windows


@pytest.fixture(autouse=True)
def alone():
    """Compute with one thread: models this small are not quicker with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def waves(rows, seed):
    draws = torch.Generator().manual_seed(seed)
    given = 4 * torch.rand(rows, 2, generator=draws) - 2
    return given, torch.sin(2 * given[:, :1]) * given[:, 1:] + 0.1 * torch.randn(rows, 1, generator=draws)


def network():
    return nn.Sequential(
        nn.Linear(2, 32),
        nn.BatchNorm1d(32),
        nn.Tanh(),
        nn.Dropout(0.05),
        nn.Linear(32, 32),
        nn.Tanh(),
        nn.Linear(32, 1),
    )


def task(**changes):
    train, validation = Batches(*waves(256, 1), size=32), Batches(*waves(128, 2), size=128)
    return Task(
        **{
            "model": network,
            "penalty": nn.MSELoss(),
            "train": train,
            "validation": validation,
            "name": "waves",
            **changes,
        }
    )


def stripped(found):
    return found.step_size, found.decay, found.race.results, found.cost


def test_it_finds_the_neighbourhood_of_the_best():
    def reached(size):
        return fit(task(), steps=480, rule="adamw", step_size=size, progress=False).best["validation_penalty"]

    best = min(reached(size) for size in (0.003, 0.01, 0.03, 0.1))
    found = race(task(), steps=480, rule="adamw")
    assert reached(found.step_size) <= 1.3 * best
    assert reached(1e-3) > 2 * best  # it was not easy


def test_the_same_seed_gives_the_same_answer():
    assert stripped(race(task(), steps=480, seed=3)) == stripped(race(task(), steps=480, seed=3))


@pytest.mark.parametrize("steps", [1, 40, 160, 300, 480, 900])
def test_it_costs_at_most_a_quarter_of_the_run_and_says_how_much(steps):
    found = race(task(), steps=steps)
    assert found.cost <= 0.25 * steps
    taken = sum(len(ramp.penalties) for each in found.ranges for ramp in each.ramps)
    assert found.cost <= taken + sum(result.candidate.length for result in found.race.results)
    assert f"cost {found.cost} steps" in found.summary()


def test_a_run_too_short_to_search_for_gets_the_usual_step_size_at_no_cost():
    found = race(task(), steps=40)
    assert (found.step_size, found.decay, found.cost) == (0.012, 0.1, 0)


def marks():
    return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_it_leaves_no_mark_on_the_model_the_generators_and_the_data(error):
    model, calls = network().eval(), 0

    def judge(output, target):
        nonlocal calls
        calls += 1
        if error is not None and calls > 90:  # in the race, after the range test
            raise error
        return nn.functional.mse_loss(output, target)

    loader = DataLoader(TensorDataset(*waves(256, 1)), 32, shuffle=True, generator=torch.Generator().manual_seed(5))
    searched = task(model=model, penalty=judge, train=loader)
    before = (
        marks(),
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        loader.generator.get_state(),
    )
    if error is None:
        race(searched, steps=480)
    else:
        with pytest.raises(TaskError if error is ValueError else error):
            race(searched, steps=480)
    assert marks() == before[0]
    assert all(torch.equal(tensor, before[1][name]) for name, tensor in model.state_dict().items())
    assert torch.equal(loader.generator.get_state(), before[2])
    assert not any(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_fit_after_a_search_is_the_fit_without_one():
    loader = DataLoader(TensorDataset(*waves(256, 1)), 32, shuffle=True, generator=torch.Generator().manual_seed(5))
    searched = task(train=loader)
    state = loader.generator.get_state()
    alone = fit(searched, steps=30, progress=False).trace["penalty"].values
    loader.generator.set_state(state)
    race(searched, steps=480)
    np.testing.assert_array_equal(fit(searched, steps=30, progress=False).trace["penalty"].values, alone)


def test_executors_agree_whatever_the_order_in_which_they_finish():
    alone = race(task(), steps=480)
    with ThreadPoolExecutor(3) as threads:
        assert stripped(race(task(), steps=480, executor=threads)) == stripped(alone)


def test_outcomes_in_another_order_change_nothing(monkeypatch):
    alone = race(task(), steps=480)
    ordered = racing.outcomes

    def backwards(trials, executor):
        carry_out = ordered(trials, executor)
        return lambda candidates: reversed([*carry_out(candidates)])

    monkeypatch.setattr(racing, "outcomes", backwards)
    assert stripped(race(task(), steps=480)) == stripped(alone)


@pytest.mark.slow
def test_processes_agree_with_this_one_and_need_no_function_that_makes_the_model():
    alone = race(task(model=lambda: network()), steps=480)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        assert stripped(race(task(model=lambda: network()), steps=480, executor=processes)) == stripped(alone)


def test_a_forked_process_is_refused_in_words(monkeypatch):
    packed = pickle.dumps(Trials(started(task(), Way(0, Compute())), SCHEDULE))
    monkeypatch.setattr("os.getpid", lambda: -1)  # what a fork sees: all that was imported, and another number
    with pytest.raises(TaskError, match="get_context\\('spawn'\\)"):
        run_elsewhere(packed, Candidate(0, 0, 4, "adamw", 0.01, 0.1))


def test_a_task_that_cannot_be_sent_to_a_process_is_refused_in_words():
    lambdas = task(penalty=lambda output, target: (output - target).square().mean())
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes,
        pytest.raises(InvalidValue, match="define its functions in a file"),
    ):
        race(lambdas, steps=480, executor=processes)


def test_several_rules_and_decays_race_against_each_other():
    found = race(task(), steps=2000, rule=["adamw", "sgd"], decay=[0.0, 0.1])
    assert {(line.rule, line.decay) for line in found.race.lines} == {
        ("adamw", 0.0),
        ("adamw", 0.1),
        ("sgd", 0.0),
        ("sgd", 0.1),
    }
    assert found.rule in ("adamw", "sgd")
    assert found.decay in (0.0, 0.1)
    assert [each.rule for each in found.ranges] == ["sgd"]  # adamw has a usual step size
    assert found.cost <= 500


def test_what_diverges_is_worse_than_any_other_and_the_code_that_then_breaks_is_not_blamed():
    def judge(output, target):
        if not output.isfinite().all():
            raise ValueError("not finite")
        return (output - target).square().mean() ** 3

    found = race(task(penalty=judge, model=lambda: nn.Linear(2, 1)), steps=900, rule="sgd")
    assert math.isfinite(found.step_size)


def test_the_table_shows_every_candidate_and_marks_the_winner():
    found = race(task(), steps=480)
    lines = found.table().splitlines()
    assert len(lines) == 1 + len({(each.candidate.line, each.candidate.notch) for each in found.race.results})
    assert sum("*" in line for line in lines) == 1
    assert found.figure().axes[0].get_xlabel() == "step size"
    assert found.to_json()["cost"] == found.cost


def test_outcomes_are_told_as_they_come():
    told = []
    found = race(task(), steps=480, tell=told.append)
    assert sorted(each.candidate for each in told) == [each.candidate for each in found.race.results]


def test_without_validation_a_fifth_of_the_training_data_judges():
    given, target = waves(100, 1)
    for train in (Batches(given, target, size=10), DataLoader(TensorDataset(given, target), 10, shuffle=True)):
        held = judged(task(train=train, validation=None), seed=1)
        rows = [torch.cat([x for x, _ in source]) for source in (held.train, held.validation)]
        assert [len(part) for part in rows] == [80, 20]
        assert sorted(torch.cat(rows)[:, 0].tolist()) == sorted(given[:, 0].tolist())
    assert race(task(validation=None), steps=480).race.results


def test_of_windows_the_end_of_the_sequence_is_held_back():
    words = Task(model=network, penalty=nn.MSELoss(), train=Windows(torch.arange(1000), context=9, size=4))
    held = judged(words)
    assert (
        max(int(target.max()) for _, target in held.train)
        < 800
        <= min(int(given.min()) for given, _ in held.validation)
    )


@pytest.mark.parametrize(
    "train", [lambda: iter([]), [(torch.ones(1, 2), torch.ones(1, 1))], Batches(torch.ones(1, 2), torch.ones(1, 1))]
)
def test_where_nothing_can_be_held_back_it_is_refused_in_words(train):
    with pytest.raises(InvalidValue, match="give the task validation="):
        race(task(train=train, validation=None), steps=480)


def test_a_source_that_can_be_gone_through_once_more_only_as_another_is_kept():
    drawn = []

    def epoch():
        for batch in Batches(*waves(256, 1), size=32).epoch(seed=0, number=len(drawn)):
            drawn.append(1)
            yield batch

    found = race(task(train=epoch), steps=480)
    assert len(drawn) <= 80
    assert found.race.results


def test_wrong_values_are_refused_all_at_once():
    with pytest.raises(InvalidValue, match=r"steps is 0.*share is 2.*seed is -1.*precision is 'half'"):
        race(task(), steps=0, share=2.0, seed=-1, precision="half")
    with pytest.raises(InvalidValue, match=r"race: rule is 'adamv'; it must be one of"):
        race(task(), steps=480, rule="adamv")
