"""Surefoot: the whole descent of a neural network's training, for people who train with PyTorch.

Everything public is here and is imported when it is first used, because `import torch` alone costs seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from surefoot.fitting import Run as Run
    from surefoot.fitting import fit as fit
    from surefoot.pytorch.drop_in import SGD as SGD
    from surefoot.pytorch.drop_in import AdamW as AdamW
    from surefoot.pytorch.drop_in import RMSprop as RMSprop
    from surefoot.pytorch.penalties import CrossEntropy as CrossEntropy
    from surefoot.pytorch.penalties import MeanSquaredError as MeanSquaredError
    from surefoot.pytorch.rule_optimizer import RuleOptimizer as RuleOptimizer
    from surefoot.rules.rule import Rule as Rule
    from surefoot.schedules import constant as constant
    from surefoot.schedules import cosine as cosine
    from surefoot.schedules import linear as linear
    from surefoot.schedules import warmup as warmup
    from surefoot.stopping import Patience as Patience
    from surefoot.training.batches import Batches as Batches
    from surefoot.training.task import Task as Task

_HOME = {
    "AdamW": "pytorch.drop_in",
    "Batches": "training.batches",
    "CrossEntropy": "pytorch.penalties",
    "MeanSquaredError": "pytorch.penalties",
    "Patience": "stopping",
    "RMSprop": "pytorch.drop_in",
    "Rule": "rules.rule",
    "RuleOptimizer": "pytorch.rule_optimizer",
    "Run": "fitting",
    "SGD": "pytorch.drop_in",
    "Task": "training.task",
    "constant": "schedules",
    "cosine": "schedules",
    "fit": "fitting",
    "linear": "schedules",
    "warmup": "schedules",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first used (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'surefoot' has no attribute {name!r}")
    value = getattr(import_module(f"surefoot.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return [*globals(), *_HOME]
