"""Task files and options that are not what they should be, at the command: one sentence, and nothing written."""

import pytest
from hostility import assert_said, everything, fuzzed
from hypothesis import given
from hypothesis import strategies as st

from surefoot.cli import main
from surefoot.errors import SurefootError
from surefoot.tasks import load

GOOD = """
import sys
import torch
import surefoot as sf

x = torch.randn(64, 3)
batches = sf.Batches(x, x[:, :1], size=16)
def line(): return torch.nn.Linear(3, 1)
def task_of(model=line, train=batches): return sf.Task(model=model, penalty=torch.nn.MSELoss(), train=train)
task = task_of()
def make(): return task
def needs(something): return task
def returns_nothing(): return None
def fails(): raise KeyError("one line\\nand another")
def fails_at_length(): raise ValueError("x" * 100_000)
def fails_in_silence(): raise ValueError
def fails_in_colour(): raise ValueError("\\x1b[31mred\\x07\\ud800")
def fails_with_many(): raise ExceptionGroup("many", [ValueError("a")])
def never_ends(): return never_ends()
def leaves(): sys.exit("bye")
def stops(): raise StopIteration
def closes(): raise GeneratorExit
class Mute(Exception):
    def __str__(self): raise RuntimeError("no words")
def fails_without_words(): raise Mute
class Other(BaseException): pass
def fails_otherwise(): raise Other("o")
number, text, module = 3, "hello", line()
model_fails = task_of(model=lambda: 1 / 0)
model_leaves = task_of(model=leaves)
model_is_none = task_of(model=lambda: None)
model_does_not_fit = task_of(model=lambda: torch.nn.Linear(5, 1))
batches_fail = task_of(train=lambda: fails())
batches_leave = task_of(train=lambda: leaves())
batches_are_numbers = task_of(train=[1, 2, 3])
no_batches = task_of(train=[])
items_fail = task_of(train=sf.Loader([fails], collate=lambda items: items[0]()))
"""

NAMES = (
    "absent", "needs", "returns_nothing", "fails", "fails_at_length", "fails_in_silence", "fails_in_colour", "leaves",
    "fails_with_many", "never_ends", "stops", "closes", "fails_without_words", "fails_otherwise", "number", "text",
    "module", "make()", " make", "a:b", "__name__", "sys", "", "é", "\x1b[31m", "x" * 5000,
)  # fmt: skip
"""What is no task, and makes none."""

BROKEN = (
    "model_fails", "model_leaves", "model_is_none", "model_does_not_fit", "batches_fail", "batches_leave",
    "batches_are_numbers", "no_batches", "items_fail",
)  # fmt: skip
"""Tasks that fail once they are used."""

FILES = {
    "syntax.py": b"def f(:\n  pass\n",
    "indented.py": b"def f():\nx = 1\n",
    "tabs.py": b"if 1:\n\tx = 1\n        y = 2\n",
    "binary.py": bytes(range(256)) * 10,
    "null.py": b"x = 1\0\n",
    "latin.py": b"x = '\xe9'\n",
    "coded.py": b"# coding: nonsense\nx = 1\n",
    "wide.py": "x = 1".encode("utf-16"),
    "empty.py": b"",
    "leaves.py": b"import sys\nsys.exit(4)\n",
    "raises.py": b"raise RuntimeError('a\\nb')\n",
    "imports.py": b"import nonsense_module\n",
    "relative.py": b"from . import x\n",
    "deep.py": b"x = " + b"(" * 500 + b")" * 500,
    "signs.py": b"x = " + b"-" * 50_000 + b"1",
    "otherwise.py": b"class Other(BaseException): pass\nraise Other('x')\n",
}

PLACES = (
    "missing.py:x", "missing.py", "folder.py:x", "folder.py", ".py", ".py:x", ":.py:x", "", ":", "x", "digits ", "good.pyc:x",
    "nowhere/x.py:y", "good.py", "good.py:", "\x1b[31m.py:x", "\x1b[31m", "x\0.py:y", "x" * 5000 + ".py:y", "x" * 100_000,
)  # fmt: skip

COMMANDS = {
    "fit": ["--steps", "4", "--no-progress", "--runs", "runs"],
    "check": ["--seconds", "0.5"],
    "find": ["--steps", "4"],
    "compare": ["--steps", "4", "--rules", "adamw,sgd", "--no-progress"],
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Stand in a folder with one good file and many others."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "folder.png").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def assert_refused(here, capsys, *arguments):
    before = everything(here)
    code = main(list(arguments))
    assert_said(code, *capsys.readouterr())
    assert everything(here) == before


@pytest.mark.parametrize(
    "target", [*(f"good.py:{name}" for name in NAMES), *(f"{name}:task" for name in FILES), *PLACES]
)
def test_what_is_no_task_is_told_in_one_sentence_and_nothing_is_written(here, capsys, target):
    assert_refused(here, capsys, "check", target, *COMMANDS["check"])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "target", ["good.py:absent", "good.py:fails", "syntax.py:task", "binary.py:task", "missing.py:x"]
)
def test_every_command_tells_it_alike(here, capsys, command, target):
    assert_refused(here, capsys, command, target, *COMMANDS[command])


