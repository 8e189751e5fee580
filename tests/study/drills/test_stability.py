"""Drills on stability say what the library's rules do on a bowl."""

import math
import re
from random import Random

import pytest

from surefoot.landscapes.limits import limit
from surefoot.rules import RULES
from surefoot.study.drills.stability import (
    DIVERGES,
    ONE_SIDE,
    SWINGS,
    diverges,
    effective_step,
    limit_of,
    path_of,
    stability_limit,
)
from surefoot.study.drills.walking import walked
from surefoot.study.formula_tree import tree_of
from surefoot.study.formulas import value_of
from surefoot.study.judging import number_of

RULES_ASKED = ("sgd", "momentum", "nesterov")


@pytest.mark.parametrize("rule", RULES_ASKED)
def test_the_limit_is_that_of_the_landscapes(rule):
    for momentum in (0.5, 0.8, 0.9):
        for curvature in (0.5, 4.0, 100.0):
            assert limit_of(rule, momentum, curvature)[0] == pytest.approx(
                limit(rule, {"momentum": momentum}, curvature).step_size
            )


@pytest.mark.parametrize("rule", RULES_ASKED)
def test_what_is_said_of_a_path_is_what_the_rule_does(rule):
    for seed in range(100):
        made = diverges({"surface": "quadratic", "rule": rule}, Random(seed))
        curvature = float(made.shown[0].rpartition(" ")[2])
        size = float(made.shown[1].rpartition(" ")[2])
        momentum = float(made.shown[2].rpartition(" ")[2]) if len(made.shown) > 2 else 0.0
        path = list(path_of(rule, size, momentum, curvature, 800))
        assert (made.answer == DIVERGES) == (abs(path[-1]) > 1.0 or not math.isfinite(path[-1]))
        if made.answer in (ONE_SIDE, SWINGS):
            assert (path[0] > 0.0) == (made.answer == ONE_SIDE)


def test_momentums_steps_settle_at_the_length_that_is_said():
    for seed in range(30):
        made = effective_step({}, Random(seed))
        size, momentum = (float(each) for each in re.findall(r"= ([\d.]+)", made.shown[0]))
        g = float(re.search(r"is ([\d.]+) at", made.shown[1])[1])
        constants = {**RULES["momentum"].constants, "step_size": size, "momentum": momentum}
        *_, last = walked(RULES["momentum"], 0.0, [g] * 3000, constants)
        assert abs(last.moved) == pytest.approx(number_of(made.answer), rel=1e-5)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov"])
def test_what_is_told_of_a_limit_can_be_typed_into_a_calculator(rule):
    for seed in range(100):
        made = stability_limit({"rule": rule}, Random(seed))
        formula, filled, value = made.tells.split(" = ")
        assert not any(each.isalpha() for each in filled)
        assert value_of(tree_of(filled), {}) == pytest.approx(float(value), rel=1e-5)
        assert tree_of(formula).names <= {"momentum", "curvature"}
