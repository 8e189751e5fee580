"""Paths that tests compare: of the reference, of a backend through the optimizer, of torch; and gradients to walk by."""

import numpy as np
import torch

from surefoot.backends import reference
from surefoot.pytorch.rule_optimizer import RuleOptimizer

CONSTANTS = {
    "sgd": {"step_size": 0.1, "decay": 0.03},
    "momentum": {"step_size": 0.1, "momentum": 0.9, "dampening": 0.25, "decay": 0.03},
    "nesterov": {"step_size": 0.1, "momentum": 0.8, "decay": 0.03, "dampening": 0.0},
    "rmsprop": {"step_size": 0.01, "alpha": 0.95, "eps": 1e-3, "decay": 0.03},
    "rmsprop_momentum": {"step_size": 0.01, "alpha": 0.95, "eps": 1e-3, "momentum": 0.7, "decay": 0.03},
    "rmsprop_centered": {"step_size": 0.01, "alpha": 0.95, "eps": 1e-3, "decay": 0.03},
    "rmsprop_centered_momentum": {"step_size": 0.01, "alpha": 0.95, "eps": 1e-3, "momentum": 0.7, "decay": 0.03},
    "adamw": {"step_size": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "decay": 0.1},
    "amsgradw": {"step_size": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "decay": 0.1},
}
"""Constants at which every term of a rule matters, so that no fault hides behind a default."""


def gradients(steps, shape=(7,), seed=0):
    """Gradients whose size and sign change from step to step and from element to element."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.normal(size=(steps, *[1] * len(shape))))
    return list(rng.normal(size=(steps, *shape)) * sizes)


def start(shape=(7,), seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def reference_path(rule, p, script, constants, *, l2=0.0, scale=1.0):
    """The float64 reference, open loop; a gradient that is None is a step without one."""
    path, count = [], 0
    slots = tuple(np.zeros_like(p) for _ in rule.slots)
    for g in script:
        if g is not None:
            count += 1
            numbers = dict(zip(rule.names, rule.row(count, constants), strict=True))
            p, *slots = reference.step(rule, p, g, tuple(slots), {**numbers, "scale": scale, "l2": l2})
        path.append(p)
    return path


def optimizer_path(rule, p, script, constants, **options):
    """A path of the optimizer over one parameter, a torch tensor; gradients are torch tensors or None."""
    parameter = torch.nn.Parameter(p)
    constants = dict(constants)
    optimizer = RuleOptimizer([parameter], rule, constants.pop("step_size"), constants, **options)
    path = []
    for g in script:
        parameter.grad = g
        optimizer.step()
        path.append(parameter.detach().clone())
    return path
