"""The laws that rules state of themselves, each a check of the same words."""

import numpy as np
import paths
import pytest

from surefoot.backends import reference
from surefoot.rules import RULES


def path(rule, script, constants=(), start=None, factors=None):
    chosen = {**paths.CONSTANTS[rule.name], **dict(constants)}
    return paths.reference_path(rule, paths.start() if start is None else start, script, chosen, factors=factors)


def without(rule, *names):
    return {name: 0.0 for name in names if name in rule.constants}


def scaling_scales_the_movement(rule):
    script = paths.gradients(20)
    zero = np.zeros(7)
    once, thrice = path(rule, script, start=zero), path(rule, [3.0 * g for g in script], start=zero)
    np.testing.assert_allclose(thrice[-1], 3.0 * once[-1], rtol=1e-12)


def scaling_changes_nothing(rule):
    script = paths.gradients(20)
    first, second = (path(rule, [c * g for g in script], without(rule, "eps", "start")) for c in (1.0, 1e3))
    np.testing.assert_allclose(second[-1], first[-1], rtol=1e-6 if "centered" in rule.name else 1e-10)


def only_decay_moves(rule):
    constants = {**paths.CONSTANTS[rule.name], "decay": 0.03}
    kept = 1.0 - constants["step_size"] * constants["decay"]
    np.testing.assert_allclose(path(rule, [np.zeros(7)] * 5, constants)[-1], paths.start() * kept**5, rtol=1e-14)


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
    moved = path(rule, [paths.gradients(1)[0]], without(rule, "eps", "decay", "start"))[0] - paths.start()
    np.testing.assert_allclose(np.abs(moved), paths.CONSTANTS[rule.name]["step_size"], rtol=1e-12)


def never_longer_than_adam(rule):
    script = [np.full(7, 10.0), *[g * 0.01 for g in paths.gradients(30)]]
    zero = {"decay": 0.0}
    ours, theirs = (np.abs(np.diff(path(r, script, zero), axis=0)) for r in (rule, RULES["adam"]))
    assert (ours <= theirs + 1e-15).all()
    assert (ours[-1] < 0.9 * theirs[-1]).all()


LIGHT = [
    "sgd", "rmsprop", "rmsprop_centered", *(f"rmsprop{form}_{library}" for library in ("keras", "optax", "tf1") for form in ("", "_centered")),
]  # fmt: skip
"""Rules to which others come down without momentum."""


def same_path_as(name, **constants):
    def law(rule):
        script, other = paths.gradients(20), RULES[name]
        chosen = {**paths.CONSTANTS[rule.name], **constants}
        theirs = {**other.constants, **{k: v for k, v in chosen.items() if k in other.constants}}
        expected = paths.reference_path(other, paths.start(), script, theirs)
        np.testing.assert_allclose(path(rule, script, constants), expected, rtol=1e-12)

    return law


def mean_of_one_gradient(rule):
    g = paths.gradients(1)[0]
    moved = np.diff([paths.start(), *path(rule, [g] * 10, {"decay": 0.0})], axis=0)
    np.testing.assert_allclose(moved, np.tile(-paths.CONSTANTS[rule.name]["step_size"] * g, (10, 1)), rtol=1e-10)


def first_step_is_more_than_one(rule):
    moved = path(rule, [paths.gradients(1)[0]], without(rule, "eps", "decay"))[0] - paths.start()
    constants = paths.CONSTANTS[rule.name]
    np.testing.assert_allclose(np.abs(moved), constants["step_size"] * (1.0 + constants["beta1"]), rtol=1e-12)


def plain_steps(rule):
    """How many first steps are not divided, from Liu et al.'s length of the average: the first above 5 is."""
    beta2 = paths.CONSTANTS[rule.name]["beta2"]
    return next(t for t in range(1, 99) if 2 / (1 - beta2) - 1 - 2 * t * beta2**t / (1 - beta2**t) > 5.0) - 1


def first_steps_are_plain(rule):
    script, first = paths.gradients(20), plain_steps(rule)
    mean = {"momentum": paths.CONSTANTS[rule.name]["beta1"], "decay": 0.1, "step_size": 0.05}
    plain = paths.reference_path(RULES["momentum_mean"], paths.start(), script, mean)
    ours = path(rule, script)
    assert 1 < first < 10
    np.testing.assert_allclose(ours[:first], plain[:first], rtol=1e-12)
    assert not np.allclose(ours[first], plain[first], rtol=1e-3)


def first_steps_are_not_taken(rule):
    first = plain_steps(rule)
    ours = path(rule, paths.gradients(20), {"decay": 0.0})
    assert all(np.array_equal(p, paths.start()) for p in ours[:first])
    assert (ours[first] != paths.start()).all()


def steps_fall_as_the_root(rule):
    g = paths.gradients(1)[0]
    moved = np.diff([paths.start(), *path(rule, [g] * 9, without(rule, "eps", "decay", "start", "step_decay"))], axis=0)
    np.testing.assert_allclose(moved, moved[0] / np.sqrt(np.arange(1, 10))[:, None], rtol=1e-10)


def scaling_with_eps(rule):
    script, zero, eps = paths.gradients(20), np.zeros(7), paths.CONSTANTS[rule.name]["eps"]
    once = path(rule, script, start=zero)
    thrice = path(rule, [3.0 * g for g in script], {"eps": 9.0 * eps}, start=zero)
    np.testing.assert_allclose(thrice[-1], 3.0 * once[-1], rtol=1e-12)


