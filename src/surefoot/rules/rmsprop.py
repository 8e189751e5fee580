"""RMSprop: a gradient divided by the root of its mean square; with momentum, centred, or both."""

from surefoot.rules.language import xp
from surefoot.rules.rule import Rule


def rmsprop(p, g, v, step_size, alpha, eps, decay):
    """Step against the gradient in units of its own recent size."""
    v = v + (1.0 - alpha) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * g / (xp.sqrt(v) + eps)
    return p, v


def rmsprop_momentum(p, g, v, b, step_size, alpha, eps, momentum, decay):
    """Step against a decaying sum of what rmsprop steps against."""
    v = v + (1.0 - alpha) * (g * g - v)
    b = momentum * b + g / (xp.sqrt(v) + eps)
    p = p - step_size * decay * p
    p = p - step_size * b
    return p, v, b


def rmsprop_centered(p, g, v, m, step_size, alpha, eps, decay):
    """Step against the gradient in units of its standard deviation, whose square rounding can make negative."""
    v = v + (1.0 - alpha) * (g * g - v)
    m = m + (1.0 - alpha) * (g - m)
    p = p - step_size * decay * p
    p = p - step_size * g / (xp.sqrt(xp.maximum(v - m * m, 0.0)) + eps)
    return p, v, m


def rmsprop_centered_momentum(p, g, v, m, b, step_size, alpha, eps, momentum, decay):
    """Step against a decaying sum of what rmsprop_centered steps against (Graves 2013, equations 38 to 41)."""
    v = v + (1.0 - alpha) * (g * g - v)
    m = m + (1.0 - alpha) * (g - m)
    b = momentum * b + g / (xp.sqrt(xp.maximum(v - m * m, 0.0)) + eps)
    p = p - step_size * decay * p
    p = p - step_size * b
    return p, v, m, b


_PLAIN = {"step_size": 1e-2, "alpha": 0.99, "eps": 1e-8, "decay": 0.0}
_HEAVY = {"step_size": 1e-2, "alpha": 0.99, "eps": 1e-8, "momentum": 0.9, "decay": 0.0}
# A variance is a difference: the centred rules are held to 8 roundings a step where the others are to 4.
_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_TIELEMAN = "Tieleman & Hinton 2012, lecture 6.5; eps outside the root, as in torch."
_GRAVES = "Graves 2013 (arXiv:1308.0850), equations 38 to 41; step size outside the buffer, eps outside the root."
_INSIDE = {
    "Keras": "eps is inside the root and a momentum's step size inside the buffer; alpha 0.9, eps 1e-7: the names on "
    "`_keras`",
    "optax": "as Keras with eps 1e-8; `eps_in_sqrt=False` is torch's",
    "TensorFlow 1": "as Keras, and v starts at 1: the names on `_tf1`",
}

RMSPROP = Rule(
    "rmsprop", rmsprop, _PLAIN, _TIELEMAN, elsewhere=_INSIDE,
    laws=(_SCALE, "without memory and eps the step is the gradient's sign", "without a gradient only decay moves"),
)  # fmt: skip
RMSPROP_MOMENTUM = Rule(
    "rmsprop_momentum", rmsprop_momentum, _HEAVY, _TIELEMAN,
    laws=(_SCALE, "without momentum the path is rmsprop's"), elsewhere=_INSIDE,
)  # fmt: skip
RMSPROP_CENTERED = Rule(
    "rmsprop_centered", rmsprop_centered, _PLAIN, _GRAVES, laws=(_SCALE,), elsewhere=_INSIDE, rounding=8.0
)
RMSPROP_CENTERED_MOMENTUM = Rule(
    "rmsprop_centered_momentum", rmsprop_centered_momentum, _HEAVY, _GRAVES,
    laws=(_SCALE, "without momentum the path is rmsprop_centered's"), elsewhere=_INSIDE, rounding=8.0,
)  # fmt: skip
