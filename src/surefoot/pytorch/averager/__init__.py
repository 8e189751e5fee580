"""Averages of a model's weights, kept beside it in anyone's loop, and its batch norms' statistics made to fit."""

from surefoot.pytorch.averager.kinds import ExponentialAverage, TailAverage
from surefoot.pytorch.averager.norms import refresh_statistics
from surefoot.pytorch.averager.weights import WeightAverage

__all__ = ["ExponentialAverage", "TailAverage", "WeightAverage", "refresh_statistics"]
