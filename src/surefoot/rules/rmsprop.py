"""RMSprop: a gradient divided by the root of its mean square."""

from surefoot.rules.language import xp
from surefoot.rules.rule import Rule


def rmsprop(p, g, v, step_size, alpha, eps, decay):
    """Step against the gradient in units of its own recent size."""
    v = v + (1.0 - alpha) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * g / (xp.sqrt(v) + eps)
    return p, v


RMSPROP = Rule(
    "rmsprop", rmsprop, {"step_size": 1e-2, "alpha": 0.99, "eps": 1e-8, "decay": 0.0},
    "Tieleman & Hinton 2012, lecture 6.5; eps outside the root as in Graves 2013 without centring, and as in torch.",
    rounding=16.0,
)  # fmt: skip
