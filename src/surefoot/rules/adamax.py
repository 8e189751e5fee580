"""Adamax: adam with the largest recent gradient in place of the root mean square."""

from surefoot.rules.adam import bias_corrections
from surefoot.rules.language import xp
from surefoot.rules.rule import Numbers, Rule


def adamax(p, g, m, u, step_size, beta1, beta2, eps, decay, c1):
    """Step against the mean gradient in units of the largest, where older ones count ever less."""
    m = m + (1.0 - beta1) * (g - m)
    u = xp.maximum(beta2 * u, xp.abs(g) + eps)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / u
    return p, m, u


def adamax_keras(p, g, m, u, step_size, beta1, beta2, eps, decay, c1):
    """Step as adamax does, with eps beside the largest gradient and not in it."""
    m = m + (1.0 - beta1) * (g - m)
    u = xp.maximum(beta2 * u, xp.abs(g))
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / (u + eps)
    return p, m, u


def first_correction(count: int, constants: Numbers) -> dict[str, float]:
    """Return what undoes the pull of the mean towards its start at 0; a maximum needs none."""
    return {"c1": bias_corrections(count, constants)["c1"]}


_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_SIGN = "without memory and eps the step is the gradient's sign"
_FIRST = "the first step is one step size long"
_CONSTANTS = {"step_size": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.0}

ADAMAX = Rule(
    "adamax", adamax, _CONSTANTS, "Kingma & Ba 2015 (arXiv:1412.6980), Algorithm 2, with torch's eps.",
    per_step=first_correction, laws=(_SCALE, _SIGN, "without a gradient only decay moves", _FIRST),
    elsewhere={"Keras": "eps is added to the largest gradient after it is kept: `adamax_keras`", "optax": "the same"},
)  # fmt: skip
ADAMAX_KERAS = Rule(
    "adamax_keras", adamax_keras, {**_CONSTANTS, "step_size": 1e-3, "eps": 1e-7}, "Keras 3, Adamax.",
    per_step=first_correction, laws=(_SCALE, _SIGN, _FIRST),
    elsewhere={"torch": "eps is inside the maximum: `adamax`", "optax": "as torch"},
)  # fmt: skip
