"""Surefoot: the whole descent of a neural network's training, for people who train with PyTorch.

Everything public is here and is imported when it is first used, because `import torch` alone costs seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from surefoot import search as search
    from surefoot.feedback import Plateau as Plateau
    from surefoot.fitting import Run as Run
    from surefoot.fitting import fit as fit
    from surefoot.fitting.comparing import compare as compare
    from surefoot.pytorch.averager import ExponentialAverage as ExponentialAverage
    from surefoot.pytorch.averager import TailAverage as TailAverage
    from surefoot.pytorch.drop_in import ASGD as ASGD
    from surefoot.pytorch.drop_in import SGD as SGD
    from surefoot.pytorch.drop_in import Adadelta as Adadelta
    from surefoot.pytorch.drop_in import Adagrad as Adagrad
    from surefoot.pytorch.drop_in import Adam as Adam
    from surefoot.pytorch.drop_in import Adamax as Adamax
    from surefoot.pytorch.drop_in import AdamW as AdamW
    from surefoot.pytorch.drop_in import Muon as Muon
    from surefoot.pytorch.drop_in import NAdam as NAdam
    from surefoot.pytorch.drop_in import RAdam as RAdam
    from surefoot.pytorch.drop_in import RMSprop as RMSprop
    from surefoot.pytorch.drop_in import Rprop as Rprop
    from surefoot.pytorch.groups import groups as groups
    from surefoot.pytorch.guard import Guard as Guard
    from surefoot.pytorch.matrices.assignment import muon_groups as muon_groups
    from surefoot.pytorch.matrices.hybrid import MuonAdamW as MuonAdamW
    from surefoot.pytorch.penalties import BinaryCrossEntropy as BinaryCrossEntropy
    from surefoot.pytorch.penalties import CrossEntropy as CrossEntropy
    from surefoot.pytorch.penalties import Focal as Focal
    from surefoot.pytorch.penalties import Hinge as Hinge
    from surefoot.pytorch.penalties import Huber as Huber
    from surefoot.pytorch.penalties import KullbackLeibler as KullbackLeibler
    from surefoot.pytorch.penalties import MeanAbsoluteError as MeanAbsoluteError
    from surefoot.pytorch.penalties import MeanSquaredError as MeanSquaredError
    from surefoot.pytorch.penalties import Poisson as Poisson
    from surefoot.pytorch.penalties import Quantile as Quantile
    from surefoot.pytorch.rule_optimizer import RuleOptimizer as RuleOptimizer
    from surefoot.rules.rule import Rule as Rule
    from surefoot.schedules import constant as constant
    from surefoot.schedules import cosine as cosine
    from surefoot.schedules import cosine_warmup as cosine_warmup
    from surefoot.schedules import exponential as exponential
    from surefoot.schedules import inverse_sqrt as inverse_sqrt
    from surefoot.schedules import linear as linear
    from surefoot.schedules import one_cycle as one_cycle
    from surefoot.schedules import one_minus_sqrt as one_minus_sqrt
    from surefoot.schedules import piecewise as piecewise
    from surefoot.schedules import polynomial as polynomial
    from surefoot.schedules import power as power
    from surefoot.schedules import restarts as restarts
    from surefoot.schedules import warmup as warmup
    from surefoot.schedules import wsd as wsd
    from surefoot.stopping import Patience as Patience
    from surefoot.training.batches import Batches as Batches
    from surefoot.training.checkpoint.checkpoints import Checkpoints as Checkpoints
    from surefoot.training.compute import Compute as Compute
    from surefoot.training.doctor import Doctor as Doctor
    from surefoot.training.examine.start import examine as examine
    from surefoot.training.loader import Loader as Loader
    from surefoot.training.task import Task as Task
    from surefoot.training.windows import Windows as Windows

_HOME = {
    "ASGD": "pytorch.drop_in",
    "Adadelta": "pytorch.drop_in",
    "Adagrad": "pytorch.drop_in",
    "Adam": "pytorch.drop_in",
    "AdamW": "pytorch.drop_in",
    "Adamax": "pytorch.drop_in",
    "Batches": "training.batches",
    "BinaryCrossEntropy": "pytorch.penalties",
    "Checkpoints": "training.checkpoint.checkpoints",
    "Compute": "training.compute",
    "CrossEntropy": "pytorch.penalties",
    "Doctor": "training.doctor",
    "ExponentialAverage": "pytorch.averager",
    "Focal": "pytorch.penalties",
    "Guard": "pytorch.guard",
    "Hinge": "pytorch.penalties",
    "Huber": "pytorch.penalties",
    "KullbackLeibler": "pytorch.penalties",
    "Loader": "training.loader",
    "MeanAbsoluteError": "pytorch.penalties",
    "MeanSquaredError": "pytorch.penalties",
    "Muon": "pytorch.drop_in",
    "MuonAdamW": "pytorch.matrices.hybrid",
    "NAdam": "pytorch.drop_in",
    "Patience": "stopping",
    "Plateau": "feedback",
    "Poisson": "pytorch.penalties",
    "Quantile": "pytorch.penalties",
    "RAdam": "pytorch.drop_in",
    "RMSprop": "pytorch.drop_in",
    "Rprop": "pytorch.drop_in",
    "Rule": "rules.rule",
    "RuleOptimizer": "pytorch.rule_optimizer",
    "Run": "fitting",
    "SGD": "pytorch.drop_in",
    "TailAverage": "pytorch.averager",
    "Task": "training.task",
    "Windows": "training.windows",
    "compare": "fitting.comparing",
    "constant": "schedules",
    "cosine": "schedules",
    "cosine_warmup": "schedules",
    "examine": "training.examine.start",
    "exponential": "schedules",
    "fit": "fitting",
    "groups": "pytorch.groups",
    "inverse_sqrt": "schedules",
    "linear": "schedules",
    "muon_groups": "pytorch.matrices.assignment",
    "one_cycle": "schedules",
    "one_minus_sqrt": "schedules",
    "piecewise": "schedules",
    "polynomial": "schedules",
    "power": "schedules",
    "restarts": "schedules",
    "warmup": "schedules",
    "wsd": "schedules",
}

_ROOMS = ("search",)
"""Packages used under their own name: `sf.search.race`."""

__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first used (PEP 562)."""
    if name in _ROOMS:
        return import_module(f"surefoot.{name}")  # which also makes it an attribute, so this is asked once
    if name not in _HOME:
        raise AttributeError(f"module 'surefoot' has no attribute {name!r}")
    value = getattr(import_module(f"surefoot.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return [*globals(), *_HOME, *_ROOMS]
