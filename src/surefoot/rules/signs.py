"""Lion and Rprop: rules that use a gradient's sign alone."""

from surefoot.rules.language import xp
from surefoot.rules.rule import Rule


def lion(p, g, m, step_size, beta1, beta2, decay):
    """Step one step size against the sign of a short mean of gradients that leans on a longer one."""
    u = beta1 * m + (1.0 - beta1) * g
    m = m + (1.0 - beta2) * (g - m)
    p = p - step_size * decay * p
    p = p - step_size * xp.sign(u)
    return p, m


def rprop(p, g, q, s, step_size, factor, shrink, grow, least, most, decay):
    """Step by a length of each parameter's own, longer while the gradient keeps its sign, shorter where it turns."""
    a = g * q
    s = xp.where(a > 0.0, grow * s, xp.where(a < 0.0, shrink * s, s))
    s = xp.minimum(xp.maximum(s, least), most)
    q = xp.where(a < 0.0, 0.0, g)
    p = p - step_size * decay * p
    p = p - factor * s * xp.sign(q)
    return p, q, s


_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"

LION = Rule(
    "lion", lion, {"step_size": 1e-4, "beta1": 0.9, "beta2": 0.99, "decay": 0.0},
    "Chen et al. 2023 (arXiv:2302.06675), Algorithm 2.",
    laws=(_SCALE, "every step is one step size long", "without memory and eps the step is the gradient's sign"),
    elsewhere={"torch": "has none", "Keras": "the same; step size 1e-3", "optax": "the same; decay 1e-3"},
)  # fmt: skip
RPROP = Rule(
    "rprop",
    rprop,
    {"step_size": 1e-2, "shrink": 0.5, "grow": 1.2, "least": 1e-6, "most": 50.0, "decay": 0.0},
    "Riedmiller & Braun 1993; iRprop- of Igel & Hüsken 2000: after a turn the gradient is forgotten once, as in torch. "
    "The step size is the first length; a schedule scales every step.",
    starts={"s": "peak"},
    laws=(
        _SCALE,
        "without a gradient only decay moves",
        "under one gradient for ever every step is `grow` times the last",
        "where the gradient turns no step is taken",
    ),
    elsewhere={"Keras": "has none", "optax": "takes each step one late (0.2.8; its pull request 1725)"},
    rounding=8.0,
)
