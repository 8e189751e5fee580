"""Laws of `surefoot check`: the line, the exit code, JSON, SARIF with the place, and one sentence for a mistake."""

import json
import subprocess
import sys

import pytest

from surefoot.cli import FAILED, FINISHED, INTERRUPTED, WRONG
from surefoot.cli.check import FOUND

TASKS = """
import torch
from torch import nn
from surefoot.training.batches import Batches
from surefoot.training.task import Task

draws = torch.Generator().manual_seed(0)
X = torch.randn(128, 3, generator=draws)
Y = X.sum(1, keepdim=True) / 3 ** 0.5
common = dict(model=lambda: nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1)), penalty=nn.MSELoss(), name="line")
line = Task(train=Batches(X[32:], Y[32:], size=16), validation=Batches(X[:32], Y[:32]), **common)
leaking = Task(train=Batches(X, Y, size=16), validation=Batches(X[:32], Y[:32]), **common)
unscaled = Task(train=Batches(X, 1000 * Y, size=16), **common)


def made():
    return leaking


def torn():
    yield X, Y
    raise OSError("torn")


def stopped():
    yield X, Y
    raise KeyboardInterrupt


broken = Task(train=torn, **common)
interrupted = Task(train=stopped, **common)
"""


COMMAND = "check"


def test_a_sound_task_gives_a_line_and_no_error(command):
    code, out, err = command("tasks.py:line", "--seconds", "60")
    assert (code, err) == (FINISHED, "")
    assert out.startswith("surefoot check line: 9 of 11 looked at and sound (96 rows, penalty ")


def test_a_fault_has_an_exit_code_of_its_own(command):
    code, out, err = command("tasks.py:leaking", "--seconds", "60")
    assert (code, err) == (FOUND, "")
    assert "FAULT rows-in-both (certain)" in out
    assert command("tasks.py:leaking", "--dismiss", "rows-in-both", "--seconds", "60")[0] == FINISHED


def test_a_note_is_no_fault(command):
    code, out, _ = command("tasks.py:unscaled", "--seconds", "60", "--dismiss", "cannot-overfit-one-batch")
    assert code == FINISHED
    assert "True, and perhaps meant:\n  - initial-penalty: " in out


def test_json_is_one_object_and_nothing_else(command):
    code, out, err = command("tasks.py:leaking", "--seed", "3", "--seconds", "60", "--json")
    found = json.loads(out)
    assert (code, err, out.count("\n")) == (FOUND, "", 1)
    assert [each["code"] for each in found["findings"]] == ["rows-in-both"]
    assert not found["sound"]


@pytest.mark.parametrize(("name", "line"), [("leaking", 12), ("made", 16)])
def test_sarif_names_the_line_on_which_the_task_is_defined(here, command, name, line):
    assert command(f"tasks.py:{name}", "--seconds", "60", "--sarif", "found.sarif")[0] == FOUND
    (result,) = json.loads((here / "found.sarif").read_text())["runs"][0]["results"]
    assert result["ruleId"] == "rows-in-both"
    place = {"artifactLocation": {"uri": "tasks.py"}, "region": {"startLine": line}}
    assert result["locations"][0]["physicalLocation"] == place
    assert TASKS.splitlines()[line - 1].split()[0 if name != "made" else 1].startswith(name)


def test_a_sound_task_writes_an_empty_log(here, command):
    assert command("tasks.py:line", "--seconds", "60", "--sarif", "found.sarif")[0] == FINISHED
    (run,) = json.loads((here / "found.sarif").read_text())["runs"]
    assert run["results"] == []
    assert len(run["tool"]["driver"]["rules"]) == 11


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("tasks.py:line", "--seconds", "0"), WRONG, "seconds is 0"),
        (("tasks.py:line", "--dismiss", "nothing"), WRONG, "dismiss holds 'nothing'; it is one of"),
        (("tasks.py:line", "--sarif", "no/found.sarif"), WRONG, "there is no folder no"),
        (("tasks.py:line", "--device", "abacus"), WRONG, "device is 'abacus'"),
        (("tasks.py:none",), WRONG, "it has line, leaking, unscaled"),
        (("nothing",), WRONG, "there is no task 'nothing'"),
        (("tasks.py:broken",), FAILED, "line: while checking, OSError: torn"),
        (("tasks.py:interrupted",), INTERRUPTED, "interrupted by you"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence_and_an_exit_code(refused, arguments, code, said):
    refused(arguments, code, said)


def test_help_does_without_torch():
    code = "import sys; from surefoot.cli import main; main(['check', '--help']); assert 'torch' not in sys.modules"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "1 a fault was found" in " ".join(told.split())
