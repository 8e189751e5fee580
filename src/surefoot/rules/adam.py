"""Adam with decoupled weight decay, and its variant that never forgets a large gradient."""

from surefoot.rules.language import xp
from surefoot.rules.rule import Numbers, Rule


def adamw(p, g, m, v, step_size, beta1, beta2, eps, decay, c1, c2):
    """Step against the mean gradient in units of its root mean square."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)
    return p, m, v


def amsgradw(p, g, m, v, w, step_size, beta1, beta2, eps, decay, c1, c2):
    """Step as adamw does, in units of the largest root mean square so far."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    w = xp.maximum(w, v)
    p = p - step_size * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(w * c2) + eps)
    return p, m, v, w


def bias_corrections(count: int, constants: Numbers) -> dict[str, float]:
    """Return what undoes the pull of both means towards their start at 0 (Kingma & Ba 2015, section 3)."""
    return {"c1": 1.0 / (1.0 - constants["beta1"] ** count), "c2": 1.0 / (1.0 - constants["beta2"] ** count)}


_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_CONSTANTS = {"step_size": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 1e-2}

ADAMW = Rule(
    "adamw", adamw, _CONSTANTS,
    "Loshchilov & Hutter 2019 (arXiv:1711.05101), Algorithm 2; the decay is multiplied by the step size, as in torch.",
    per_step=bias_corrections,
    laws=(
        _SCALE, "without memory and eps the step is the gradient's sign", "without a gradient only decay moves",
        "the first step is one step size long",
    ),
)  # fmt: skip
AMSGRADW = Rule(
    "amsgradw", amsgradw, _CONSTANTS,
    "Reddi, Kale & Kumar 2018, Algorithm 2, with adamw's corrections and decay; the largest v is taken uncorrected.",
    per_step=bias_corrections,
    laws=(_SCALE, "after a large gradient no step is longer than adamw's"),
)  # fmt: skip
