"""Faults planted in the source of formulas and per-step numbers, where all backends would change together: all are caught.

A mutant is an edit of a module's text. It is caught where its path leaves the paper's oracle, torch's, or a law.
"""

import importlib.util
import inspect
import sys

import numpy as np
import oracles
import paths
import pytest
import torch

import surefoot.rules.adam
import surefoot.rules.gradient
import surefoot.rules.rmsprop
import surefoot.rules.sgd
from surefoot.backends import reference
from surefoot.rules import RULES
from surefoot.rules.rule import Rule

SGD, RMSPROP, ADAM = surefoot.rules.sgd, surefoot.rules.rmsprop, surefoot.rules.adam
DECAY = "p = p - step_size * decay * p"

MUTANTS = [
    # module, rule, the text that is edited, what it becomes, which occurrence
    (SGD, "sgd", DECAY, "p = p + step_size * decay * p", 0),
    (SGD, "sgd", DECAY, "p = p - decay * p", 0),
    (SGD, "sgd", f"{DECAY}\n    p = p - step_size * g\n", f"p = p - step_size * g\n    {DECAY}\n", 0),
    (SGD, "sgd", "p = p - step_size * g\n", "p = p + step_size * g\n", 0),
    (SGD, "momentum", "b = momentum * b + intake * g", "b = momentum * b + (1.0 - momentum) * g", 0),
    (SGD, "momentum", "b = momentum * b + intake * g", "b = momentum * b + g", 0),
    (SGD, "momentum", "b = momentum * b + intake * g", "b = momentum * (b + intake * g)", 0),
    (SGD, "momentum", "p = p - step_size * b\n", "p = p - b\n", 0),
    (SGD, "momentum", DECAY, "p = p + step_size * decay * p", 1),
    (SGD, "momentum", "if count == 1 else", "if count == 0 else", 0),
    (SGD, "momentum", "if count == 1 else", "if count <= 2 else", 0),
    (SGD, "momentum", '1.0 - constants["dampening"]', 'constants["dampening"]', 0),
    (SGD, "nesterov", "(g + momentum * b)", "(g + b)", 0),
    (SGD, "nesterov", "(g + momentum * b)", "(momentum * g + b)", 0),
    (SGD, "nesterov", "(g + momentum * b)", "b", 0),
    (SGD, "nesterov", DECAY, "p = p - step_size * momentum * decay * p", 2),
    (RMSPROP, "rmsprop", "v = v + (1.0 - alpha) * (g * g - v)", "v = v + alpha * (g * g - v)", 0),
    (RMSPROP, "rmsprop", "v = v + (1.0 - alpha) * (g * g - v)", "v = alpha * v + g * g", 0),
    (RMSPROP, "rmsprop", "(xp.sqrt(v) + eps)", "xp.sqrt(v + eps)", 0),
    (RMSPROP, "rmsprop", "(xp.sqrt(v) + eps)", "xp.sqrt(v)", 0),
    (RMSPROP, "rmsprop", "(xp.sqrt(v) + eps)", "(v + eps)", 0),
    (RMSPROP, "rmsprop", DECAY, "p = p + step_size * decay * p", 0),
    (RMSPROP, "rmsprop_momentum", "b = momentum * b + g / (xp.sqrt(v) + eps)", "b = momentum * b + g\n    b = b / (xp.sqrt(v) + eps)", 0),
    (RMSPROP, "rmsprop_momentum", "b = momentum * b + g / (xp.sqrt(v) + eps)", "b = momentum * b + (1.0 - momentum) * g / (xp.sqrt(v) + eps)", 0),
    (RMSPROP, "rmsprop_centered", "v - m * m", "v + m * m", 0),
    (RMSPROP, "rmsprop_centered", "v - m * m", "v - m", 0),
    (RMSPROP, "rmsprop_centered", "m = m + (1.0 - alpha) * (g - m)", "m = m + (1.0 - alpha) * g", 0),
    (RMSPROP, "rmsprop_centered", "xp.maximum(v - m * m, 0.0)", "xp.maximum(v - m * m, 1.0)", 0),
    (RMSPROP, "rmsprop_centered_momentum", "m = m + (1.0 - alpha) * (g - m)", "m = m + alpha * (g - m)", 1),
    (RMSPROP, "rmsprop_centered_momentum", "p = p - step_size * b\n", "p = p - step_size * momentum * b\n", 1),
    (ADAM, "adamw", DECAY, "p = p + step_size * decay * p", 0),
    (ADAM, "adamw", DECAY, "p = p - decay * p", 0),
    (ADAM, "adamw", DECAY, "p = p", 0),
    (ADAM, "adamw", DECAY, "g = g + decay * p", 0),
    (ADAM, "adamw", f"{DECAY}\n    p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)", f"p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)\n    {DECAY}", 0),
    (ADAM, "adamw", "(xp.sqrt(v * c2) + eps)", "xp.sqrt(v * c2 + eps)", 0),
    (ADAM, "adamw", "(xp.sqrt(v * c2) + eps)", "(xp.sqrt(v) + eps)", 0),
    (ADAM, "adamw", "(xp.sqrt(v * c2) + eps)", "(xp.sqrt(v) * c2 + eps)", 0),
    (ADAM, "adamw", "(m * c1)", "m", 0),
    (ADAM, "adamw", "m = m + (1.0 - beta1) * (g - m)", "m = m + (1.0 - beta2) * (g - m)", 0),
    (ADAM, "adamw", "v = v + (1.0 - beta2) * (g * g - v)", "v = v + (1.0 - beta1) * (g * g - v)", 0),
    (ADAM, "adamw", "m = m + (1.0 - beta1) * (g - m)", "m = beta1 * m + g", 0),
    (ADAM, "adamw", "v = v + (1.0 - beta2) * (g * g - v)", "v = v + (1.0 - beta2) * ((g - m) * (g - m) - v)", 0),
    (ADAM, "adamw", 'constants["beta1"] ** count', 'constants["beta1"] ** (count - 1 + 1e-9)', 0),
    (ADAM, "adamw", 'constants["beta1"] ** count', 'constants["beta1"] ** (count + 1)', 0),
    (ADAM, "adamw", 'constants["beta2"] ** count', 'constants["beta2"] ** (count + 1)', 0),
    (ADAM, "adamw", 'constants["beta2"] ** count', 'constants["beta1"] ** count', 0),
    (ADAM, "amsgradw", "w = xp.maximum(w, v)", "w = xp.minimum(w, v)", 0),
    (ADAM, "amsgradw", "w = xp.maximum(w, v)", "w = v", 0),
    (ADAM, "amsgradw", "w = xp.maximum(w, v)", "w = xp.maximum(w, v * c2)", 0),
    (ADAM, "amsgradw", "xp.sqrt(w * c2)", "xp.sqrt(v * c2)", 0),
]  # fmt: skip


