"""The rules: one file per family, each a formula, its per-step numbers and its source."""

from surefoot.rules.adam import ADAMW, AMSGRADW
from surefoot.rules.rmsprop import RMSPROP, RMSPROP_CENTERED, RMSPROP_CENTERED_MOMENTUM, RMSPROP_MOMENTUM
from surefoot.rules.rule import Rule
from surefoot.rules.sgd import MOMENTUM, NESTEROV, SGD

_ALL = (
    SGD,
    MOMENTUM,
    NESTEROV,
    RMSPROP,
    RMSPROP_MOMENTUM,
    RMSPROP_CENTERED,
    RMSPROP_CENTERED_MOMENTUM,
    ADAMW,
    AMSGRADW,
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
"""Every rule by its name."""
