"""Laws of `surefoot list` and `surefoot show`: all is there, fits its terminal, and needs no torch."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import surefoot
from surefoot.catalogue import KINDS, entries
from surefoot.cli import FINISHED, WRONG, main

ENTRIES = entries()


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    """Stand before a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def command(capsys, *arguments):
    """Run `surefoot` here; return its exit code and its two outputs."""
    code = main([*arguments])
    return code, *capsys.readouterr()


def python(*arguments, **environment):
    """Run a new Python that finds this surefoot wherever it stands."""
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])} | environment
    found = {name: value for name, value in found.items() if value is not None}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=found, check=False)


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_the_list_has_a_line_for_each_and_fits(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = command(capsys, "list")
    lines = out.splitlines()
    assert (code, err) == (FINISHED, "")
    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [entry.name for entry in ENTRIES]
    assert not any(line.endswith(" ") for line in lines)
    assert [line for line in lines if line.endswith(")") and not line.startswith(" ")] == [
        f"{several} ({len(entries(kind))})" for kind, several in KINDS.items()
    ]


def test_at_120_columns_every_formula_is_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    out = command(capsys, "list")[1]
    assert all(f" {entry.line}" in out for entry in ENTRIES)


def test_a_list_that_is_piped_is_not_cut():
    out = python("-m", "surefoot.cli", "list", COLUMNS=None).stdout
    assert "…" not in out
    assert "\x1b" not in out
    told = out.splitlines()
    for entry in ENTRIES:
        (line,) = (line for line in told if line.startswith(f"  {entry.name} "))
        assert entry.line in line
        assert line.endswith(entry.says[-15:])


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_listed_alone(capsys, kind):
    for word in (kind, KINDS[kind]):
        lines = command(capsys, "list", "--kind", word)[1].splitlines()
        assert len(lines) == len(entries(kind)) + 3
        assert lines[0].startswith(KINDS[kind])


def test_the_list_as_json_is_one_object_and_nothing_else(capsys):
    code, out, err = command(capsys, "list", "--json")
    told = json.loads(out)
    assert (code, err, out.count("\n")) == (FINISHED, "", 1)
    assert [each["name"] for several in KINDS.values() for each in told[several]] == [entry.name for entry in ENTRIES]
    assert [*json.loads(command(capsys, "list", "--kind", "penalties", "--json")[1])] == ["penalties"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_is_shown_with_all_that_is_known_of_it(capsys, entry):
    code, out, err = command(capsys, "show", entry.name)
    told, _, program = out.partition("A program in which it is found:\n")
    lines = told.splitlines()
    words = " ".join(told.split())
    assert (code, err) == (FINISHED, "")
    assert max(map(len, lines)) <= 80
    assert dedent(program).strip() == entry.example
    assert not any(line.endswith(" ") for line in lines)
    assert lines[0] == f"{entry.name}  {entry.kind}"
    assert f"{entry.says}." in words
    assert all(" ".join(line.split()) in words for line in entry.formula)
    assert entry.use in words
    assert entry.torch in words
    assert all(any(line.startswith(f"{term.name} ") for line in lines) for term in entry.terms)
    for fact in entry.facts:
        assert any(line.startswith(f"{fact.title} ") for line in lines)
        assert all(text.replace("-", "")[:9] in words.replace("-", "") for _, text in fact.told)


def test_a_formula_is_shown_line_by_line(capsys):
    out = command(capsys, "show", "AdamW")[1]
    assert (
        """
    m = m + (1 - beta1)*(g - m)
    v = v + (1 - beta2)*(g^2 - v)
    p = p - step_size*decay*p
    p = p - step_size*m*c1/(sqrt(v*c2) + eps)

    sf.AdamW(model.parameters(), step_size=0.001)  # torch.optim.AdamW()
"""
        in out
    )
    assert "Keras: decay 0.004" in out


def test_a_schedule_is_drawn(capsys):
    out = command(capsys, "show", "wsd")[1]
    assert "1.00 ┤" in out
    assert "a  warmup(50) >> constant(750) >> one_minus_sqrt(200, to=0.0)" in out


def test_a_check_is_shown_with_what_it_explains_and_how_to_dismiss_it(capsys):
    out = command(capsys, "show", "check:softmax-twice")[1]
    assert out.startswith("softmax-twice  check\nSoftmax before cross-entropy.\n\nevidence  certain: a fact of the")
    assert "explains  initial-penalty: the first penalty is far above" in out
    assert "dismiss   sf.Doctor(..., dismiss=['softmax-twice'])" in out
    assert "surefoot check TASK --dismiss rows-in-both" in command(capsys, "show", "rows-in-both")[1]


def test_a_wide_terminal_gets_lines_that_can_be_read(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = command(capsys, "show", "plateau")[1]
    assert 90 < max(map(len, out.splitlines())) <= 100


def test_shown_as_json_it_is_one_object_and_nothing_else(capsys):
    code, out, err = command(capsys, "show", "lion", "--json")
    told = json.loads(out)
    assert (code, err, out.count("\n")) == (FINISHED, "", 1)
    assert (told["kind"], told["name"], told["formula"][-1]) == ("rule", "lion", "p = p - step_size*sign(u)")
    assert told["facts"]["elsewhere"]["torch"] == "has none"
    assert {"name": "beta1", "default": "0.9"}.items() <= told["terms"][5].items()


MISTAKES = {
    "an unknown name": (("show", "adamm"), "there is no rule, schedule, penalty or check 'adamm'; near it are adam"),
    "a name of others": (("show", "mse"), "near it is mean_squared_error"),
    "no name": (("show",), "NAME"),
    "an unknown kind": (
        ("list", "--kind", "losses"),
        "--kind is 'losses'; it is one of rules, schedules, penalties, checks",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_its_code(capsys, mistake):
    arguments, words = MISTAKES[mistake]
    code, out, err = command(capsys, *arguments)
    assert words in err
    assert (code, out, err.count("\n")) == (WRONG, "", 1)
    assert err.startswith("surefoot: ")


def test_they_have_colours_where_the_terminal_has():
    ran = python("-m", "surefoot.cli", "show", "lion", FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[1;36mlion" in ran.stdout
    assert "\x1b" not in python("-m", "surefoot.cli", "show", "lion").stdout


def test_a_terminal_of_ascii_is_told_all_the_same():
    for arguments in (("list",), ("show", "wsd"), ("show", "rprop")):
        ran = python("-m", "surefoot.cli", *arguments, PYTHONIOENCODING="ascii")
        assert (ran.returncode, ran.stderr) == (FINISHED, "")
        assert ran.stdout.isascii()


def test_they_answer_without_torch_numba_or_matplotlib():
    code = (
        "import sys; from surefoot.cli import main; main(['list']); main(['show', 'wsd']); main(['show', 'focal']); main(['show', 'not-finite']);"
        "print(sorted({'torch', 'numba', 'matplotlib', 'sympy'} & {*sys.modules}))"
    )
    assert python("-c", code).stdout.splitlines()[-1] == "[]"
