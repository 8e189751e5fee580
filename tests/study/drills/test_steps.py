"""Drills on rules are computed by the library's formulas, and tell them line by line."""

import re
from random import Random

import numpy as np
import pytest
import torch

from surefoot.backends import reference
from surefoot.rules import RULES
from surefoot.study.drills.adaptive import decay_against_l2
from surefoot.study.drills.steps import one_step, several_steps
from surefoot.study.drills.walking import again, walked
from surefoot.study.judging import near, number_of

GRADIENTS = [0.5, -1.0, 2.0, 0.2, 0.4, 1.5, -0.3, 0.7]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_the_steps_that_are_told_are_the_references_walk(rule):
    constants = {**rule.constants, "step_size": 0.1}
    steps = list(walked(rule, 1.0, GRADIENTS, constants))
    walk = [float(p[0]) for p in reference.walk(rule, np.array([1.0]), [np.array([g]) for g in GRADIENTS], constants)]
    assert [step.lands for step in steps] == walk
    assert [again(step, step.p).lands for step in steps] == walk


@pytest.mark.parametrize("rule", RULES)
def test_what_is_told_of_a_step_ends_where_it_lands(rule):
    for seed in range(20):
        for made in (one_step({"rule": rule}, Random(seed)), several_steps({"rule": rule, "steps": 2}, Random(seed))):
            last = made.tells.split("\n")[-1]
            assert last.startswith("p = ")
            assert float(last.rpartition("= ")[2]) == pytest.approx(number_of(made.answer), rel=1e-5)


def test_decay_momentum_and_corrections_that_are_forgotten_make_an_answer_wrong():
    for seed in range(200):
        made = one_step({"rule": "adamw"}, Random(seed))
        lines = dict(line.split(" = ", 1) for line in made.shown[1].split("; ")[0].split(", "))
        p = float(made.shown[0].split(",")[0].removeprefix("p = "))
        shrunk = float(lines["step_size"]) * float(lines["decay"]) * p
        assert not near(number_of(made.answer) + shrunk, number_of(made.answer), made.within)
        assert not near(p, number_of(made.answer), made.within)


@pytest.mark.parametrize("rule", RULES)
def test_the_start_is_no_answer(rule):
    for seed in range(100):
        for made in (one_step({"rule": rule}, Random(seed)), several_steps({"rule": rule, "steps": 2}, Random(seed))):
            start = float(re.match(r"p = ([^,]+),", made.shown[0])[1])
            if rule == "radam_waiting" and "first 2 steps" in made.asks:
                continue  # its first five steps wait, whatever is drawn
            assert not near(start, number_of(made.answer), made.within), (seed, made)


OPTIMIZERS = {
    "sgd": lambda p, c: torch.optim.SGD([p], lr=c["step_size"]),
    "momentum": lambda p, c: torch.optim.SGD([p], lr=c["step_size"], momentum=c["momentum"]),
    "nesterov": lambda p, c: torch.optim.SGD([p], lr=c["step_size"], momentum=c["momentum"], nesterov=True),
    "adam": lambda p, c: torch.optim.Adam([p], lr=c["step_size"], betas=(c["beta1"], c["beta2"]), eps=0.0),
    "adamw": lambda p, c: torch.optim.AdamW(
        [p], lr=c["step_size"], betas=(c["beta1"], c["beta2"]), eps=0.0, weight_decay=c["decay"]
    ),
    "adagrad": lambda p, c: torch.optim.Adagrad([p], lr=c["step_size"], eps=0.0),
    "rmsprop": lambda p, c: torch.optim.RMSprop([p], lr=c["step_size"], alpha=c["alpha"], eps=0.0),
    "rprop": lambda p, c: torch.optim.Rprop([p], lr=c["step_size"]),
}


def constants_of(line):
    return {name: float(value) for name, value in (part.split(" = ") for part in line.split("; ")[0].split(", "))}


def stepped(optimizer, p, gradients):
    for g in gradients:
        p.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
    return float(p.detach()[0])


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_torch_lands_where_the_answer_says(rule):
    for seed in range(30):
        made = several_steps({"rule": rule, "steps": 2}, Random(seed))
        start, _, gradients = made.shown[0].partition(", gradients ")
        p = torch.tensor([float(start.removeprefix("p = "))], dtype=torch.float64, requires_grad=True)
        first = {"step_size": float(made.shown[2].rpartition(" ")[2])} if rule == "rprop" else {}  # the first length
        optimizer = OPTIMIZERS[rule](p, constants_of(made.shown[1]) | first)
        lands = stepped(optimizer, p, [float(g) for g in gradients.split(", then ")])
        assert lands == pytest.approx(number_of(made.answer), rel=1e-5)


def test_torch_lands_where_a_decay_or_an_l2_term_is_said_to():
    for seed in range(60):
        made = decay_against_l2({}, Random(seed))
        given = {name: float(value) for name, value in (part.split(" = ") for part in made.shown[0].split(", "))}
        kind, _, strength = made.shown[1].partition(": ")
        p = torch.tensor([given["p"]], dtype=torch.float64, requires_grad=True)
        adam, coupled = "`adam`" in made.asks, kind == "L2 term"
        if adam:
            maker = torch.optim.Adam if coupled else torch.optim.AdamW
            optimizer = maker([p], lr=given["step_size"], eps=0.0, weight_decay=float(strength))
        else:  # for plain descent the two are one
            optimizer = torch.optim.SGD([p], lr=given["step_size"], weight_decay=float(strength))
        assert stepped(optimizer, p, [given["g"]]) == pytest.approx(number_of(made.answer), rel=1e-5)
        assert float(made.tells.rpartition("= ")[2]) == pytest.approx(number_of(made.answer), rel=1e-5)
