"""Stability limits: measured by bisection, they are what the formulas say."""

import numpy as np
import pytest

from surefoot.landscapes import Quadratic, limit, path
from surefoot.landscapes.limits import KNOWN
from surefoot.rules import RULES

CURVATURE = 8.0
BOWL = Quadratic(CURVATURE)


def grows(rule, settings, step_size):
    """Whether a path is farther away in the end than half way; it starts near, so that no first steps count."""
    found = path(BOWL, rule, (0.0, 1e-100), 1200, {**settings, "step_size": step_size})
    off = np.abs(found.positions[:, 1])
    return found.diverged or off[-200:].max() > off[500:700].max() > 0.0


def measured(rule, settings):
    """The step size between shrinking and growing, by bisection."""
    low, high = 1e-3, 50.0
    while high / low > 1.002:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if grows(rule, settings, middle) else (middle, high)
    return low


@pytest.mark.parametrize("momentum", [0.5, 0.9])
@pytest.mark.parametrize("rule", KNOWN)
def test_a_path_on_a_quadratic_shrinks_below_the_limit_and_grows_above_it(rule, momentum):
    settings = {"momentum": momentum} if "momentum" in RULES[rule].constants else {}
    told = limit(rule, {**RULES[rule].constants, **settings}, CURVATURE)
    assert told.step_size == pytest.approx(measured(rule, settings), rel=1e-2)


def test_dampening_and_decay_count():
    settings = {"momentum": 0.9, "dampening": 0.5, "decay": 0.0}
    assert limit("momentum", settings, CURVATURE).step_size == pytest.approx(measured("momentum", settings), rel=1e-2)
    assert limit("sgd", {"decay": 1.0}, CURVATURE).step_size == pytest.approx(measured("sgd", {"decay": 1.0}), rel=1e-2)
    assert not limit("momentum", {"momentum": 0.9, "decay": 0.1}, CURVATURE).known


@pytest.mark.parametrize("rule", ["adamw", "rmsprop", "lion", "rprop", "adagrad"])
def test_a_rule_that_adapts_has_no_limit_that_is_told_and_does_not_grow_without_end(rule):
    assert not limit(rule, RULES[rule].constants, CURVATURE).known
    assert not path(BOWL, rule, (0.0, 1.0), 500, {"step_size": 2.0}).diverged
