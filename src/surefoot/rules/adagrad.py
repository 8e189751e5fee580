"""Adagrad and Adadelta: a gradient divided by the root of the squares of all before it, or of the recent ones."""

from surefoot.rules.language import xp
from surefoot.rules.rule import Numbers, Rule


def adagrad(p, g, v, step_size, eps, decay, slowing):
    """Step against the gradient in units of the root of all its squares so far."""
    v = v + g * g
    p = p - step_size * decay * p
    p = p - step_size * slowing * g / (xp.sqrt(v) + eps)
    return p, v


def adagrad_keras(p, g, v, step_size, eps, decay):
    """Step as adagrad does, with eps, a squared gradient here, inside the root."""
    v = v + g * g
    p = p - step_size * decay * p
    p = p - step_size * g / xp.sqrt(v + eps)
    return p, v


def adadelta(p, g, v, d, step_size, rho, eps, decay):
    """Step against the gradient in units of its recent size, times the recent size of the steps themselves."""
    v = v + (1.0 - rho) * (g * g - v)
    u = xp.sqrt(d + eps) / xp.sqrt(v + eps) * g
    d = d + (1.0 - rho) * (u * u - d)
    p = p - step_size * decay * p
    p = p - step_size * u
    return p, v, d


def slowing(count: int, constants: Numbers) -> dict[str, float]:
    """Return torch's extra slowing, which takes the step size down as one over the number of gradients."""
    return {"slowing": 1.0 / (1.0 + (count - 1) * constants["step_decay"])}


_SCALE = "scaling every gradient by a positive number changes nothing when eps and start are 0"
_STILL = "without a gradient only decay moves"
_FIRST = "the first step is one step size long"
_DUCHI = "Duchi, Hazan & Singer 2011, equation (1), the diagonal form"

ADAGRAD = Rule(
    "adagrad",
    adagrad,
    {"step_size": 1e-2, "start": 0.0, "step_decay": 0.0, "eps": 1e-10, "decay": 0.0},
    f"{_DUCHI}; eps outside the root, as in torch.",
    per_step=slowing,
    starts={"v": "start"},
    laws=(_SCALE, _FIRST, _STILL, "under one gradient for ever the steps fall as one over the root"),
    elsewhere={"Keras": "eps 1e-7 inside the root, v starts at 0.1: `adagrad_keras`", "optax": "as Keras"},
)
ADAGRAD_KERAS = Rule(
    "adagrad_keras", adagrad_keras, {"step_size": 1e-3, "start": 0.1, "eps": 1e-7, "decay": 0.0},
    f"{_DUCHI}; Keras 3 and optax 0.2.", starts={"v": "start"}, laws=(_STILL,),
    elsewhere={"torch": "eps 1e-10 outside the root, v starts at 0: `adagrad`", "optax": "the same"},
)  # fmt: skip
_DELTA = "Zeiler 2012 (arXiv:1212.5701), Algorithm 1; the step size, not in the paper, is 1."
_NO_SIZE = "scaling every gradient scales the movement alike, when eps is scaled as its square"
ADADELTA = Rule(
    "adadelta", adadelta, {"step_size": 1.0, "rho": 0.9, "eps": 1e-6, "decay": 0.0}, _DELTA, laws=(_STILL, _NO_SIZE),
    elsewhere={
        "Keras": "step size 0.001, rho 0.95, eps 1e-7: `adadelta_keras`, a thousand times too slow as it comes",
        "optax": "the same; without a step size it ascends",
    }, rounding=8.0,
)  # fmt: skip
ADADELTA_KERAS = Rule(
    "adadelta_keras",
    adadelta,
    {"step_size": 1e-3, "rho": 0.95, "eps": 1e-7, "decay": 0.0},
    f"{_DELTA} Keras's is 0.001.",
    says="Step as adadelta does, with Keras's constants.",
    laws=(_STILL, _NO_SIZE),
    elsewhere={"torch": "step size 1, rho 0.9, eps 1e-6: `adadelta`", "optax": "as torch"},
    rounding=8.0,
)
