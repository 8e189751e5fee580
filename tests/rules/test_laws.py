"""The laws that rules state of themselves, each a check of the same words."""

import numpy as np
import paths
import pytest

from surefoot.rules import RULES


def path(rule, script, constants=(), start=None):
    chosen = {**paths.CONSTANTS[rule.name], **dict(constants)}
    return paths.reference_path(rule, paths.start() if start is None else start, script, chosen)


def without(rule, *names):
    return {name: 0.0 for name in names if name in rule.constants}


def scaling_scales_the_movement(rule):
    script = paths.gradients(20)
    zero = np.zeros(7)
    once, thrice = path(rule, script, start=zero), path(rule, [3.0 * g for g in script], start=zero)
    np.testing.assert_allclose(thrice[-1], 3.0 * once[-1], rtol=1e-12)


def scaling_changes_nothing(rule):
    script = paths.gradients(20)
    first, second = (path(rule, [c * g for g in script], without(rule, "eps")) for c in (1.0, 1e3))
    np.testing.assert_allclose(second[-1], first[-1], rtol=1e-6 if "centered" in rule.name else 1e-10)


def only_decay_moves(rule):
    constants = paths.CONSTANTS[rule.name]
    kept = 1.0 - constants["step_size"] * constants["decay"]
    np.testing.assert_allclose(path(rule, [np.zeros(7)] * 5)[-1], paths.start() * kept**5, rtol=1e-14)


def without_momentum(name):
    def law(rule):
        script = paths.gradients(20)
        shared = {k: v for k, v in paths.CONSTANTS[rule.name].items() if k in RULES[name].constants}
        plain = path(RULES[name], script, shared)
        np.testing.assert_allclose(
            path(rule, script, without(rule, "momentum", "dampening"))[-1], plain[-1], rtol=1e-13
        )

    return law


def first_gradient_is_taken_whole(rule):
    g = paths.gradients(1)[0]
    moved = path(rule, [g], {"decay": 0.0, "dampening": 0.75})[0] - paths.start()
    np.testing.assert_allclose(moved, -paths.CONSTANTS[rule.name]["step_size"] * g, rtol=1e-12)


def first_step_looks_ahead(rule):
    g, constants = paths.gradients(1)[0], paths.CONSTANTS[rule.name]
    moved = path(rule, [g], {"decay": 0.0})[0] - paths.start()
    np.testing.assert_allclose(moved, -constants["step_size"] * (1.0 + constants["momentum"]) * g, rtol=1e-12)


def step_is_the_sign(rule):
    g = paths.gradients(1)[0]
    moved = path(rule, [g], without(rule, "alpha", "beta1", "beta2", "eps", "decay"))[0] - paths.start()
    np.testing.assert_allclose(moved, -paths.CONSTANTS[rule.name]["step_size"] * np.sign(g), rtol=1e-12)


def first_step_is_one_step_size_long(rule):
    moved = path(rule, [paths.gradients(1)[0]], without(rule, "eps", "decay"))[0] - paths.start()
    np.testing.assert_allclose(np.abs(moved), paths.CONSTANTS[rule.name]["step_size"], rtol=1e-12)


def never_longer_than_adamw(rule):
    script = [np.full(7, 10.0), *[g * 0.01 for g in paths.gradients(30)]]
    zero = {"decay": 0.0}
    ours, theirs = (np.abs(np.diff(path(r, script, zero), axis=0)) for r in (rule, RULES["adamw"]))
    assert (ours <= theirs + 1e-15).all()
    assert (ours[-1] < 0.9 * theirs[-1]).all()


LAWS = {
    "scaling every gradient scales the movement alike": scaling_scales_the_movement,
    "scaling every gradient by a positive number changes nothing when eps is 0": scaling_changes_nothing,
    "without a gradient only decay moves": only_decay_moves,
    "without momentum the path is sgd's": without_momentum("sgd"),
    "without momentum the path is rmsprop's": without_momentum("rmsprop"),
    "the first gradient is taken whole": first_gradient_is_taken_whole,
    "the first step is 1 + momentum gradients long": first_step_looks_ahead,
    "without memory and eps the step is the gradient's sign": step_is_the_sign,
    "the first step is one step size long": first_step_is_one_step_size_long,
    "after a large gradient no step is longer than adamw's": never_longer_than_adamw,
}


@pytest.mark.parametrize(("name", "law"), [(name, law) for name, rule in RULES.items() for law in rule.laws])
def test_a_rule_keeps_its_law(name, law):
    LAWS[law](RULES[name])


def test_every_rule_states_a_law_and_no_law_is_idle():
    assert all(rule.laws for rule in RULES.values())
    assert {law for rule in RULES.values() for law in rule.laws} == {*LAWS}
