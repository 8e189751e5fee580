"""Penalties for quantities and counts: squared, absolute, Huber's, quantiles, Poisson."""

from collections.abc import Sequence
from typing import ClassVar, final

from torch import Tensor, maximum, nn, promote_types, stack
from torch.nn import functional

from surefoot.errors import refuse
from surefoot.penalties import (
    HUBER,
    MEAN_ABSOLUTE_ERROR,
    MEAN_SQUARED_ERROR,
    POISSON,
    QUANTILE,
    Numbers,
    Penalty,
    huber,
    quantile,
)
from surefoot.pytorch.penalties.refusals import (
    alike,
    dtype,
    extremes,
    number_faults,
    output_faults,
    shape,
    span,
    usable,
)


@final
class MeanSquaredError(nn.Module):
    """The mean of the squared differences between output and target, over all elements.

    Source: torch.nn.functional.mse_loss, which computes it; its facts are `surefoot.penalties.MEAN_SQUARED_ERROR`.

    Errors: InvalidValue if the shapes differ (torch would pair every output with every target), if either is not
    floating-point, or if the batch is empty.

    Laws: on what it accepts it equals torch's. The last layer is linear.

    >>> import torch
    >>> MeanSquaredError()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """

    facts: ClassVar[Penalty[Numbers]] = MEAN_SQUARED_ERROR

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error as a tensor of one number; output and target [any one shape, floating]."""
        if not alike(output, target):
            refuse("MeanSquaredError", output_faults(output) + number_faults(output, target))
        return functional.mse_loss(output, target)


@final
class MeanAbsoluteError(nn.Module):
    """The mean of the distances between output and target, over all elements.

    Source: torch.nn.functional.l1_loss, which computes it; its facts are `surefoot.penalties.MEAN_ABSOLUTE_ERROR`.

    Errors: InvalidValue if the shapes differ, if either is not floating-point, or if the batch is empty.

    Laws: on what it accepts it equals torch's. It is twice the quantile penalty of level 1/2. The best constant is the
    median.

    >>> import torch
    >>> MeanAbsoluteError()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(1.)
    """

    facts: ClassVar[Penalty[Numbers]] = MEAN_ABSOLUTE_ERROR

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean absolute error as a tensor of one number; output and target [any one shape, floating]."""
        if not alike(output, target):
            refuse("MeanAbsoluteError", output_faults(output) + number_faults(output, target))
        return functional.l1_loss(output, target)


