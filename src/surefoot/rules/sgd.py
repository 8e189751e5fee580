"""Stochastic gradient descent: plain, with momentum, with Nesterov's, and as others write these."""

from surefoot.rules.rule import Numbers, Rule


def sgd(p, g, step_size, decay):
    """Step against the gradient."""
    p = p - step_size * decay * p
    p = p - step_size * g
    return p


def momentum(p, g, b, step_size, momentum, intake, decay):
    """Step against a decaying sum of gradients; the step size stays outside the sum, so a schedule acts at once."""
    b = momentum * b + intake * g
    p = p - step_size * decay * p
    p = p - step_size * b
    return p, b


def nesterov(p, g, b, step_size, momentum, intake, decay):
    """Step as momentum does, from where momentum is about to carry the parameter."""
    b = momentum * b + intake * g
    p = p - step_size * decay * p
    p = p - step_size * (g + momentum * b)
    return p, b


def momentum_mean(p, g, b, step_size, momentum, c1, decay):
    """Step against the mean of recent gradients: momentum changes the memory and not the length of a step."""
    b = b + (1.0 - momentum) * (g - b)
    p = p - step_size * decay * p
    p = p - step_size * (b * c1)
    return p, b


def momentum_keras(p, g, b, step_size, momentum, decay):
    """Step by a decaying sum of steps; a step size that falls acts late, when the sum has forgotten the larger ones."""
    b = momentum * b - step_size * g
    p = p - step_size * decay * p
    p = p + b
    return p, b


def nesterov_keras(p, g, b, step_size, momentum, decay):
    """Step as momentum_keras does, from where the sum is about to carry the parameter."""
    b = momentum * b - step_size * g
    p = p - step_size * decay * p
    p = p + (momentum * b - step_size * g)
    return p, b


def intake(count: int, constants: Numbers) -> dict[str, float]:
    """Return what share of a gradient the buffer takes in: all of the first, `1 - dampening` of later ones."""
    return {"intake": 1.0 if count == 1 else 1.0 - constants["dampening"]}


def corrected(count: int, constants: Numbers) -> dict[str, float]:
    """Return what undoes the pull of the mean towards its start at 0."""
    return {"c1": 1.0 / (1.0 - constants["momentum"] ** count)}


_SCALE = "scaling every gradient scales the movement alike"
_SGD = "without momentum the path is sgd's"
_HEAVY = {"step_size": 1e-3, "momentum": 0.9, "dampening": 0.0, "decay": 0.0}
_KERAS = {"step_size": 1e-2, "momentum": 0.9, "decay": 0.0}
_SUTSKEVER = "Sutskever et al. 2013, section 2, with the step size inside the buffer; Keras 3, SGD."

SGD = Rule(
    "sgd", sgd, {"step_size": 1e-3, "decay": 0.0}, "Robbins & Monro 1951, equation (8), with a gradient for M.",
    laws=(_SCALE, "without a gradient only decay moves"),
    elsewhere={"Keras": "the same; its default step size is 0.01", "optax": "the same; it has no default step size"},
)  # fmt: skip
MOMENTUM = Rule(
    "momentum", momentum, _HEAVY,
    "Polyak 1964, equation (9); Sutskever et al. 2013, section 2, with the step size outside the buffer as in torch.",
    per_step=intake,
    laws=(_SCALE, _SGD, "the first gradient is taken whole"),
    elsewhere={"Keras": "the step size is inside the buffer: `momentum_keras`", "optax": "the same, without dampening"},
)  # fmt: skip
NESTEROV = Rule(
    "nesterov", nesterov, _HEAVY,
    "Nesterov 1983; Bengio et al. 2012 (arXiv:1212.0901), equation (7): the stored parameter is the look-ahead point.",
    per_step=intake,
    laws=(_SCALE, _SGD, "the first step is 1 + momentum gradients long"),
    elsewhere={"Keras": "the step size is inside the buffer: `nesterov_keras`", "optax": "the same, without dampening"},
)  # fmt: skip
MOMENTUM_MEAN = Rule(
    "momentum_mean", momentum_mean, {"step_size": 1e-2, "momentum": 0.9, "decay": 0.0},
    "Kingma & Ba 2015, section 2, the first moment alone with its correction; the buffer of Muon (Jordan 2024).",
    per_step=corrected,
    laws=(_SCALE, _SGD, "under one gradient for ever every step is one gradient long"),
    elsewhere={"torch": "no such option; dampening = momentum comes near it, but its first gradient is taken whole"},
)  # fmt: skip
MOMENTUM_KERAS = Rule(
    "momentum_keras", momentum_keras, _KERAS, _SUTSKEVER,
    laws=(_SCALE, _SGD, "with one step size throughout the path is momentum's"),
    elsewhere={"torch": "the step size is outside the buffer: `momentum`", "optax": "as torch"},
)  # fmt: skip
NESTEROV_KERAS = Rule(
    "nesterov_keras", nesterov_keras, _KERAS, _SUTSKEVER,
    laws=(_SCALE, _SGD, "with one step size throughout the path is nesterov's"),
    elsewhere={"torch": "the step size is outside the buffer: `nesterov`", "optax": "as torch"},
)  # fmt: skip
