"""Laws of `surefoot compare`: the table with its star, the data, the file, Ctrl-C, and one sentence for a mistake."""

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
common = dict(model=lambda: nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)), name="line")
data = dict(train=Batches(X, X * X, size=16), validation=Batches(X, X * X))
line = Task(penalty=nn.MSELoss(), **data, **common)
blind = Task(penalty=nn.MSELoss(), train=lambda: iter([(X, X)]), **common)
blown = Task(penalty=lambda output, target: output.sum() * torch.inf, **data, **common)

def torn(output, target):
    raise OSError("torn")

count = []

def stopped(output, target):
    count.append(1)
    if len(count) == 60:
        raise KeyboardInterrupt
    return nn.functional.mse_loss(output, target)

broken = Task(penalty=torn, **data, **common)
interrupted = Task(penalty=stopped, **data, **common)
"""


COMMAND = "compare"


def test_it_prints_a_table_with_a_star_and_says_what_one_seed_means(command):
    code, out, err = command("tasks.py:line", "--rules", "adamw,nadam", "--steps", "160")
    assert (code, err) == (FINISHED, "")
    assert sum(line.count("*") for line in out.splitlines()) == 1
    assert "one seed: a difference of a few per cent means nothing" in out
    assert "of them searching" in out


def test_json_is_one_object_and_nothing_else(command):
    arguments = ("--rules", "adamw, nadam", "--steps", "20", "--seeds", "2", "--seed", "4", "--no-search", "--json")
    code, out, err = command("tasks.py:line", *arguments)
    found = json.loads(out)
    assert (code, err, out.count("\n")) == (FINISHED, "", 1)
    assert [each["seed"] for each in found["rules"][1]["attempts"]] == [4, 5]
    assert [each["cost"] for each in found["rules"]] == [0, 0]


def test_the_figure_is_drawn(here, command):
    pytest.importorskip("matplotlib")
    arguments = ("--rules", "adamw,nadam", "--steps", "20", "--no-search", "--figure", "found.png")
    code, out, _ = command("tasks.py:line", *arguments)
    assert code == FINISHED
    assert out.endswith("figure: found.png\n")
    assert (here / "found.png").stat().st_size > 5000


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_ctrl_c_shows_what_is_done(command, form):
    code, out, err = command("tasks.py:interrupted", "--rules", "adamw,nadam", "--steps", "40", "--no-search", *form)
    assert (code, err) == (INTERRUPTED, "surefoot: interrupted by you.\n")
    assert "adamw" in out
    assert "nadam, seed 0" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("tasks.py:line", "--rules", "adamv,adamw"), WRONG, "rule is 'adamv'; it must be one of"),
        (("tasks.py:line", "--rules", "adamw"), WRONG, "name two at least"),
        (("tasks.py:line",), WRONG, "--rules"),
        (("tasks.py:line", "--rules", "adamw,nadam", "--seeds", "0"), WRONG, "seeds is 0"),
        (("tasks.py:line", "--rules", "adamw,nadam", "--figure", "found.gif"), WRONG, "must end in .png"),
        (("tasks.py:blind", "--rules", "adamw,nadam"), WRONG, "give the task validation="),
        (("tasks.py:broken", "--rules", "adamw,nadam", "--steps", "20"), FAILED, "torn"),
    ],
)
def test_mistakes_are_one_sentence_and_an_exit_code(refused, arguments, code, said):
    refused(arguments, code, said)


def test_where_every_rule_diverges_the_table_is_shown_and_the_exit_code_says_so(command):
    code, out, err = command("tasks.py:blown", "--rules", "adamw,nadam", "--steps", "8")
    assert code == FAILED
    assert "adamw, seed 0: diverged" in out
    assert "no rule came to its end" in err


def test_compare_is_there_when_it_is_first_used():
    assert sf.compare is not None
    code = "import sys, surefoot as sf; assert 'torch' not in sys.modules; sf.compare; assert 'compare' in dir(sf)"
    subprocess.run([sys.executable, "-c", code], check=True)
