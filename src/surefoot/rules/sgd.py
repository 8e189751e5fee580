"""Stochastic gradient descent: plain, with momentum, and with Nesterov's."""

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


def intake(count: int, constants: Numbers) -> dict[str, float]:
    """Return what share of a gradient the buffer takes in: all of the first, `1 - dampening` of later ones."""
    return {"intake": 1.0 if count == 1 else 1.0 - constants["dampening"]}


_SCALE = "scaling every gradient scales the movement alike"

SGD = Rule(
    "sgd", sgd, {"step_size": 1e-3, "decay": 0.0}, "Robbins & Monro 1951, equation (8), with a gradient for M.",
    laws=(_SCALE, "without a gradient only decay moves"),
)  # fmt: skip
MOMENTUM = Rule(
    "momentum", momentum, {"step_size": 1e-3, "momentum": 0.9, "dampening": 0.0, "decay": 0.0},
    "Polyak 1964, equation (9); Sutskever et al. 2013, section 2, with the step size outside the buffer as in torch.",
    per_step=intake,
    laws=(_SCALE, "without momentum the path is sgd's", "the first gradient is taken whole"),
)  # fmt: skip
NESTEROV = Rule(
    "nesterov", nesterov, {"step_size": 1e-3, "momentum": 0.9, "dampening": 0.0, "decay": 0.0},
    "Nesterov 1983; Bengio et al. 2012 (arXiv:1212.0901), equation (7): the stored parameter is the look-ahead point.",
    per_step=intake,
    laws=(_SCALE, "without momentum the path is sgd's", "the first step is 1 + momentum gradients long"),
)  # fmt: skip