@pytest.mark.parametrize("name", BROKEN)
def test_a_task_that_fails_when_it_is_looked_at_is_told_in_one_sentence(here, capsys, name):
    assert_refused(here, capsys, "check", f"good.py:{name}", *COMMANDS["check"])


@fuzzed
@given(st.text(max_size=12), st.sampled_from(["", ".py", ".py:", ":"]), st.text(max_size=12))
def test_any_name_of_a_task_is_loaded_or_refused(first, between, last):
    with pytest.raises(SurefootError):
        load(first + between + last)


LONG = "x" * 5000
OPTIONS = [
    *(["fit", "good.py:task", *given] for given in (
        ["--steps", "0"], ["--steps", "-1"], ["--steps", "1e3"], ["--steps", "9" * 5000], ["--epochs", "0"],
        ["--steps", "2", "--epochs", "2"], ["--until", "x"], ["--minutes", "nan"], ["--minutes", "-1"],
        ["--minutes", "inf"], ["--steps", "9", "--seed", "-1"], ["--steps", "9", "--seed", "9" * 40],
        ["--steps", "9", "--step-size", "nan"], ["--steps", "9", "--step-size", "-1"], ["--steps", "9", "--rule", LONG],
        ["--steps", "9", "--step-size", "1e400"], ["--steps", "9", "--rule", "x"], ["--steps", "9", "--device", "x"],
        ["--steps", "9", "--schedule", "(" * 1000], ["--steps", "9", "--schedule", ""], ["--steps", "9", "--device", ""],
        ["--steps", "9", "--device", "meta"], ["--steps", "9", "--precision", "x"], ["--steps", "9", "--accumulate", "0"],
        ["--steps", "9", "--runs", "good.py"], ["--steps", "9", "--runs", LONG], ["--steps", "9", "--figure", "x.txt"],
        ["--steps", "9", "--figure", "nowhere/x.png"], ["--steps", "9", "--figure", "folder.png"],
        ["--steps", "9", "--figure", LONG + ".png"], ["--nonsense"], ["extra"],
    )),
    *(["check", "good.py:task", *given] for given in (
        ["--seconds", "nan"], ["--seconds", "-1"], ["--dismiss", LONG], ["--sarif", "folder.py"], ["--seed", "-1"],
        ["--sarif", "nowhere/x"], ["--sarif", LONG], ["--device", "x"],
    )),
    *(["find", "good.py:task", *given] for given in (
        ["--steps", "0"], ["--rule", ""], ["--rule", LONG], ["--seed", "-5"], ["--accumulate", "0"],
        ["--curves", "folder.png"],
    )),
    *(["compare", "good.py:task", *given] for given in (
        [], ["--rules", ""], ["--rules", ","], ["--rules", "x,y"], ["--rules", "adamw,sgd", "--seeds", "0"],
    )),
    *(["schedule", *given] for given in (
        [], ["linear()", "--steps", "0"], ["linear(5)", "--step-size", "nan"], ["constant()"], ["x" * 100_000],
        ["linear()", "--steps", "999999999", "--json"], ["linear()", "--steps", "9", "--figure", "folder.png"],
    )),
    *(["average", *given] for given in (
        [], ["x"], ["a", "b", "-o", ""], [LONG, "b", "-o", "x.safetensors"], ["folder.py", "folder.py", "-o", "x.safetensors"],
        ["good.py", "good.py", "-o", "folder.py"], ["good.py", "good.py", "-o", LONG + ".safetensors"],
        ["good.py", "good.py", "-o", "x.safetensors", "--weights", "nan,1"],
        ["good.py", "good.py", "-o", "x.safetensors", "--weights", ""],
        ["/dev/zero", "/dev/zero", "-o", "x.safetensors"],
    )),
    ["nonsense"], ["--nonsense"], ["show", LONG], ["show", ""], ["show", "\x1b[31m"], ["list", "--kind", "x"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", OPTIONS, ids=lambda given: " ".join(given)[:60].encode("unicode_escape").decode())
def test_an_option_that_is_not_allowed_is_told_in_one_sentence_and_nothing_is_written(here, capsys, arguments):
    assert_refused(here, capsys, *arguments)
