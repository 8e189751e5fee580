"""RMSprop with eps inside the root and the step size inside the buffer, as Keras, optax and TensorFlow 1 have it."""

from collections.abc import Callable

from surefoot.rules.language import xp
from surefoot.rules.rule import Rule


def rmsprop_inside(p, g, v, step_size, alpha, eps, decay):
    """Step as rmsprop does, with eps, a squared gradient here, inside the root."""
    v = v + (1.0 - alpha) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * g / xp.sqrt(v + eps)
    return p, v


def rmsprop_inside_momentum(p, g, v, b, step_size, alpha, eps, momentum, decay):
    """Step by a decaying sum of rmsprop_inside's steps, each with the step size of its time."""
    v = v + (1.0 - alpha) * (g * g - v)
    b = momentum * b + step_size * g / xp.sqrt(v + eps)
    p = p - step_size * decay * p
    p = p - b
    return p, v, b


def rmsprop_inside_centered(p, g, v, m, step_size, alpha, eps, decay):
    """Step as rmsprop_centered does, with eps, a squared gradient here, inside the root."""
    v = v + (1.0 - alpha) * (g * g - v)
    m = m + (1.0 - alpha) * (g - m)
    p = p - step_size * decay * p
    p = p - step_size * g / xp.sqrt(xp.maximum(v - m * m, 0.0) + eps)
    return p, v, m


def rmsprop_inside_centered_momentum(p, g, v, m, b, step_size, alpha, eps, momentum, decay):
    """Step by a decaying sum of rmsprop_inside_centered's steps, each with the step size of its time."""
    v = v + (1.0 - alpha) * (g * g - v)
    m = m + (1.0 - alpha) * (g - m)
    b = momentum * b + step_size * g / xp.sqrt(xp.maximum(v - m * m, 0.0) + eps)
    p = p - step_size * decay * p
    p = p - b
    return p, v, m, b


_FORMS: dict[str, Callable[..., object]] = {
    "": rmsprop_inside, "_momentum": rmsprop_inside_momentum, "_centered": rmsprop_inside_centered,
    "_centered_momentum": rmsprop_inside_centered_momentum,
}  # fmt: skip
_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_TORCH = {"torch": "eps is outside the root and the step size outside the buffer: `rmsprop` and its kin"}


def _variants(
    library: str, source: str, constants: dict[str, float], starts: dict[str, float], laws: tuple[str, ...]
) -> tuple[Rule, ...]:
    rules = []
    for form, formula in _FORMS.items():
        heavy = {"momentum": 0.9} if "momentum" in form else {}
        own = (f"without momentum the path is rmsprop{form.removesuffix('_momentum')}_{library}'s",) if heavy else laws
        rounding = 8.0 if "centered" in form else 4.0
        rules.append(
            Rule(
                f"rmsprop{form}_{library}", formula, {**constants, **heavy, "decay": 0.0}, source,
                starts=starts, laws=own, elsewhere=_TORCH, rounding=rounding,
            )
        )  # fmt: skip
    return tuple(rules)


KERAS = _variants(
    "keras", "Keras 3, RMSprop; a centred variance that rounding makes negative is taken for 0, as Keras does not.",
    {"step_size": 1e-3, "alpha": 0.9, "eps": 1e-7}, {}, (_SCALE,),
)  # fmt: skip
OPTAX = _variants(
    "optax", "optax 0.2, rmsprop with `eps_in_sqrt=True`; a negative variance is taken for 0, as optax does not.",
    {"step_size": 1e-3, "alpha": 0.9, "eps": 1e-8}, {}, (_SCALE,),
)  # fmt: skip
TF1 = _variants(
    "tf1", "TensorFlow 1, RMSPropOptimizer, as timm's RMSpropTF copies it; a negative variance is taken for 0.",
    {"step_size": 1e-2, "alpha": 0.9, "eps": 1e-10}, {"v": 1.0}, ("without a gradient only decay moves",),
)  # fmt: skip
INSIDE = (*KERAS, *OPTAX, *TF1)