def every_step_is_one_step_size(rule):
    moved = np.diff([paths.start(), *path(rule, paths.gradients(20), {"decay": 0.0})], axis=0)
    np.testing.assert_allclose(np.abs(moved), paths.CONSTANTS[rule.name]["step_size"], rtol=1e-12)


def lengths_grow(rule):
    constants = {"decay": 0.0, "most": 1e9}
    lengths = np.abs(np.diff([paths.start(), *path(rule, [paths.gradients(1)[0]] * 8, constants)], axis=0))
    grown = paths.CONSTANTS[rule.name]["step_size"] * paths.CONSTANTS[rule.name]["grow"] ** np.arange(8)
    np.testing.assert_allclose(lengths, np.tile(grown[:, None], (1, 7)), rtol=1e-11)


def no_step_at_a_turn(rule):
    g = paths.gradients(1)[0]
    before, at, after = path(rule, [g, -g, -g], {"decay": 0.0})
    assert np.array_equal(before, at)
    assert (after != at).all()


def means(rule, averaged_from, steps):
    """The parameter and the mean beside it, after each of the steps."""
    constants = {**paths.CONSTANTS[rule.name], "averaged_from": averaged_from}
    numbers = {**constants, "peak": constants["step_size"], "factor": 1.0}
    p, a, carried = paths.start(), np.zeros(7), rule.first(numbers)
    for count, g in enumerate(paths.gradients(steps), start=1):
        row = dict(zip(rule.names, rule.row(count, numbers | carried), strict=True))
        p, a = reference.step(rule, p, g, (a,), {**row, "scale": 1.0, "l2": 0.0})
        carried = rule.carry(count, numbers | carried)
        yield p, a


def mean_waits(rule):
    assert all(np.array_equal(p, a) for p, a in means(rule, averaged_from=20.0, steps=20))


def mean_is_the_mean(rule):
    both = list(means(rule, averaged_from=4.0, steps=20))
    # the gradient after `averaged_from` + 1 still has all of the mean's weight, as in torch
    np.testing.assert_allclose(both[-1][1], np.mean([p for p, _ in both[5:]], axis=0), rtol=1e-12)


def decay_without_peak(rule):
    still = [np.zeros(7)] * 5
    one, ten = (path(rule, still, {"step_size": size}, factors=paths.factors(5))[-1] for size in (0.1, 1.0))
    np.testing.assert_allclose(one, ten, rtol=1e-14)
    assert (np.abs(one) < np.abs(paths.start())).all()


def decay_is_cautious(rule):
    g = paths.gradients(1)[0]
    bare, decayed = (path(rule, [g], {"decay": decay})[0] - paths.start() for decay in (0.0, 0.1))
    larger = bare * paths.start() > 0.0
    assert larger.any()
    assert (~larger).any()
    np.testing.assert_array_equal(decayed[larger], bare[larger])
    assert (decayed != bare)[~larger].all()


LAWS = {
    "scaling every gradient scales the movement alike": scaling_scales_the_movement,
    "scaling every gradient by a positive number changes nothing when eps is 0": scaling_changes_nothing,
    "scaling every gradient by a positive number changes nothing when eps and start are 0": scaling_changes_nothing,
    "without a gradient only decay moves": only_decay_moves,
    **{f"without momentum the path is {name}'s": without_momentum(name) for name in LIGHT},
    "the first gradient is taken whole": first_gradient_is_taken_whole,
    "the first step is 1 + momentum gradients long": first_step_looks_ahead,
    "without memory and eps the step is the gradient's sign": step_is_the_sign,
    "the first step is one step size long": first_step_is_one_step_size_long,
    "after a large gradient no step is longer than adam's": never_longer_than_adam,
    "with one step size throughout the path is momentum's": same_path_as("momentum"),
    "with one step size throughout the path is nesterov's": same_path_as("nesterov"),
    "without decay the path is adam's": same_path_as("adam", decay=0.0),
    "without pull the path is sgd's": same_path_as("sgd", pull=0.0),
    "under one gradient for ever every step is one gradient long": mean_of_one_gradient,
    "the first step is 1 + beta1 step sizes long": first_step_is_more_than_one,
    "the first steps are those of a mean gradient": first_steps_are_plain,
    "the first steps are not taken": first_steps_are_not_taken,
    "under one gradient for ever the steps fall as one over the root": steps_fall_as_the_root,
    "scaling every gradient scales the movement alike, when eps is scaled as its square": scaling_with_eps,
    "every step is one step size long": every_step_is_one_step_size,
    "under one gradient for ever every step is `grow` times the last": lengths_grow,
    "where the gradient turns no step is taken": no_step_at_a_turn,
    "until averaging begins the mean is the parameter": mean_waits,
    "once averaging has begun the mean is that of the parameters since": mean_is_the_mean,
    "the decay does not depend on the peak": decay_without_peak,
    "decay never slows a parameter that the step makes larger": decay_is_cautious,
}


@pytest.mark.parametrize(("name", "law"), [(name, law) for name, rule in RULES.items() for law in rule.laws])
def test_a_rule_keeps_its_law(name, law):
    LAWS[law](RULES[name])


def test_every_rule_states_a_law_and_no_law_is_idle():
    assert all(rule.laws for rule in RULES.values())
    assert {law for rule in RULES.values() for law in rule.laws} == {*LAWS}
