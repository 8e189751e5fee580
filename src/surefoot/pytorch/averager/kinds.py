"""The averages by name, for `sf.`: the last snapshots or the tail of a run, and the exponential one."""

from typing import final

import torch
from torch import nn

from surefoot.averaging import Exponential, Last, Tail
from surefoot.errors import InvalidValue
from surefoot.pytorch.averager.stores import store_of
from surefoot.pytorch.averager.weights import WeightAverage


@final
class TailAverage(WeightAverage):
    """The mean of a model's last snapshots, or of about the last share of all of them.

        tail = TailAverage(model, last=5)
        for epoch in ...:
            ...; tail.observe()                      # after each epoch, or step
        with tail.swapped():
            validate(model)                          # then the model has its own weights again
        tail.copy_to(model)                          # or keeps the mean

    Memory: with `last` so many copies of the trained weights, in their own dtype; with `share` one, in float32 at
    least. They are on the weights' device, or on `device`.

    Args:
        model: whose weights; what else is kept says `WeightAverage`.
        last: how many snapshots [at least 1]; 5 if neither it nor a share is given.
        share: instead, of the snapshots so far [above 0, at most 1]: 0.1 is about the last tenth of them, whenever the
            run ends (`surefoot.averaging.Tail`); meant for observing every step.
        device: where the copies are kept, such as "cpu"; observing then waits for the copying.

    Errors: InvalidValue if both are given, or one is out of bounds.

    Laws: the mean is that of the shares of `surefoot.averaging`. Equal snapshots have themselves for a mean, exactly.

    >>> model = nn.Linear(1, 1, bias=False); tail = TailAverage(model, last=2)
    >>> for value in (9.0, 1.0, 2.0):
    ...     with torch.no_grad(): _ = model.weight.fill_(value)
    ...     tail.observe()
    >>> with tail.swapped(): print(model.weight.item())
    1.5
    >>> model.weight.item()
    2.0
    """

    def __init__(
        self,
        model: nn.Module,
        last: int | None = None,
        *,
        share: float | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        if last is not None and share is not None:
            raise InvalidValue(f"TailAverage: last is {last} and share is {share}; give one of the two.")
        average = Last(5 if last is None else last) if share is None else Tail(share)
        super().__init__(model, store_of(average, device))


@final
class ExponentialAverage(WeightAverage):
    """The exponential mean of a model's weights, also called EMA; from the first snapshot on without a bias.

        ema = ExponentialAverage(model, memory=100)
        for batch in ...:
            ...; optimizer.step(); ema.observe()
        with ema.swapped():
            validate(model)

    Memory: one copy of the trained weights in float32 at least, on the weights' device or on `device`.

    Args:
        model: whose weights; what else is kept says `WeightAverage`.
        memory: over about how many snapshots [at least 1], 1 / (1 - decay); for a share of the run's length see
            `TailAverage(share=...)`, which needs not know it.
        decay: instead, the factor between neighbouring snapshots' weights [at least 0, below 1]; 0.999 if neither is
            given.
        device: where the copy is kept, such as "cpu"; observing then waits for the copying.

    Errors: InvalidValue if both are given, or one is out of bounds.

    Laws: the mean is that of the shares of `surefoot.averaging`. Equal snapshots have themselves for a mean, exactly.

    >>> model = nn.Linear(1, 1, bias=False); ema = ExponentialAverage(model, decay=0.5)
    >>> for value in (0.0, 3.0):
    ...     with torch.no_grad(): _ = model.weight.fill_(value)
    ...     ema.observe()
    >>> ema.copy_to(model); round(model.weight.item(), 4)
    2.0
    """

    def __init__(
        self,
        model: nn.Module,
        memory: float | None = None,
        *,
        decay: float | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        if memory is not None and decay is not None:
            raise InvalidValue(f"ExponentialAverage: memory is {memory} and decay is {decay}; give one of the two.")
        average = Exponential(0.999 if decay is None else decay) if memory is None else Exponential.over(memory)
        super().__init__(model, store_of(average, device))
