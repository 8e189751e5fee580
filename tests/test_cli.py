"""Laws of the command: its exit codes, its one sentence for a mistake, its quick help."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import surefoot
from surefoot import __version__
from surefoot.cli import FAILED, FINISHED, INTERRUPTED, WRONG, main
from surefoot.records.reading import read

TASKS = """
import torch
from torch import nn
from surefoot.training.batches import Batches
from surefoot.training.task import Task

X, Y = torch.ones(8, 2), torch.ones(8, 1)
common = dict(model=lambda: nn.Linear(2, 1), penalty=nn.MSELoss(), validation=Batches(X, Y), name="line")
line = Task(train=Batches(X, Y, size=4), **common)

def made():
    return line

def torn():
    yield X, Y
    raise OSError("torn")

def stopped():
    yield X, Y
    raise KeyboardInterrupt

broken = Task(train=torn, **common)
interrupted = Task(train=stopped, **common)
diverging = Task(train=lambda: [(X, Y * torch.inf)], **common)
number = 3

def needs(argument):
    return line

def fails():
    return deeper()

def deeper():
    raise KeyError("nothing")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Stand in an empty folder with a file of tasks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("SUREFOOT_RUNS", "runs")
    (tmp_path / "tasks.py").write_text(TASKS)
    return tmp_path


def command(capsys, *arguments):
    """Run the command here; return its exit code and its two outputs."""
    code = main(list(arguments))
    return code, *capsys.readouterr()


def python(*arguments):
    """Run a new Python that finds this surefoot wherever it stands."""
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=found)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from surefoot.cli import main; code = main(['fit', '--help']) or main(['--help'])\n"
        "heavy = {'torch', 'numba', 'matplotlib', 'numpy', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    shown = python("-c", code)
    assert shown.returncode == 0, shown.stderr
    assert "Exit codes: 0 finished" in shown.stdout


def test_the_version_is_printed(capsys):
    assert command(capsys, "--version") == (FINISHED, f"surefoot {__version__}\n", "")


@pytest.mark.parametrize("name", ["line", "made"])
def test_a_task_of_a_file_is_fitted_and_recorded(here, capsys, name):
    code, out, err = command(capsys, "fit", f"tasks.py:{name}", "--steps", "12")
    assert (code, err) == (FINISHED, "")
    assert len(out.splitlines()) == 5  # with the line on the average
    (folder,) = (here / "runs").iterdir()
    assert f"record: runs/{folder.name}" in out
    assert len(read(folder)["penalty"]) == 12


def test_json_is_one_object_and_nothing_else(here, capsys):
    options = ("--epochs", "2", "--seed", "3", "--runs", "kept", "--json")
    code, out, err = command(capsys, "fit", "tasks.py:line", *options)
    outcome = json.loads(out)
    assert (code, err, out.count("\n")) == (FINISHED, "", 1)
    assert (outcome["task"], outcome["steps"], outcome["settings"]["seed"]) == ("line", 4, 3)
    assert outcome["folder"].startswith("kept")


def test_options_reach_the_run(here, capsys):
    options = ("--rule", "sgd", "--step-size", "0.25", "--steps", "4", "--json")
    settings = json.loads(command(capsys, "fit", "tasks.py:line", *options)[1])["settings"]
    assert (settings["rule"], settings["step_size"], settings["steps"]) == ("sgd", 0.25, 4)


def test_device_precision_and_batches_of_a_step_reach_the_run(here, capsys):
    options = ("--device", "cpu", "--precision", "bfloat16", "--accumulate", "2", "--epochs", "3", "--json")
    outcome = json.loads(command(capsys, "fit", "tasks.py:line", *options)[1])
    settings = outcome["settings"]
    assert (settings["device"], settings["precision"], settings["accumulate"]) == ("cpu", "bfloat16", 2)
    assert outcome["steps"] == 3


def test_a_figure_is_drawn(here, capsys):
    code, out, _ = command(capsys, "fit", "tasks.py:line", "--steps", "8", "--figure", "run.png")
    assert code == FINISHED
    assert "figure: run.png" in out
    assert (here / "run.png").read_bytes().startswith(b"\x89PNG")