@final
class Huber(nn.Module):
    """Half the squared difference up to delta and a straight line beyond, the mean over all elements.

    Source: Huber 1964; torch.nn.functional.huber_loss, which computes it (smooth_l1_loss is this divided by delta); its
    facts are `surefoot.penalties.huber(delta)`.

    Args:
        delta: the residual at which the square turns into a straight line [unit of the target, above 0].

    Errors: InvalidValue if delta is out of bounds, if the shapes differ, if either is not floating-point, or if the
    batch is empty.

    Laws: on what it accepts it equals torch's. It is at most half the squared error, and at most delta times the
    absolute one. No gradient of an element is larger than delta.

    >>> import torch
    >>> Huber(delta=1.0)(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 4.0]))  # 1/2 and 4 - 1/2, halved
    tensor(2.)
    """

    facts: Penalty[Numbers] = HUBER

    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self.delta = delta
        self.facts = huber(delta)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the Huber penalty as a tensor of one number; output and target [any one shape, floating]."""
        if not alike(output, target):
            refuse("Huber", output_faults(output) + number_faults(output, target))
        both = promote_types(output.dtype, target.dtype)  # torch's backward fails where the two differ
        return functional.huber_loss(output.to(both), target.to(both), delta=self.delta)

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        return f"delta={self.delta}"


@final
class Quantile(nn.Module):
    """What an output costs as a quantile of the target, others' pinball loss, the mean over all elements and levels.

    Source: Koenker & Bassett 1978; its facts are `surefoot.penalties.quantile(levels)`.

    Args:
        level: the share of targets that shall lie below the output [above 0, below 1], or several in ascending order.

    Errors: InvalidValue if the levels are out of bounds, if the output has not the target's shape (with several levels
    and one more dimension at the end, for them), if either is not floating-point, or if the batch is empty.

    Laws: level 1/2 is half the mean absolute error. Several levels cost the mean of each by itself. At the best
    constant the share of targets below it is the level.

    >>> import torch
    >>> Quantile(level=0.9)(torch.zeros(2), torch.tensor([10.0, -10.0]))  # 9 and 1, halved
    tensor(5.)
    """

    facts: Penalty[Numbers] = QUANTILE

    def __init__(self, level: float | Sequence[float] = 0.5) -> None:
        super().__init__()
        self.level = level if isinstance(level, (int, float)) else tuple(level)
        self.facts = quantile(self.level if isinstance(self.level, tuple) else (self.level,))

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the quantile penalty as a tensor of one number.

        Args:
            output: the quantiles [the target's shape; with several levels and one more dimension, of their number].
            target: the quantities [any shape, floating].
        """
        if isinstance(self.level, tuple):
            self._refuse_columns(output, target, self.level)
            pairs = zip(output.unbind(-1), self.level, strict=True)
            return stack([_pinball(column, target, level) for column, level in pairs]).mean()
        if not alike(output, target):
            refuse("Quantile", output_faults(output) + number_faults(output, target))
        return _pinball(output, target, self.level)

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        return f"level={self.level}"

    def _refuse_columns(self, output: Tensor, target: Tensor, levels: tuple[float, ...]) -> None:
        wanted = (*target.shape, len(levels))
        if output.shape == wanted and usable(output) and target.is_floating_point():
            return
        faults = output_faults(output)
        if not target.is_floating_point():
            faults.append(f"the target is {dtype(target)}; it must be floating-point: give target.float()")
        if output.shape != wanted:
            squeezed = target.dim() > 0 and output.shape == (*target.shape[:-1], len(levels)) and target.shape[-1] == 1
            advice = "give target.squeeze(-1)" if squeezed else f"give an output of shape {wanted}"
            shapes = f"the output has shape {shape(output)} and the target {shape(target)}"
            faults.append(f"{shapes}; the output needs a last dimension for the {len(levels)} levels: {advice}")
        refuse("Quantile", faults)


@final
class Poisson(nn.Module):
    """What counts cost when the output is the logarithm of their expected number, the mean over all elements.

    Source: torch.nn.functional.poisson_nll_loss, which computes it; its facts are `surefoot.penalties.POISSON`. The
    term ln y!, which no output changes, is left out, as torch does; so it may be negative.

    Errors: InvalidValue if the shapes differ, if either is not floating-point, if the batch is empty, or (told on the
    CPU) if a target is negative or NaN.

    Laws: on what it accepts it equals torch's. Outputs of 0 cost exactly 1. The best constant is the logarithm of the
    mean count.

    >>> import torch
    >>> Poisson()(torch.zeros(2), torch.tensor([0.0, 7.0]))
    tensor(1.)
    """

    facts: ClassVar[Penalty[Numbers]] = POISSON

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the Poisson penalty as a tensor of one number.

        Args:
            output: the logarithm of the expected count, before any exponential [any shape, floating].
            target: the counts [the output's shape, floating, at least 0].
        """
        if not alike(output, target):
            advice = "give target.float()"
            refuse("Poisson", output_faults(output) + number_faults(output, target, as_numbers=advice))
        found = extremes(target)
        if found and not found[0] >= 0.0:
            advice = "do not scale or centre them, and use Huber or MeanSquaredError for what is no count"
            refuse("Poisson", [f"{span(found)}; counts are at least 0: {advice}"])
        return functional.poisson_nll_loss(output, target)


def _pinball(output: Tensor, target: Tensor, level: float) -> Tensor:
    difference = target - output
    return maximum(level * difference, (level - 1.0) * difference).mean()
