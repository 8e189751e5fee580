"""Copies, pickles and checkpoints: what is kept, what is shared with nobody, and that a resumed run is the same run."""

import copy
import io
import pickle
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import surefoot as sf
from surefoot.rules import RULES

SCHEDULE = sf.warmup(3) >> sf.cosine(7, to=0.1)
NAMES = ["SGD", "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop"]


def stepped(model, optimizer, steps, first=0):
    for step in range(first, first + steps):
        torch.manual_seed(step)
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().sum().backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters()]


def run(name="AdamW", **options):
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    return model, getattr(sf, name)(model.parameters(), lr=0.1, schedule=SCHEDULE, **options)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_a_copy_steps_on_alike_and_the_original_is_untouched(name, duplicate):
    model, optimizer = run(name, clip=0.5, **({"momentum": 0.9} if name == "SGD" else {}))
    stepped(model, optimizer, 3)
    twin, twins_optimizer = duplicate((model, optimizer))
    kept = [p.detach().clone() for p in model.parameters()]
    kept_state = copy.deepcopy(optimizer.state_dict())
    ahead = stepped(twin, twins_optimizer, 3, first=3)
    assert all(map(torch.equal, kept, model.parameters()))
    assert str(kept_state) == str(optimizer.state_dict())
    assert all(map(torch.equal, ahead, stepped(model, optimizer, 3, first=3)))
    assert twins_optimizer.clip == 0.5


def test_an_optimizer_of_a_rule_survives_a_pickle():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    optimizer = sf.RuleOptimizer(model.parameters(), RULES["nesterov"], 0.01, {"momentum": 0.5})
    stepped(model, optimizer, 2)
    twin, twins_optimizer = pickle.loads(pickle.dumps((model, optimizer)))
    assert all(map(torch.equal, stepped(twin, twins_optimizer, 3, 2), stepped(model, optimizer, 3, 2)))


def test_loading_a_state_shares_no_memory_with_it():
    model, optimizer = run()
    stepped(model, optimizer, 2)
    twin, twins_optimizer = run()
    twins_optimizer.load_state_dict(optimizer.state_dict())
    kept = copy.deepcopy(optimizer.state_dict())
    stepped(twin, twins_optimizer, 2)
    assert str(kept) == str(optimizer.state_dict())


def test_a_state_that_somebody_replaces_or_clears_is_used():
    model, optimizer = run()
    stepped(model, optimizer, 2)
    optimizer.state[model.weight]["exp_avg"] = torch.full((3, 4), 5.0)
    optimizer.state[model.weight]["step"] = torch.tensor(7.0)
    stepped(model, optimizer, 1)
    assert optimizer.state[model.weight]["step"] == 8
    assert (optimizer.state[model.weight]["exp_avg"] > 3).any()
    optimizer.state.clear()
    stepped(model, optimizer, 1)
    assert optimizer.state[model.weight]["step"] == 1


RESUME = """
    import sys, torch, surefoot as sf
    from torch import nn
    def run(first, steps, load, save):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(64, 300), nn.Tanh(), nn.Linear(300, 10))
        optimizer = sf.{name}(model.parameters(), lr=0.01, clip=1.0, schedule=(sf.warmup(3) >> sf.linear(20, to=0.1)))
        if load:
            saved = torch.load(load, weights_only=True)
            model.load_state_dict(saved["model"]); optimizer.load_state_dict(saved["optimizer"])
        for step in range(first, first + steps):
            torch.manual_seed(step)
            optimizer.zero_grad()
            model(torch.randn(32, 64)).square().sum().backward()
            optimizer.step()
        torch.save({{"model": model.state_dict(), "optimizer": optimizer.state_dict()}}, save)
    first, steps, load, save = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    run(first, steps, load, save)
"""


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "AdamW", "NAdam", "ASGD", "Rprop"])  # the last three carry more
def test_a_run_resumed_in_a_new_process_is_bit_equal_to_the_unbroken_one(name, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(RESUME.format(name=name)))

    def process(first, steps, load, save):
        subprocess.run([sys.executable, script, str(first), str(steps), load, tmp_path / save], check=True)
        return torch.load(tmp_path / save, weights_only=True)

    whole = process(0, 9, "", "whole")
    process(0, 4, "", "half")
    resumed = process(4, 5, tmp_path / "half", "resumed")
    assert all(torch.equal(value, resumed["model"][key]) for key, value in whole["model"].items())
    assert str(whole["optimizer"]) == str(resumed["optimizer"])


def test_the_schedule_stands_in_a_checkpoint_as_text_that_any_torch_load_reads():
    model, optimizer = run()
    stepped(model, optimizer, 4)
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    saved = torch.load(buffer, weights_only=True)
    assert saved["param_groups"][0]["schedule"] == str(SCHEDULE)
    fresh = sf.AdamW(model.parameters(), lr=0.5)
    fresh.load_state_dict(saved)
    assert fresh.step_sizes == optimizer.step_sizes == [0.1 * SCHEDULE(4)]


# Schedules, ours and torch's


def test_a_schedule_multiplies_the_peak_which_is_never_written():
    model, optimizer = run()
    for step in range(12):
        assert optimizer.step_sizes == [pytest.approx(0.1 * SCHEDULE(step))]
        stepped(model, optimizer, 1)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_the_step_taken_is_the_step_size_shown():
    p = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = sf.SGD([p], lr=0.1, schedule=SCHEDULE)
    for _ in range(12):
        before, shown = p.item(), optimizer.step_sizes[0]
        p.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        assert before - p.item() == pytest.approx(shown, rel=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.CosineAnnealingLR(o, 8),
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=20),
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 4), lr_scheduler.ExponentialLR(o, 0.9)], [4]
        ),
        lambda o: lr_scheduler.LambdaLR(o, SCHEDULE),
    ],
)
def test_torchs_schedulers_drive_our_optimizers_as_they_drive_torchs(make):
    def final(home):
        torch.manual_seed(0)
        model = nn.Linear(4, 3)
        optimizer = home.AdamW(model.parameters(), lr=0.1)
        scheduler = make(optimizer)
        for step in range(12):
            stepped(model, optimizer, 1, first=step)
            scheduler.step()
        return model.weight.detach()

    torch.testing.assert_close(final(sf), final(torch.optim))


def test_torchs_scheduler_on_top_of_our_schedule_multiplies_with_it():
    p = nn.Parameter(torch.zeros(1))
    optimizer = sf.SGD([p], lr=1.0, schedule=sf.linear(10))
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    for step in range(5):
        assert optimizer.step_sizes == [pytest.approx(0.5**step * (1 - (step + 1) / 10))]
        optimizer.step()
        scheduler.step()
