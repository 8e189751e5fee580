"""Laws of `surefoot schedule`: the picture, the data and the file; one sentence for a mistake; no torch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import surefoot
from surefoot.cli import FINISHED, WRONG, main
from surefoot.schedules import from_json, parse


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Stand in an empty folder, with a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def command(capsys, *arguments):
    """Run `surefoot schedule` here; return its exit code and its two outputs."""
    code = main(["schedule", *arguments])
    return code, *capsys.readouterr()


def python(*arguments, **environment):
    """Run a new Python that finds this surefoot wherever it stands."""
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])} | environment
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=found, check=False)


def test_it_draws_in_plain_text_and_80_columns_when_piped(capsys):
    code, out, err = command(capsys, "warmup(5%) >> linear()", "wsd()", "--steps", "2000")
    assert (code, err) == (FINISHED, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert "a  warmup(100) >> linear(1900, to=0.0)\n" in out
    assert "b  warmup(100) >> constant(1500) >> one_minus_sqrt(400, to=0.0)\n" in out
    assert "1.00 ┤" in out


def test_its_width_follows_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    widest = max(map(len, command(capsys, "linear()", "--steps", "10")[1].splitlines()))
    assert 110 < widest <= 120


def test_each_schedule_has_a_colour_where_the_terminal_has_colours():
    ran = python(
        "-m", "surefoot.cli", "schedule", "linear(5)", "cosine(5)", FORCE_COLOR="1", COLORTERM="truecolor", TERM="xterm"
    )
    assert ran.stdout.count("\x1b[38;2;86;180;233m") > 5
    assert ran.stdout.count("\x1b[38;2;230;159;0m") > 5
    ran = python(
        "-m", "surefoot.cli", "schedule", "linear(5)", "cosine(5)", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm"
    )
    assert "[38" not in ran.stdout


def test_a_terminal_of_ascii_gets_a_picture_of_ascii():
    ran = python("-m", "surefoot.cli", "schedule", "linear(5)", PYTHONIOENCODING="ascii")
    assert (ran.returncode, ran.stderr) == (FINISHED, "")
    assert ran.stdout.splitlines()[1].startswith(" 0.8 |***")


def test_a_schedule_of_known_steps_needs_no_length(capsys):
    code, out, _ = command(capsys, "warmup(5) >> linear(15)", "constant(40)")
    assert code == FINISHED
    assert out.splitlines()[-4].split()[-1] == "40"


def test_the_step_size_is_what_is_drawn(capsys):
    out = command(capsys, "linear()", "--steps", "10", "--step-size", "0.003")[1]
    assert "step size, of a peak of 0.003" in out
    assert "0.003 ┤" in out


def test_json_is_one_object_and_nothing_else(capsys):
    text = "warmup(50%) >> linear()"
    code, out, err = command(capsys, text, "wsd()", "--steps", "4", "--step-size", "2", "--json")
    told = json.loads(out)
    assert (code, err, out.count("\n")) == (FINISHED, "", 1)
    assert (told["steps"], told["step_size"], len(told["schedules"])) == (4, 2.0, 2)
    first = told["schedules"][0]
    assert (first["given"], first["text"]) == (text, "warmup(2) >> linear(2, to=0.0)")
    assert first["factors"] == [0.5, 1.0, 0.5, 0.0]
    assert from_json(first["phases"]) == parse(text).over(steps=4)


@pytest.mark.parametrize(("file", "start"), [("s.png", b"\x89PNG"), ("s.svg", b"<?xml"), ("s.pdf", b"%PDF")])
def test_a_figure_is_drawn(here, capsys, file, start):
    code, out, _ = command(capsys, "wsd()", "one_cycle()", "--steps", "100", "--figure", file)
    assert code == FINISHED
    assert out.endswith(f"\nfigure: {file}\n")
    assert (here / file).read_bytes().startswith(start)


MISTAKES = {
    "no text": ((), "TEXT"),
    "a text that is none": (
        ("warmup(5) >>", "--steps", "9"),
        "'warmup(5) >>' is no schedule; write shapes joined by >>",
    ),
    "an unknown shape": (("warmpu(5)", "--steps", "9"), "warmpu(5) is no shape of a schedule"),
    "no length": (("warmup(5%)",), "warmup(5%) has shares or a rest of the run; say how long it is with --steps"),
    "no steps": (("linear()", "--steps", "0"), "--steps is 0; a run has at least 1"),
    "too few steps": (("warmup(50)", "--steps", "10"), "the run has 10 steps, and its phases"),
    "a step size of 0": (("linear()", "--steps", "9", "--step-size", "0"), "--step-size is 0.0; it must be finite and"),
    "a step size of nan": (("linear()", "--steps", "9", "--step-size", "nan"), "--step-size is nan"),
    "a figure of no known kind": (("linear()", "--steps", "9", "--figure", "a.xyz"), "must end in .png"),
    "a figure in no folder": (("linear()", "--steps", "9", "--figure", "no/a.png"), "no folder no"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_its_code(capsys, mistake):
    arguments, words = MISTAKES[mistake]
    code, out, err = command(capsys, *arguments)
    assert words in err
    assert (code, out, err.count("\n")) == (WRONG, "", 1)
    assert err.startswith("surefoot: ")


def test_it_answers_without_torch_numba_or_matplotlib():
    code = (
        "import sys; from surefoot.cli import main; main(['schedule', 'wsd() * one_cycle()', '--steps', '100']);"
        "print(sorted({'torch', 'numba', 'matplotlib', 'numpy'} & {*sys.modules}))"
    )
    assert python("-c", code).stdout.splitlines()[-1] == "[]"


def test_even_its_figure_does_without_torch(here):
    code = (
        "import sys; from surefoot.cli import main; main(['schedule', 'wsd()', '--steps', '100', '--figure', 's.svg']);"
        "print(sorted({'torch', 'numba'} & {*sys.modules}))"
    )
    assert python("-c", code).stdout.splitlines()[-1] == "[]"
