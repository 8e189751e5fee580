"""Adam: the mean gradient in units of its root mean square; with either decay, and as others write it."""

from math import sqrt

from surefoot.rules.language import xp
from surefoot.rules.rule import Numbers, Rule


def adam(p, g, m, v, step_size, beta1, beta2, eps, decay, c1, c2):
    """Step against the mean gradient in units of its root mean square."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)
    return p, m, v


def amsgrad(p, g, m, v, w, step_size, beta1, beta2, eps, decay, c1, c2):
    """Step as adam does, in units of the largest root mean square so far."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    w = xp.maximum(w, v)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(w * c2) + eps)
    return p, m, v, w


def amsgrad_optax(p, g, m, v, w, step_size, beta1, beta2, eps, decay, c1, c2):
    """Step as adam does, in units of the largest corrected root mean square so far."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    w = xp.maximum(w, v * c2)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(w) + eps)
    return p, m, v, w


def bias_corrections(count: int, constants: Numbers) -> dict[str, float]:
    """Return what undoes the pull of both means towards their start at 0 (Kingma & Ba 2015, section 3)."""
    return {"c1": 1.0 / (1.0 - constants["beta1"] ** count), "c2": 1.0 / (1.0 - constants["beta2"] ** count)}


def eps_uncorrected(count: int, constants: Numbers) -> dict[str, float]:
    """Return the corrections, and eps as if added before them: their paper's "epsilon hat" (section 2, at the end)."""
    corrections = bias_corrections(count, constants)
    return {**corrections, "eps": constants["eps"] * sqrt(corrections["c2"])}


_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_SIGN = "without memory and eps the step is the gradient's sign"
_FIRST = "the first step is one step size long"
_PLAIN = {"step_size": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.0}
_DECAYING = {**_PLAIN, "decay": 1e-2}
_KERAS = {**_PLAIN, "eps": 1e-7}
_HAT = {
    "Keras": "eps is added before the corrections, which makes it 32 times larger at the first step: `{}_keras`",
    "optax": "the same",
}

ADAM = Rule(
    "adam", adam, _PLAIN, "Kingma & Ba 2015 (arXiv:1412.6980), Algorithm 1.", per_step=bias_corrections,
    laws=(_SCALE, _SIGN, "without a gradient only decay moves", _FIRST),
    elsewhere={"torch": "`weight_decay` is an L2 term", **{k: v.format("adam") for k, v in _HAT.items()}},
)  # fmt: skip
ADAMW = Rule(
    "adamw", adam, _DECAYING,
    "Loshchilov & Hutter 2019 (arXiv:1711.05101), Algorithm 2; the decay is multiplied by the step size, as in torch.",
    says="Step as adam does, and shrink every parameter by a share of the step size.",
    per_step=bias_corrections, laws=(_SCALE, _SIGN, "without a gradient only decay moves", _FIRST),
    elsewhere={
        "paper": "decays by the schedule's factor alone: `adamw_paper`",
        "Keras": "decay 0.004, eps 1e-7 added before the corrections: `adamw_keras`",
        "optax": "the same, decay 1e-4",
    },
)  # fmt: skip
AMSGRAD = Rule(
    "amsgrad", amsgrad, _PLAIN, "Reddi, Kale & Kumar 2018, Algorithm 2, with adam's corrections; the largest v is "
    "taken uncorrected, as in torch.",
    per_step=bias_corrections, laws=(_SCALE, "after a large gradient no step is longer than adam's"),
    elsewhere={"Keras": _HAT["Keras"].format("amsgrad"), "optax": "takes the largest corrected v: `amsgrad_optax`"},
)  # fmt: skip
AMSGRADW = Rule(
    "amsgradw", amsgrad, _DECAYING,
    "Reddi, Kale & Kumar 2018, Algorithm 2, with adamw's corrections and decay; the largest v is taken uncorrected.",
    says="Step as amsgrad does, and shrink every parameter by a share of the step size.",
    per_step=bias_corrections, laws=(_SCALE, "after a large gradient no step is longer than adam's"),
    elsewhere=AMSGRAD.elsewhere,
)  # fmt: skip
AMSGRAD_OPTAX = Rule(
    "amsgrad_optax", amsgrad_optax, _PLAIN, "optax 0.2, amsgrad.", per_step=bias_corrections, laws=(_SCALE, _FIRST),
    elsewhere={"torch": "takes the largest v before the correction: `amsgrad`", "Keras": "as torch"},
)  # fmt: skip
_BEFORE = "Keras 3, {}: eps is added before the corrections."
_CORRECTED = {"torch": "eps is added after the corrections: `{}`", "optax": "as torch"}
ADAM_KERAS = Rule(
    "adam_keras", adam, _KERAS, _BEFORE.format("Adam"), per_step=eps_uncorrected, laws=(_SCALE, _SIGN, _FIRST),
    says="Step as adam does, with eps added before the corrections.",
    elsewhere={k: v.format("adam") for k, v in _CORRECTED.items()},
)  # fmt: skip
ADAMW_KERAS = Rule(
    "adamw_keras", adam, {**_KERAS, "decay": 4e-3}, _BEFORE.format("AdamW"), per_step=eps_uncorrected,
    says="Step as adamw does, with eps added before the corrections.",
    laws=(_SCALE, _SIGN, _FIRST), elsewhere={k: v.format("adamw") for k, v in _CORRECTED.items()},
)  # fmt: skip
AMSGRAD_KERAS = Rule(
    "amsgrad_keras", amsgrad, _KERAS, _BEFORE.format("Adam(amsgrad=True)"), per_step=eps_uncorrected,
    says="Step as amsgrad does, with eps added before the corrections.",
    laws=(_SCALE, _FIRST), elsewhere={k: v.format("amsgrad") for k, v in _CORRECTED.items()},
)  # fmt: skip
