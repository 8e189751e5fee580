"""AdamW's decay in three other couplings: to the schedule alone, corrected, and cautious."""

from surefoot.rules.adam import bias_corrections
from surefoot.rules.language import xp
from surefoot.rules.rule import Rule


def adamw_paper(p, g, m, v, step_size, factor, beta1, beta2, eps, decay, c1, c2):
    """Step as adamw does; the decay follows the schedule but not the peak, so both can be tuned apart."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    p = p - factor * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)
    return p, m, v


def adamw_corrected(p, g, m, v, step_size, factor, beta1, beta2, eps, decay, c1, c2):
    """Step as adamw does; the decay follows the schedule twice, which keeps gradient norms level towards the end."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    p = p - step_size * factor * decay * p
    p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)
    return p, m, v


def adamw_cautious(p, g, m, v, step_size, beta1, beta2, eps, decay, c1, c2):
    """Step as adamw does; only parameters that the step itself makes smaller decay."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    u = (m * c1) / (xp.sqrt(v * c2) + eps)
    p = p - step_size * decay * xp.where(u * p >= 0.0, p, 0.0)
    p = p - step_size * u
    return p, m, v


_CONSTANTS = {"step_size": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 1e-2}
_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_SAME = "without decay the path is adam's"
_TORCH = {"torch": "decays by step size times decay: `adamw`", "Keras": "as torch", "optax": "as torch"}

ADAMW_PAPER = Rule(
    "adamw_paper", adamw_paper, {**_CONSTANTS, "decay": 1e-5},
    "Loshchilov & Hutter 2019 (arXiv:1711.05101), Algorithm 2, line 12 as printed.",
    per_step=bias_corrections, laws=(_SCALE, _SAME, "the decay does not depend on the peak"), elsewhere=_TORCH,
)  # fmt: skip
ADAMW_CORRECTED = Rule(
    "adamw_corrected", adamw_corrected, _CONSTANTS,
    "Defazio 2025 (arXiv:2506.02285), AdamC: the decay times the step size over its peak.",
    per_step=bias_corrections, laws=(_SCALE, _SAME), elsewhere=_TORCH,
)  # fmt: skip
ADAMW_CAUTIOUS = Rule(
    "adamw_cautious", adamw_cautious, _CONSTANTS, "Chen et al. 2025 (arXiv:2510.12402), Algorithm 1.",
    per_step=bias_corrections, laws=(_SCALE, _SAME, "decay never slows a parameter that the step makes larger"),
    elsewhere=_TORCH, rounding=8.0,
)  # fmt: skip
