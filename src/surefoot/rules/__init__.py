"""The rules: one file per family, each a formula, its per-step numbers and its source."""

from surefoot.rules.adam import ADAMW
from surefoot.rules.rmsprop import RMSPROP
from surefoot.rules.rule import Rule
from surefoot.rules.sgd import MOMENTUM, NESTEROV, SGD

RULES: dict[str, Rule] = {rule.name: rule for rule in (SGD, MOMENTUM, NESTEROV, RMSPROP, ADAMW)}

__all__ = ["ADAMW", "MOMENTUM", "NESTEROV", "RMSPROP", "RULES", "SGD", "Rule"]
