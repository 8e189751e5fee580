"""The catalogue holds everything once, says of it what it is, and finds it."""

import ast
import inspect
import math
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from paths import CONSTANTS

import surefoot as sf
from surefoot.backends import reference
from surefoot.catalogue import KINDS, entries, find
from surefoot.catalogue import checks as check_entries
from surefoot.catalogue import penalties as penalty_entries
from surefoot.catalogue import rules as rule_entries
from surefoot.catalogue.schedules import SETTINGS, python_of
from surefoot.diagnose import CHECKS
from surefoot.diagnose.checks import start
from surefoot.errors import InvalidValue
from surefoot.penalties import PENALTIES
from surefoot.pytorch import drop_in
from surefoot.pytorch.optimizer import Optimizer
from surefoot.rules import RULES
from surefoot.schedules import parse
from surefoot.schedules.joins import JOINS
from surefoot.schedules.shaped import SHAPED

ENTRIES = entries()
MATRICES = {"Muon"}
"""Torch's classes that step by no rule of the catalogue: theirs are functions of a matrix."""


def by_name(entry):
    return f"{entry.kind}:{entry.name}"


def test_everything_is_in_it_once_and_in_order():
    assert [entry.name for entry in entries("rule")] == [*RULES]
    assert [entry.name for entry in entries("schedule")] == [*(make.__name__ for make in (*SHAPED, *JOINS)), "plateau"]
    assert [entry.name for entry in entries("penalty")] == [*PENALTIES]
    assert [entry.name for entry in entries("check")] == [*CHECKS]
    assert tuple(entry for kind in KINDS for entry in entries(kind)) == ENTRIES


def test_a_name_means_one_thing():
    folded = [entry.name.replace("_", "").replace("-", "") for entry in ENTRIES]
    assert len(folded) == len(set(folded)), "give one of the two another name, or let find ask for the kind"


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_an_entry_says_what_it_is_in_one_sentence_and_one_line(entry):
    assert entry.says[0].isupper() or "_" in entry.says.split()[0]
    assert not entry.says.endswith(".")
    assert "\n" not in entry.says + entry.line
    assert entry.line
    assert all("xp." not in line and "1.0" not in line.replace("1.0)", "") for line in entry.formula)
    assert all(term.says for term in entry.terms), [term.name for term in entry.terms if not term.says]
    assert len({term.name for term in entry.terms}) == len(entry.terms)


@pytest.mark.parametrize("entry", ENTRIES, ids=by_name)
def test_kin_are_entries_of_one_kind_and_kin_of_each_other(entry):
    for name in entry.kin:
        other = find(name)
        assert other.kind == entry.kind
        assert entry.name in other.kin


@pytest.mark.parametrize("entry", entries("rule"), ids=by_name)
def test_every_name_in_a_rules_formula_is_explained(entry):
    used = set(re.findall(r"[a-z]\w*", " ".join(entry.formula)))
    assert used - {"sqrt", "max", "min", "sign", "if", "else"} <= {term.name for term in entry.terms}


def worth(text, names):
    """What an expression in plain text comes to."""
    written = re.sub(r"\|(\w+)\|", r"abs(\1)", text).replace("^", "**")
    functions = {"sqrt": math.sqrt, "max": max, "min": min, "abs": abs, "sign": lambda x: math.copysign(x != 0, x)}
    return eval(written, functions, names)


@pytest.mark.parametrize("decay", [False, True], ids=["as it comes", "decaying"])
@pytest.mark.parametrize("entry", entries("rule"), ids=by_name)
def test_a_rules_plain_text_is_its_formula(entry, decay):
    rule = RULES[entry.name]
    constants = {**CONSTANTS[rule.name], **({} if decay else {"decay": rule.constants["decay"]})}
    paced = {**constants, "peak": 2 * constants["step_size"], "factor": 0.5}
    given = {**paced, **rule.first(paced)}
    numbers = dict(zip(rule.names, rule.row(3, given), strict=True))
    slots = {slot: 0.3 + 0.1 * at for at, slot in enumerate(rule.slots)}
    before = {"p": 0.7, "g": -1.3, **slots, **numbers}
    arrays = [np.array([value]) for value in slots.values()]
    p, *after = reference.step(
        rule, np.array([0.7]), np.array([-1.3]), tuple(arrays), {**numbers, "scale": 1.0, "l2": 0.0}
    )
    names = dict(before)
    for line in entry.formula:
        name, _, text = line.partition(" = ")
        names[name] = worth(text, names)
    assert np.allclose(names["p"], p, rtol=1e-13)
    assert all(np.allclose(names[slot], value, rtol=1e-13) for slot, value in zip(rule.slots, after, strict=True))
    if not decay:
        sign, text = re.search(r"p ([+-])= (.*)", entry.line).groups()
        moved = worth(text, {**names, "p": 0.7})
        assert np.allclose(0.7 + (moved if sign == "+" else -moved), p, rtol=1e-13)


@pytest.mark.parametrize("name", rule_entries.TORCH)
def test_torchs_class_steps_by_the_rule_that_is_said(name):
    kind, arguments = rule_entries.TORCH[name]
    assert hasattr(torch.optim, kind)
    parameters = [torch.nn.Parameter(torch.ones(2))]
    optimizer = eval(find(name).use, {"sf": sf, "model": SimpleNamespace(parameters=lambda: parameters)})
    assert type(optimizer) is getattr(drop_in, kind)
    assert optimizer.spelling.read(optimizer.param_groups[0]).rule is RULES[name]
    assert find(name).torch == f"torch.optim.{kind}({arguments})"


