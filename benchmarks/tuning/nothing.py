"""What knowing nothing costs: the penalty of the best constant output, the unit in which a diverged run is counted."""

from functools import cache
from itertools import islice
from typing import final

import torch
from torch import Tensor, nn

from benchmarks.tuning.workloads import Workload, workload
from surefoot.training.batches import epoch
from surefoot.training.validation import validated

BATCHES = 60
"""Training batches that the constant is fitted to: enough for a mean, and soon gone through."""


@final
class Constant(nn.Module):
    """A model that gives the same output whatever it gets.

    Args:
        shape: of one output.
        leading: how many of an input's dimensions each have their own output: items, and in language places.
    """

    def __init__(self, shape: torch.Size, leading: int) -> None:
        super().__init__()
        self.output, self.leading = nn.Parameter(torch.zeros(shape)), leading

    def forward(self, given: Tensor) -> Tensor:
        """Return the output once for each item, and place."""
        return self.output.expand(*given.shape[: self.leading], *self.output.shape)


@cache
def nothing(name: str) -> dict[str, float]:
    """Return the validation and the test penalty of the best constant for a workload's training part."""
    found = workload(name)
    batches = list(islice(epoch(found.task.train, seed=0, number=0), BATCHES))
    given, target = (torch.cat(parts) for parts in zip(*batches, strict=True))
    constant = _fitted(found, given, target)
    validation = validated(found.task, constant)["validation_penalty"]
    return {"validation": validation, "test": found.tested(constant)["penalty"]}


def _fitted(found: Workload, given: Tensor, target: Tensor) -> Constant:
    """Return the constant with the least penalty; every penalty here is convex in the output."""
    leading = 2 if found.kind == "language" else 1
    constant = Constant(found.task.make().eval()(given[:1]).shape[leading:], leading)
    optimizer = torch.optim.LBFGS(constant.parameters(), max_iter=50, line_search_fn="strong_wolfe")

    def penalty() -> Tensor:
        optimizer.zero_grad()
        value = found.task.penalty_of(constant, (given, target))
        torch.autograd.backward(value)
        return value

    optimizer.step(penalty)
    return constant
