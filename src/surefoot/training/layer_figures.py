"""What each step did to every tensor, recorded at every step from the sums that the step itself has made."""

from collections.abc import Callable, Sequence
from math import nan
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.roster import Cohort, same
from surefoot.trace import LAYER_UNITS
from surefoot.training.dead_share import EVERY, LOOKS, SOON, DeadShares

COLUMNS = tuple(LAYER_UNITS)


@final
class LayerFigures:
    """Passes on, after every step, the figures of each of an optimizer's tensors; nothing waits for a device.

    Four of them are of that step. The share of outputs without a gradient is that of the last step that was looked at,
    one in `dead_share.EVERY`; until there were looks enough, which the first stretch of so many steps holds, it is NaN.

    Args:
        optimizer: one of ours, all of whose parameters are in the CPU's memory.
        begin: is told once which tensors and figures there are.
        tell: is given each step and its figures [tensors, columns], which it must copy; a tensor that was not stepped
            has NaN.
        model: says which tensors have outputs, and along which axis; None leaves their share out.

    >>> import torch, surefoot as sf
    >>> optimizer, told = sf.SGD([torch.nn.Parameter(torch.ones(1))], step_size=0.5), []
    >>> optimizer.param_groups[0]["params"][0].grad = torch.ones(1)
    >>> optimizer.step(); LayerFigures(optimizer, print, lambda step, figures: print(figures.tolist())).note(0)
    ['0.0'] ('gradient_norm', 'weight_norm', 'update_norm', 'not_finite', 'dead_share')
    [[1.0, 0.5, 0.5, 0.0, nan]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        begin: Callable[[Sequence[str], Sequence[str]], None],
        tell: Callable[[int, NDArray[np.float64]], None],
        model: nn.Module | None = None,
    ) -> None:
        self._optimizer, self._tell = optimizer, tell
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._places = {id(p): i for i, p in enumerate(parameters)}
        self._dead = DeadShares(parameters, model)
        self._due, self._looks = -1, 0
        self._shares = np.full(len(parameters), nan)  # until there were looks enough to call an output dead
        self._lay_out([])
        begin(optimizer.names(), COLUMNS)

    def note(self, step: int) -> None:
        """Pass on what the last step was like, while its gradients are still there."""
        cohorts = self._optimizer.cohorts
        if not same(cohorts, self._cohorts):
            self._lay_out(cohorts)
        sums = cohorts[0].sums() if len(cohorts) == 1 else self._joined(cohorts)
        squares = sums[:, :3]
        np.sqrt(squares, squares)
        sums[:, 3] += sums[:, 4]
        if step >= self._due:
            self._look(step)
        sums[:, 4] = self._shares if self._rows is None else self._shares[self._rows]
        self._tell(step, sums if self._rows is None else self._spread(sums))

    def _look(self, step: int) -> None:
        """Look for dead outputs, sooner at first; a layer that begins as zeros lets nothing through at step 0."""
        if self._due >= 0:
            self._dead.look()
            self._looks += 1
        if self._looks == LOOKS:
            self._shares = self._dead.shares
        self._due = step + SOON if self._looks < LOOKS else (step // EVERY + 1) * EVERY

    def _lay_out(self, cohorts: list[Cohort]) -> None:
        """Find out where the rows of these cohorts belong."""
        rows = [self._places[id(p)] for cohort in cohorts for p in cohort.parameters]
        self._cohorts = list(cohorts)
        self._rows: NDArray[np.int64] | None = None if rows == [*range(len(self._places))] else np.array(rows, np.int64)

    def _joined(self, cohorts: list[Cohort]) -> NDArray[np.float64]:
        return np.concatenate([cohort.sums() for cohort in cohorts]) if cohorts else np.zeros((0, 5))

    def _spread(self, figures: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = np.full((len(self._places), len(COLUMNS)), nan)
        whole[self._rows] = figures
        return whole


def layer_figures(
    optimizer: object,
    begin: Callable[[Sequence[str], Sequence[str]], None],
    tell: Callable[[int, NDArray[np.float64]], None],
    model: nn.Module | None = None,
) -> LayerFigures | None:
    """Return what records the figures of an optimizer's tensors, or None where they are not at hand.

    Only ours has sums, and those of a tensor on another device could not be read without waiting for it.
    """
    if not isinstance(optimizer, Optimizer):
        return None
    on_cpu = all(p.is_cpu for group in optimizer.param_groups for p in group["params"])
    return LayerFigures(optimizer, begin, tell, model) if on_cpu else None
