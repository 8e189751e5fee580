"""Laws of a comparison: each rule has its own fit, all see the same, and no more is said than the seeds bear out."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from surefoot.errors import InvalidValue, TaskError
from surefoot.fitting import fit
from surefoot.fitting.attempts import Attempt, Entry
from surefoot.fitting.comparing import compare
from surefoot.fitting.comparison import ONE_SEED, Comparison, least_lead
from surefoot.trace import Series
from surefoot.training.batches import Batches
from surefoot.training.choices import choice_of
from surefoot.training.task import Task

X = torch.randn(160, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, :1] * X[:, 1:2] - X[:, 2:3]).tanh()


@pytest.fixture(autouse=True)
def alone():
    """Compute with one thread: models this small are not quicker with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def task(**changes):
    train, validation = Batches(X[:128], Y[:128], size=32), Batches(X[128:], Y[128:])
    common = {"model": lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)), "penalty": nn.MSELoss()}
    metrics = {"error": nn.L1Loss()}
    return Task(**{**common, "train": train, "validation": validation, "metrics": metrics, "name": "toy", **changes})


def attempt(rule, seed, penalty, ended="finished", length=60):
    steps = list(range(20, length + 1, 20))
    best = {"validation_penalty": penalty} if math.isfinite(penalty) else {}
    return Attempt(rule, seed, 0.01, 0.1, ended, "because", length, best, Series(steps, [penalty] * len(steps)), 9, 1.0)


def entries(**penalties):
    return tuple(Entry(rule, tuple(attempt(rule, *pair) for pair in enumerate(row))) for rule, row in penalties.items())


def comparison(**penalties):
    return Comparison("toy", 60, entries(**penalties))


def test_each_rule_is_given_the_fit_that_it_would_have_alone():
    found = compare(task(), rules=["adamw", "nadam"], steps=240, seed=3)
    for entry in found.entries:
        run = fit(task(), steps=240, rule=entry.rule, seed=3)
        (only,) = entry.attempts
        assert (only.step_size, only.decay) == (run.settings["step_size"], run.settings["decay"])
        assert (only.best, only.steps, only.cost) == (run.best, run.ending.step, run.search.cost)
        assert only.curve.values.tolist() == run.trace["validation_penalty"].values.tolist()
        assert 0 < only.cost <= 60


def test_further_seeds_keep_the_step_size_that_the_first_has_found():
    found = compare(task(), rules=["adamw", "lion"], steps=240, seeds=2)
    for entry in found.entries:
        first, second = entry.attempts
        assert (first.seed, second.seed) == (0, 1)
        assert first.step_size == second.step_size
        assert first.cost > second.cost == 0
        assert second.best == fit(task(), steps=240, rule=entry.rule, seed=1, step_size=first.step_size).best


def test_without_a_search_each_rule_has_its_usual_step_size_and_that_is_said():
    found = compare(task(), rules=["adamw", "muon"], steps=40, search=0.0)
    assert [each.attempts[0].step_size for each in found.entries] == [choice_of(n).step_size for n in ("adamw", "muon")]
    assert "nothing was searched for" in found.summary()


def test_all_rules_see_the_same_batches_even_of_a_source_that_cannot_be_begun_again():
    drawn, seen = [], []

    def epoch():
        for _ in range(4):
            drawn.append(1)
            yield X[len(drawn) % 100 :][:8], Y[len(drawn) % 100 :][:8]

    class Watched(nn.Linear):
        def forward(self, given):
            seen.append(given.sum().item()) if self.training else None
            return super().forward(given)

    compare(task(model=lambda: Watched(4, 1), train=epoch, metrics={}), rules=["adamw", "nadam"], steps=30, search=0.0)
    assert len(seen) == 60
    assert seen[:30] == seen[30:]
    assert len(set(seen[:30])) == 30


def test_it_leaves_no_mark_on_a_module_trained_in_place_and_each_rule_starts_where_the_first_did():
    model = nn.Linear(4, 1)
    weights, draws = model.weight.clone(), torch.get_rng_state()
    found = compare(task(model=model), rules=["adamw", "adamw_keras"], steps=30, search=0.0)
    assert torch.equal(weights, model.weight)
    assert torch.equal(draws, torch.get_rng_state())
    one, other = (entry.attempts[0].curve.values for entry in found.entries)
    assert one[0] < nn.functional.mse_loss(model(X[128:]), Y[128:]).item()
    assert other[0] < 2 * one[0]


def test_without_validation_a_part_of_the_training_data_is_held_back_and_that_is_said():
    found = compare(task(validation=None, metrics={}), rules=["adamw", "nadam"], steps=20, search=0.0)
    assert found.best is not None
    assert "held back" in found.summary()


def test_the_table_has_a_row_for_each_rule_and_one_star():
    found = compare(task(), rules=["adamw", "nadam", "lion"], steps=20, seeds=2, search=0.0)
    head, *rows = found.table().splitlines()
    assert head.split() == ["rule", "step", "size", "decay", "penalty", "error", "steps", "search", "seconds"]
    assert [row.split()[0] for row in rows] == ["adamw", "nadam", "lion"]
    assert [row.split()[0] for row in rows if "*" in row] == [found.best.rule]
    assert all(row.count("±") == 2 for row in rows)
    assert found.best.mean == min(entry.mean for entry in found.entries)


def test_one_seed_says_nothing_of_a_difference():
    verdict = comparison(adamw=[0.5], nadam=[0.4]).verdict
    assert verdict == f"nadam is best: validation penalty 0.4, 20 % below adamw's\n{ONE_SEED}"


