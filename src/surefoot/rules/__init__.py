"""The rules: one file per family, each a formula, its per-step numbers and its source."""

from difflib import get_close_matches

from surefoot.rules.adagrad import ADADELTA, ADADELTA_KERAS, ADAGRAD, ADAGRAD_KERAS
from surefoot.rules.adam import ADAM, ADAM_KERAS, ADAMW, ADAMW_KERAS, AMSGRAD, AMSGRAD_KERAS, AMSGRAD_OPTAX, AMSGRADW
from surefoot.rules.adamax import ADAMAX, ADAMAX_KERAS
from surefoot.rules.adamw_decays import ADAMW_CAUTIOUS, ADAMW_CORRECTED, ADAMW_PAPER
from surefoot.rules.asgd import ASGD
from surefoot.rules.nadam import NADAM, NADAM_KERAS, NADAMW, NADAMW_ALGOPERF
from surefoot.rules.radam import RADAM, RADAM_OPTAX, RADAM_WAITING
from surefoot.rules.rmsprop import RMSPROP, RMSPROP_CENTERED, RMSPROP_CENTERED_MOMENTUM, RMSPROP_MOMENTUM
from surefoot.rules.rmsprop_inside import INSIDE
from surefoot.rules.rule import Rule
from surefoot.rules.sgd import MOMENTUM, MOMENTUM_KERAS, MOMENTUM_MEAN, NESTEROV, NESTEROV_KERAS, SGD
from surefoot.rules.signs import LION, RPROP

_ALL = (
    SGD, MOMENTUM, NESTEROV, MOMENTUM_MEAN, MOMENTUM_KERAS, NESTEROV_KERAS, RMSPROP, RMSPROP_MOMENTUM, RMSPROP_CENTERED,
    RMSPROP_CENTERED_MOMENTUM, *INSIDE, ADAGRAD, ADAGRAD_KERAS, ADADELTA, ADADELTA_KERAS, ADAM, ADAMW, AMSGRAD,
    AMSGRADW, ADAM_KERAS, ADAMW_KERAS, AMSGRAD_KERAS, AMSGRAD_OPTAX, ADAMW_PAPER, ADAMW_CORRECTED, ADAMW_CAUTIOUS,
    ADAMAX, ADAMAX_KERAS, NADAM, NADAM_KERAS, NADAMW, NADAMW_ALGOPERF, RADAM, RADAM_OPTAX, RADAM_WAITING, LION, RPROP,
    ASGD,
)  # fmt: skip

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
"""Every rule by its name."""


def unknown(name: str) -> str | None:
    """Say that no rule has a name, and which are near, or None if one has.

    >>> unknown("adamw"), unknown("adamq")
    (None, "rule is 'adamq'; it must be one of surefoot.rules.RULES, such as adam, radam, nadam")
    """
    if name in RULES:
        return None
    near = get_close_matches(name, RULES, n=3) or ["adamw", "rmsprop", "momentum"]
    return f"rule is {name!r}; it must be one of surefoot.rules.RULES, such as {', '.join(near)}"
