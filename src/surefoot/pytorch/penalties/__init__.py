"""The penalties as torch modules: torch computes them, surefoot refuses what torch would misread or explain badly.

Each holds its facts (`surefoot.penalties`) and returns a mean: of all elements, or of all examples where one example
has several outputs. `refusals` says what is looked at, and what that costs.
"""

from surefoot.pytorch.penalties.classification import CrossEntropy, KullbackLeibler
from surefoot.pytorch.penalties.focal import Focal
from surefoot.pytorch.penalties.labels import BinaryCrossEntropy, Hinge
from surefoot.pytorch.penalties.regression import Huber, MeanAbsoluteError, MeanSquaredError, Poisson, Quantile

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "Hinge",
    "Huber",
    "KullbackLeibler",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "Quantile",
]