def test_a_lead_counts_only_beyond_the_seeds_spread():
    verdict = comparison(adamw=[0.50, 0.52, 0.51], nadam=[0.51, 0.53, 0.52], lion=[0.8, 0.82, 0.81]).verdict
    assert "its lead over lion is more than the seeds' spread accounts for" in verdict
    assert "its lead over nadam, 0.01, is within the seeds' spread" in verdict
    assert "level" in comparison(adamw=[0.5, 0.6], nadam=[0.5, 0.6]).verdict


@pytest.mark.parametrize("seeds", [2, 3, 5, 20])
def test_of_two_equal_rules_one_in_twenty_at_most_seems_better(seeds):
    draws = np.random.default_rng(0).standard_normal((2000, 2, seeds))
    false = np.mean([abs(a.mean() - b.mean()) > least_lead(list(a), list(b)) for a, b in draws])
    assert false < 0.065
    assert seeds < 3 or false > 0.02  # with two it is more careful than it says


def test_what_diverged_is_no_winner_and_is_told():
    found = comparison(adamw=[0.5, 0.6], sgd=[0.1, math.inf])
    assert found.best.rule == "adamw"
    assert "none in 1 of 2" in found.table()
    assert "alone came to its end" in found.verdict
    assert "no rule" in comparison(sgd=[math.inf], adam=[math.nan]).verdict


def test_a_rule_that_was_interrupted_is_shown_and_cannot_win():
    whole, part = entries(adamw=[0.5])[0], Entry("nadam", (attempt("nadam", 0, 0.1, "interrupted", 20),))
    found = Comparison("toy", 60, (whole, part), interrupted="nadam, seed 0")
    assert found.best is whole
    assert "nadam" in found.table()
    assert "not complete: nadam, seed 0" in found.summary()
    assert "nadam, seed 0: interrupted after 20 of 60 steps" in found.summary()


@pytest.mark.parametrize(("at", "shown"), [(5, []), (70, ["adamw"]), (90, ["adamw", "nadam"])])
def test_an_interrupt_returns_what_is_done(at, shown):
    """40 steps each, a penalty for each and one for each of 2 checks and the average."""
    count = []

    def penalty(output, target):
        count.append(1)
        if len(count) == at:
            raise KeyboardInterrupt
        return nn.functional.mse_loss(output, target)

    def read():
        if at == 5:
            raise KeyboardInterrupt
        return iter([(X, Y)])

    found = compare(task(penalty=penalty, train=read), rules=["adamw", "nadam"], steps=40, search=0.0)
    assert found.interrupted == ("while the batches were read" if at == 5 else "nadam, seed 0")
    assert [entry.rule for entry in found.entries][:1] == shown[:1]
    assert found.best is None or found.best.rule == "adamw"
    json.dumps(found.to_json(), allow_nan=False)


def test_a_rule_that_fails_leaves_the_others_going_and_only_if_all_fail_it_is_raised():
    def torn(output, target):
        if not output.requires_grad:
            return nn.functional.mse_loss(output, target)
        calls.append(1)
        if len(calls) in failing:
            raise OSError("torn")
        return nn.functional.mse_loss(output, target)

    calls, failing = [], {3}
    found = compare(task(penalty=torn), rules=["adamw", "nadam"], steps=20, seeds=2, search=0.0)
    assert [len(entry.attempts) for entry in found.entries] == [1, 2]
    assert found.best.rule == "nadam"
    assert "adamw, seed 0: failed after 2 of 20 steps" in found.summary()
    calls, failing = [], set(range(9999))
    with pytest.raises(TaskError, match="torn"):
        compare(task(penalty=torn), rules=["adamw", "nadam"], steps=160)


def test_every_fault_of_a_call_is_told_at_once():
    with pytest.raises(InvalidValue) as raised:
        compare(task(), rules=["adamv", "adamw", "adamw"], steps=0, seeds=0, seed=-1, search=2.0, precision="float8")
    for said in ("'adamv'", "adamw more than once", "steps is 0", "seeds is 0", "seed is -1", "search is 2", "float8"):
        assert said in str(raised.value)
    for rules in ("adamw", ["adamw"]):
        with pytest.raises(InvalidValue, match="name two at least"):
            compare(task(), rules=rules, steps=10)


def test_json_holds_it_all():
    found = compare(task(), rules=["adamw", "nadam"], steps=20, seeds=2, search=0.0)
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["best"] == found.best.rule
    assert [rule["rule"] for rule in told["rules"]] == ["adamw", "nadam"]
    assert told["rules"][0]["mean"]["validation_penalty"] == pytest.approx(found.entries[0].mean)
    assert [each["seed"] for each in told["rules"][1]["attempts"]] == [0, 1]
    assert set(told["rules"][0]["spread"]) == {"validation_penalty", "error"}


def test_the_figure_names_every_line_at_its_end_and_no_two_names_meet():
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text  # whose extent has no arrow in it

    rules = ["adamw", "nadam", "lion", "adam", "radam", "adamax", "rmsprop"]
    found = comparison(**{rule: [0.5 + place / 1000, 0.5] for place, rule in enumerate(rules)}, sgd=[900.0, math.inf])
    figure = found.figure()
    FigureCanvasAgg(figure).draw()
    texts = figure.axes[0].texts
    boxes = sorted((Text.get_window_extent(text) for text in texts), key=lambda box: box.y0)
    assert {text.get_text().split(":")[0] for text in texts} == {*rules, "sgd"}
    assert sum("*" in text.get_text() for text in texts) == 1
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)
    assert figure.axes[0].get_ylim()[1] < 5.0


def test_a_figure_of_nothing_is_empty():
    pytest.importorskip("matplotlib")
    assert not Comparison("toy", 60, ()).figure().axes[0].lines
