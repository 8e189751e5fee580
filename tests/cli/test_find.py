"""Laws of `surefoot find`: the table, the suggestion with its cost, the data, the file, and one sentence for a mistake."""

import json
import subprocess
import sys

import pytest

import surefoot as sf
from surefoot.cli import FAILED, FINISHED, INTERRUPTED, WRONG

TASKS = """
import torch
from torch import nn
from surefoot.training.batches import Batches
from surefoot.training.task import Task

X = torch.linspace(-1, 1, 64)[:, None]
common = dict(model=lambda: nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)), penalty=nn.MSELoss(), name="line")
line = Task(train=Batches(X, X * X, size=16), validation=Batches(X, X * X), **common)
blind = Task(train=lambda: iter([(X, X)]), **common)

def torn():
    yield X, X
    raise OSError("torn")

def stopped():
    yield X, X
    raise KeyboardInterrupt

broken = Task(train=torn, validation=[(X, X)], **common)
interrupted = Task(train=stopped, validation=[(X, X)], **common)

penalties = []

def late(output, target):
    penalties.append(1)
    if len(penalties) == 30:
        raise KeyboardInterrupt
    return nn.functional.mse_loss(output, target)

stopping = Task(train=[(X, X)], validation=[(X, X)], **common | dict(penalty=late))
"""


COMMAND = "find"


def test_it_prints_a_table_and_the_suggestion_with_its_cost(command):
    code, out, err = command("tasks.py:line", "--steps", "1600", "--rule", "sgd")
    assert (code, err) == (FINISHED, "")
    assert "range test of sgd at" in out
    assert "step size" in out
    assert sum(line.count("*") for line in out.splitlines()) == 1
    assert "line: sgd at step size" in out
    assert "% of the run's 1600" in out


def test_json_is_one_object_and_nothing_else(command):
    code, out, err = command("tasks.py:line", "--steps", "480", "--rule", "sgd", "--seed", "3", "--json")
    found = json.loads(out)
    assert (code, err, out.count("\n")) == (FINISHED, "", 1)
    assert (found["rule"], found["steps"]) == ("sgd", 480)
    assert found["cost"] <= 120
    assert found["tried"]


def test_the_figure_is_drawn(here, command):
    code, out, _ = command("tasks.py:line", "--steps", "480", "--figure", "found.png")
    assert code == FINISHED
    assert out.endswith("figure: found.png\n")
    assert (here / "found.png").stat().st_size > 5000


def test_curves_are_drawn_and_their_cost_is_said(here, command):
    code, out, _ = command("tasks.py:line", "--steps", "240", "--curves", "curves.png")
    assert code == FINISHED
    assert "the curves cost 72 steps more, 30 % of the run's 240" in out
    assert out.endswith("curves: curves.png\n")
    assert (here / "curves.png").stat().st_size > 5000
    _, out, _ = command("tasks.py:line", "--steps", "240", "--curves", "curves.png", "--json")
    found = json.loads(out)
    assert found["curves"]["runs"][1]["step_size"] == found["step_size"]


def test_what_was_found_is_shown_when_the_curves_are_interrupted(here, command):
    code, out, err = command("tasks.py:stopping", "--steps", "20", "--curves", "curves.png")
    assert (code, err) == (INTERRUPTED, "surefoot: interrupted by you.\n")
    assert "muon at step size 0.012" in out
    assert not (here / "curves.png").exists()


def test_a_run_too_short_gets_the_usual_step_size(command):
    code, out, _ = command("tasks.py:line", "--steps", "12")
    assert code == FINISHED
    assert "muon at step size 0.012" in out
    assert "too few" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("tasks.py:line", "--rule", "adamv"), WRONG, "rule is 'adamv'; it must be one of"),
        (("tasks.py:line", "--steps", "0"), WRONG, "steps is 0"),
        (("tasks.py:line", "--figure", "found.gif"), WRONG, "must end in .png"),
        (("tasks.py:line", "--curves", "found.gif"), WRONG, "--curves is found.gif; it must end in .png"),
        (("tasks.py:blind",), WRONG, "give the task validation="),
        (("nothing",), WRONG, "there is no task 'nothing'"),
        (("tasks.py:broken",), FAILED, "torn"),
        (("tasks.py:interrupted",), INTERRUPTED, "interrupted by you"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence_and_an_exit_code(refused, arguments, code, said):
    refused(arguments, code, said)


def test_search_is_there_when_it_is_first_used():
    assert sf.search.race is not None
    code = "import sys, surefoot as sf; assert 'torch' not in sys.modules; sf.search.range_test; assert 'search' in dir(sf)"
    subprocess.run([sys.executable, "-c", code], check=True)
