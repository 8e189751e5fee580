"""Paths that tests compare: of the reference, of a backend through the optimizer, of torch; and gradients to walk by."""

from contextlib import contextmanager

import numpy as np
import torch

from surefoot.backends import reference
from surefoot.pytorch.rule_optimizer import RuleOptimizer

_ADAM = {"step_size": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "decay": 0.1}
_RMS = {"step_size": 0.01, "alpha": 0.95, "eps": 1e-3, "decay": 0.03}
_HEAVY = {**_RMS, "momentum": 0.7}
_FORMS = {"rmsprop": _RMS, "rmsprop_momentum": _HEAVY, "rmsprop_centered": _RMS, "rmsprop_centered_momentum": _HEAVY}

CONSTANTS = {
    "sgd": {"step_size": 0.1, "decay": 0.03},
    "momentum": {"step_size": 0.1, "momentum": 0.9, "dampening": 0.25, "decay": 0.03},
    "nesterov": {"step_size": 0.1, "momentum": 0.8, "decay": 0.03, "dampening": 0.0},
    "momentum_mean": {"step_size": 0.1, "momentum": 0.8, "decay": 0.03},
    "momentum_keras": {"step_size": 0.1, "momentum": 0.8, "decay": 0.03},
    "nesterov_keras": {"step_size": 0.1, "momentum": 0.8, "decay": 0.03},
    **{
        f"{form}{library}": constants
        for library in ("", "_keras", "_optax", "_tf1")
        for form, constants in _FORMS.items()
    },
    "adagrad": {"step_size": 0.1, "start": 0.3, "step_decay": 0.05, "eps": 1e-3, "decay": 0.03},
    "adagrad_keras": {"step_size": 0.1, "start": 0.3, "eps": 1e-3, "decay": 0.03},
    "adadelta": {"step_size": 0.7, "rho": 0.8, "eps": 1e-3, "decay": 0.03},
    "adadelta_keras": {"step_size": 0.7, "rho": 0.8, "eps": 1e-3, "decay": 0.03},
    **dict.fromkeys(("adam", "adamw", "amsgrad", "amsgradw", "adam_keras", "adamw_keras", "amsgrad_keras"), _ADAM),
    **dict.fromkeys(
        ("amsgrad_optax", "adamw_paper", "adamw_corrected", "adamw_cautious", "adamax", "adamax_keras"), _ADAM
    ),
    "nadam": {**_ADAM, "momentum_decay": 0.3},
    "nadam_keras": {**_ADAM, "momentum_decay": 1.0},
    **dict.fromkeys(("nadamw", "nadamw_algoperf"), _ADAM),
    # 0.9 and not 0.95: the first five steps are not divided, later ones are
    **{name: {**_ADAM, "beta2": 0.9} for name in ("radam", "radam_optax", "radam_waiting")},
    "lion": {"step_size": 0.05, "beta1": 0.8, "beta2": 0.95, "decay": 0.1},
    "rprop": {"step_size": 0.05, "shrink": 0.4, "grow": 1.3, "least": 0.02, "most": 0.3, "decay": 0.03},
    "asgd": {"step_size": 0.1, "pull": 0.05, "slowness": 0.6, "averaged_from": 8.0, "decay": 0.03},
}
"""Constants at which every term of a rule matters, so that no fault hides behind a default."""


@contextmanager
def scalars(dtype):
    """Let torch, and us, keep the numbers that a parameter carries (NAdam's product) in the parameter's dtype.

    Torch keeps them in its default dtype: with float32 as that, no path of a float64 parameter is exact to more.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if dtype == torch.float64 else torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def gradients(steps, shape=(7,), seed=0):
    """Gradients whose size and sign change from step to step and from element to element."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.normal(size=(steps, *[1] * len(shape))))
    return list(rng.normal(size=(steps, *shape)) * sizes)


def start(shape=(7,), seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def factors(steps):
    """What share of the peak each step uses: a schedule that goes up and down, so that its every use shows."""
    return [(1.0, 0.5, 0.25, 1.0, 0.7, 0.9)[step % 6] for step in range(steps)]


def reference_path(rule, p, script, constants, *, l2=0.0, scale=1.0, factors=None):
    """The float64 reference, open loop; a gradient that is None is a step without one."""
    return list(reference.walk(rule, p, script, constants, l2=l2, scale=scale, factors=factors))


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