MISTAKES = {
    "an unknown task": (("nosuch", "--steps", "3"), WRONG, "no task 'nosuch'; there are digits"),
    "a missing file": (("nosuch.py:task", "--steps", "3"), WRONG, "no file nosuch.py"),
    "a missing name": (("tasks.py:nosuch", "--steps", "3"), WRONG, "has no 'nosuch'; it has line, broken, interrupted"),
    "no name": (("tasks.py", "--steps", "3"), WRONG, "give tasks.py:NAME; it has line"),
    "a name of something else": (("tasks.py:number", "--steps", "3"), WRONG, "is a int"),
    "a function with arguments": (("tasks.py:needs", "--steps", "3"), WRONG, "is a function; it must be a Task"),
    "a function that fails": (("tasks.py:fails", "--steps", "3"), FAILED, "tasks.py:34: KeyError"),
    "steps and epochs": (("tasks.py:line", "--steps", "3", "--epochs", "2"), WRONG, "give one of the two"),
    "no length": (("tasks.py:line",), WRONG, "neither steps nor epochs"),
    "no steps": (("tasks.py:line", "--steps", "0"), WRONG, "steps is 0"),
    "steps that are no number": (("tasks.py:line", "--steps", "many"), WRONG, "--steps"),
    "an unknown rule": (("tasks.py:line", "--steps", "3", "--rule", "adamm"), WRONG, "rule is 'adamm'"),
    "a negative step size": (("tasks.py:line", "--steps", "3", "--step-size", "-1"), WRONG, "step_size is -1"),
    "a device that is not there": (
        ("tasks.py:line", "--steps", "3", "--device", "cuda:99"),
        WRONG,
        "here there is cpu",
    ),
    "an unknown precision": (
        ("tasks.py:line", "--steps", "3", "--precision", "half"),
        WRONG,
        "one of float32, bfloat16",
    ),
    "no batch a step": (("tasks.py:line", "--steps", "3", "--accumulate", "0"), WRONG, "accumulate is 0"),
    "an unknown option": (("tasks.py:line", "--stepz", "3"), WRONG, "--stepz"),
    "a figure of no known kind": (("tasks.py:line", "--steps", "3", "--figure", "a.xyz"), WRONG, "must end in .png"),
    "a figure in no folder": (("tasks.py:line", "--steps", "3", "--figure", "no/a.png"), WRONG, "no folder no"),
    "runs in a file": (("tasks.py:line", "--steps", "3", "--runs", "tasks.py"), WRONG, "cannot be written"),
    "data that fail": (("tasks.py:broken", "--steps", "3"), FAILED, "failed: OSError: torn (tasks.py:16)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_its_code(here, capsys, mistake):
    arguments, documented, words = MISTAKES[mistake]
    code, out, err = command(capsys, "fit", *arguments)
    assert words in err
    assert (code, out, err.count("\n")) == (documented, "", 1)
    assert err.startswith("surefoot: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ny = nosuch\n", "bad.py:2: NameError"),
        ("x = 1\n\ndef f(:\n", "bad.py:3: SyntaxError"),
        ("import sys\nsys.exit(1)\n", "bad.py:2: sys.exit was called"),
    ],
)
def test_a_file_that_cannot_be_run_is_told_with_its_line(here, capsys, text, words):
    (here / "bad.py").write_text(text)
    code, _, err = command(capsys, "fit", "bad.py:task", "--steps", "3")
    assert (code, err.count("\n")) == (FAILED, 1)
    assert words in err


def test_an_interrupted_run_is_kept_and_has_its_own_code(here, capsys):
    code, out, _ = command(capsys, "fit", "tasks.py:interrupted", "--steps", "9")
    assert code == INTERRUPTED
    assert "interrupted by you at step 1" in out


def test_a_penalty_that_is_not_finite_has_the_code_of_a_failure(here, capsys):
    code, out, _ = command(capsys, "fit", "tasks.py:diverging", "--steps", "9")
    assert code == FAILED
    assert "diverged after 9 of 9 steps: none of the last 9 steps was finite" in out
    assert "doctor: " in out  # who says what to change


def test_a_failed_run_still_gives_its_json(here, capsys):
    code, out, err = command(capsys, "fit", "tasks.py:broken", "--steps", "9", "--json")
    assert code == FAILED
    assert json.loads(out)["ended"] == "failed"
    assert err.count("\n") == 1


def test_the_command_itself_fits_the_digits(here):
    ran = python("-m", "surefoot.cli", "fit", "digits", "--steps", "60", "--json")
    assert (ran.returncode, ran.stderr) == (FINISHED, "")
    assert json.loads(ran.stdout)["best"]["accuracy"] > 0.8


def test_the_command_itself_tells_a_mistake_in_one_line(here):
    ran = python("-m", "surefoot.cli", "fit", "nosuch")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (WRONG, "", 1)


@pytest.mark.parametrize("arguments", [("list",), ("study", "--list"), ("list", "--json")])
def test_whoever_stops_reading_is_told_nothing(arguments, tmp_path):
    command = [sys.executable, "-u", "-m", "surefoot.cli", *arguments]
    environment = {**os.environ, "SUREFOOT_STUDY": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (0, b"")
