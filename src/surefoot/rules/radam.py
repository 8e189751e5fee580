"""RAdam: adam that waits with dividing by the root mean square until enough squares have been seen."""

from math import sqrt

from surefoot.rules.adam import bias_corrections
from surefoot.rules.language import xp
from surefoot.rules.rule import Numbers, Rule

THRESHOLD = 5.0
"""Squares that must count, in effect, before they are divided by: with beta2 0.999 the first five steps do without."""


def radam(p, g, m, v, step_size, beta1, beta2, eps, decay, c1, plain, rectified):
    """Step as adam does, rectified for how few squares have been seen; at first by the mean gradient alone."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) * (plain + rectified / (xp.sqrt(v) + eps))
    return p, m, v


def rectification(count: int, constants: Numbers) -> dict[str, float]:
    """Return the weights of the plain and of the divided step: one of them is 0 (Liu et al. 2020, Algorithm 2)."""
    beta2 = constants["beta2"]
    corrections = bias_corrections(count, constants)
    most = 2.0 / (1.0 - beta2) - 1.0
    seen = most - 2.0 * count * beta2**count * corrections["c2"]
    if seen <= THRESHOLD:
        return {"c1": corrections["c1"], "plain": 1.0, "rectified": 0.0}
    variance = (seen - 4.0) * (seen - 2.0) * most / ((most - 4.0) * (most - 2.0) * seen)
    return {"c1": corrections["c1"], "plain": 0.0, "rectified": sqrt(variance / corrections["c2"])}


def waiting(count: int, constants: Numbers) -> dict[str, float]:
    """Return the weights of a step that waits where radam's would not be divided."""
    return {**rectification(count, constants), "plain": 0.0}


def eps_corrected(count: int, constants: Numbers) -> dict[str, float]:
    """Return radam's weights, and eps as if added after the correction."""
    corrections = bias_corrections(count, constants)
    return {**rectification(count, constants), "eps": constants["eps"] / sqrt(corrections["c2"])}


_CONSTANTS = {"step_size": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.0}
_STILL = "without a gradient only decay moves"
_LIU = "Liu et al. 2020 (arXiv:1908.03265), Algorithm 2"
_ELSEWHERE = {
    "torch": "`radam`: the plain step at first, eps added before the correction",
    "optax": "`radam_optax`: eps added after it",
    "pytorch_optimizer": "`radam_waiting`: no step at first",
    "Keras": "has none",
}

RADAM = Rule(
    "radam", radam, _CONSTANTS, f"{_LIU}, with eps added before the correction, as in torch.", per_step=rectification,
    laws=(_STILL, "the first steps are those of a mean gradient"), elsewhere=_ELSEWHERE, rounding=8.0,
)  # fmt: skip
RADAM_OPTAX = Rule(
    "radam_optax", radam, _CONSTANTS, f"{_LIU}; optax 0.2: eps is added after the correction.", per_step=eps_corrected,
    says="Step as radam does, with eps added after the correction.",
    laws=(_STILL, "the first steps are those of a mean gradient"), elsewhere=_ELSEWHERE, rounding=8.0,
)  # fmt: skip
RADAM_WAITING = Rule(
    "radam_waiting",
    radam,
    _CONSTANTS,
    f"{_LIU}, without the steps that are not divided.",
    per_step=waiting,
    says="Step as radam does, but wait until enough squares have been seen.",
    laws=(
        _STILL,
        "the first steps are not taken",
        "scaling every gradient by a positive number changes nothing when eps is 0",
    ),
    elsewhere=_ELSEWHERE,
    rounding=8.0,
)