def edited(text, old, new, occurrence):
    """The text with one occurrence replaced; an edit that no longer applies is an error, not a pass."""
    parts = text.split(old)
    assert len(parts) > occurrence + 1, f"the mutant of {old!r} no longer applies"
    return old.join(parts[: occurrence + 1]) + new + old.join(parts[occurrence + 1 :])


def planted(module, old, new, occurrence, tmp_path):
    path = tmp_path / "mutant.py"
    path.write_text(edited(inspect.getsource(module), old, new, occurrence))
    spec = importlib.util.spec_from_file_location("mutant", path)
    mutant = importlib.util.module_from_spec(spec)
    sys.modules["mutant"] = mutant
    spec.loader.exec_module(mutant)
    return mutant


def caught_by_oracle(rule):
    script, theta, constants = paths.gradients(30), paths.start(), paths.CONSTANTS[rule.name]
    papers = getattr(oracles, rule.name)(theta, script, **constants)
    ours = paths.reference_path(rule, theta, script, constants)
    return not np.allclose(ours, papers, rtol=1e-10, atol=1e-12)


TORCH = {
    "sgd": lambda p, c: torch.optim.SGD(p, c["step_size"]),
    "momentum": lambda p, c: torch.optim.SGD(p, c["step_size"], c["momentum"], c["dampening"]),
    "nesterov": lambda p, c: torch.optim.SGD(p, c["step_size"], c["momentum"], nesterov=True),
    "rmsprop": lambda p, c: torch.optim.RMSprop(p, c["step_size"], c["alpha"], c["eps"]),
    "rmsprop_momentum": lambda p, c: torch.optim.RMSprop(p, c["step_size"], c["alpha"], c["eps"], 0, c["momentum"]),
    "rmsprop_centered": lambda p, c: torch.optim.RMSprop(p, c["step_size"], c["alpha"], c["eps"], centered=True),
    "rmsprop_centered_momentum": lambda p, c: torch.optim.RMSprop(p, c["step_size"], c["alpha"], c["eps"], 0, c["momentum"], True),
    "adamw": lambda p, c: torch.optim.AdamW(p, c["step_size"], (c["beta1"], c["beta2"]), c["eps"], c["decay"]),
    "amsgradw": lambda p, c: torch.optim.AdamW(p, c["step_size"], (c["beta1"], c["beta2"]), c["eps"], c["decay"], amsgrad=True),
}  # fmt: skip