def test_every_class_of_torchs_steps_by_a_rule_of_the_catalogue():
    classes = {name for name, kind in vars(drop_in).items() if inspect.isclass(kind) and issubclass(kind, Optimizer)}
    assert classes - MATRICES == {kind for kind, _ in rule_entries.TORCH.values()}


@pytest.mark.parametrize("entry", [e for e in entries("rule") if not e.torch], ids=by_name)
def test_any_other_rule_is_made_as_is_said(entry):
    parameters = [torch.nn.Parameter(torch.ones(2))]
    optimizer = eval(entry.use, {"sf": sf, "model": SimpleNamespace(parameters=lambda: parameters)})
    assert optimizer.rule is RULES[entry.name]
    assert optimizer.param_groups[0]["lr"] == RULES[entry.name].constants["step_size"]


@pytest.mark.parametrize("entry", entries("penalty"), ids=by_name)
def test_a_penaltys_class_has_its_facts_and_takes_its_names(entry):
    kind = getattr(sf, penalty_entries.class_of(entry.name))
    assert kind().facts.key == entry.name
    taken = inspect.signature(kind).parameters
    assert all(term.name in taken for term in entry.terms if term.default)
    assert not entry.torch or hasattr(torch.nn, entry.torch.removeprefix("torch.nn."))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_schedules_settings_can_be_read_and_are_made_as_is_said(name):
    for text in SETTINGS[name]:
        assert eval(python_of(text), {"sf": sf}) == parse(text)
        parse(text).over(steps=1000)
    assert find(name).use == python_of(SETTINGS[name][0])


@pytest.mark.parametrize("entry", entries("check"), ids=by_name)
def test_a_checks_entry_holds_all_that_it_declares(entry):
    check = CHECKS[entry.name]
    told = {fact.title: dict(fact.told) for fact in entry.facts}
    assert entry.says.casefold() == check.title.casefold()
    assert entry.line == f"{check.evidence} {check.severity}"
    assert [*told["evidence"], *told["severity"]] == [check.evidence, check.severity]
    for title, text in (
        ("question", check.question),
        ("why", check.why),
        ("disproof", check.disproof),
        ("needs", check.sees),
        ("dismiss", check.finding("a claim", "a change").dismissal),
        ("source", check.source),
    ):
        assert told.get(title, {"": ""}) == {"": text}
    assert told.get("explains", {}) == {code: CHECKS[code].title for code in check.explains}
    explained = [code for code, other in CHECKS.items() if entry.name in other.explains]
    assert [*told.get("explained by", {})] == explained
    assert entry.kin == tuple(
        code for code, other in CHECKS.items() if code != entry.name and other.question == check.question
    )


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.code)
def test_every_code_that_a_check_explains_is_that_of_another_check(check):
    assert {*check.explains} <= {*CHECKS} - {check.code}
    assert len({*check.explains}) == len(check.explains)


def test_a_model_that_learns_no_batch_is_explained_by_what_keeps_it_from_learning():
    explained = {code for code, check in CHECKS.items() if "cannot-overfit-one-batch" in check.explains}
    assert {"softmax-twice", "sigmoid-twice", "no-gradient", "shapes-broadcast"} <= explained


@pytest.mark.parametrize("entry", entries("check"), ids=by_name)
def test_a_checks_example_is_a_whole_program(entry):
    ast.parse(entry.example)
    assert entry.example.startswith("import surefoot as sf\nimport torch\n\ntorch.manual_seed(0)\n")
    prints = {"start": "found", "fit": "run.card()", "run": "doctor.card()"}[CHECKS[entry.name].at]
    assert entry.example.splitlines()[-1] == f"print({prints})"


def test_the_checks_of_the_start_and_no_others_are_dismissed_in_the_command():
    assert {code for code, check in CHECKS.items() if check.at == "start"} == {check.code for check in start.CHECKS}
    assert {*check_entries.WHEN} == {check.at for check in CHECKS.values()}
    for check in CHECKS.values():
        by_command = check.finding("a claim", "a change").dismissal.startswith("surefoot check TASK --dismiss ")
        assert by_command == (check.at == "start")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("adamw", "adamw"),
        ("AdamW", "adamw"),
        ("sf.AdamW", "adamw"),
        ("RMSprop", "rmsprop"),
        ("CrossEntropy", "cross_entropy"),
        ("one-minus-sqrt", "one_minus_sqrt"),
        ("rule:lion", "lion"),
        ("schedule:plateau", "plateau"),
        ("softmax-twice", "softmax-twice"),
        ("check:softmax_twice", "softmax-twice"),
    ],
)
def test_a_name_is_found_as_people_type_it(typed, name):
    assert find(typed).name == name


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("adamm", "there is no rule, schedule, penalty or check 'adamm'; near it are adam"),
        ("mse", "near it is mean_squared_error"),
        ("bce", "near it are binary_cross_entropy, bce-on-logits"),
        ("cos", "near it are cosine, cosine_warmup"),
        ("entropy", "near it are cross_entropy, binary_cross_entropy"),
        ("overfit", "near it is cannot-overfit-one-batch"),
        ("xyzzy", "`surefoot list` names them all"),
        ("penalty:lion", "there is no penalty 'lion'"),
        ("recipe:lion", "there is no kind 'recipe'; there are rule, schedule, penalty, check"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_near_it(typed, words):
    with pytest.raises(InvalidValue, match=re.escape(words)):
        find(typed)


def test_it_is_read_without_torch_and_numba_and_sympy():
    code = (
        "import sys; from surefoot.catalogue import entries, find; entries();"
        "print(sorted({'torch', 'numba', 'matplotlib', 'sympy', 'mkdocs'} & {*sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_rule_is_found_without_reading_the_penalties_and_so_without_numpy():
    code = "import sys; from surefoot.catalogue import find; find('lion'); print('numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