def caught_by_torch(rule):
    """Walk beside torch's optimizer in float64."""
    constants = dict(paths.CONSTANTS[rule.name])
    if "adam" not in rule.name:
        constants["decay"] = 0.0  # torch has no decoupled decay there
    p = torch.nn.Parameter(torch.from_numpy(paths.start()))
    optimizer = TORCH[rule.name]([p], constants)
    script = paths.gradients(30)
    for g in script:
        p.grad = torch.from_numpy(g)
        optimizer.step()
    ours = paths.reference_path(rule, paths.start(), script, constants)[-1]
    return not np.allclose(ours, p.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_the_true_rules_are_not_caught(name):
    assert not caught_by_oracle(RULES[name])
    assert not caught_by_torch(RULES[name])


@pytest.mark.parametrize(("module", "name", "old", "new", "occurrence"), MUTANTS)
def test_a_planted_fault_is_caught(module, name, old, new, occurrence, tmp_path):
    mutant = planted(module, old, new, occurrence, tmp_path)
    rule = next(value for value in vars(mutant).values() if isinstance(value, Rule) and value.name == name)
    assert rule.formula.__code__.co_filename.endswith("mutant.py")
    assert caught_by_oracle(rule) or caught_by_torch(rule)


@pytest.mark.parametrize(
    ("old", "new"),
    [("scale * g", "g"), ("scale * g", "g / scale"), ("+ l2 * p", "- l2 * p"), ("+ l2 * p", "+ scale * l2 * p")],
)
def test_a_fault_planted_in_the_gradients_preparation_is_caught(old, new, tmp_path, monkeypatch):
    def path():
        return paths.reference_path(
            RULES["sgd"], paths.start(), paths.gradients(5), paths.CONSTANTS["sgd"], l2=0.1, scale=-0.5
        )

    p = torch.nn.Parameter(torch.from_numpy(paths.start()))
    constants = paths.CONSTANTS["sgd"]
    for g in paths.gradients(5):
        theirs = -0.5 * torch.from_numpy(g) + 0.1 * p.detach()
        p.data = p.data * (1 - constants["step_size"] * constants["decay"]) - constants["step_size"] * theirs
    np.testing.assert_allclose(path()[-1], p.detach().numpy(), rtol=1e-12)
    mutant = planted(surefoot.rules.gradient, old, new, 0, tmp_path)
    monkeypatch.setattr(reference, "prepared", mutant.prepared)
    assert not np.allclose(path()[-1], p.detach().numpy(), rtol=1e-10)
