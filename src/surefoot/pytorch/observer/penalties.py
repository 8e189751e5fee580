"""Penalties as they come: their graphs read, the ranges of what they were given fetched, and both judged."""

from collections.abc import Callable
from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from surefoot.diagnose.checks.penalty import Judged, Range, class_ids_as_numbers, penalty_findings
from surefoot.diagnose.finding import Finding
from surefoot.pytorch.observer.graph import Core, cores
from surefoot.pytorch.observer.letters import Letters

_ENTRIES = 65_536
"""Numbers read of an input or a target: what they show is a fact, however few they are."""

_IDS = 256
"""Targets kept to see whether they are whole numbers."""


@final
class Penalties:
    """Reads the graphs of penalties.

    Args:
        letters: bring numbers from a device.
        say: takes a finding, or None.
    """

    def __init__(self, letters: Letters, say: Callable[[Finding | None], None]) -> None:
        self._letters, self._say = letters, say
        self._targets: list[float] = []
        self._looks = 0

    def look(self, penalty: Tensor, step: int) -> None:
        """Judge the penalties in a graph."""
        self._looks += 1
        for core in cores(penalty):
            judged = replace(core.judged, step=step)
            read = core.given if core.given is not None else core.target
            if read is None or not read.numel():
                self._judge(judged)
                continue
            ends = _ends(read)
            self._letters.post(ends, self._judging(judged, given=core.given is not None))
            if core.judged.operation == "mse_loss":
                self._note_targets(core, step)

    def _judging(self, judged: Judged, *, given: bool) -> Callable[[Tensor], None]:
        def then(ends: Tensor) -> None:
            found = Range(*ends.tolist())
            self._judge(replace(judged, inputs=found) if given else replace(judged, targets=found))

        return then

    def _judge(self, judged: Judged) -> None:
        for finding in penalty_findings(judged):
            self._say(finding)

    def _note_targets(self, core: Core, step: int) -> None:
        """Gather targets until there are enough to say what kind of number they are."""

        def then(values: Tensor) -> None:
            self._targets += values.tolist()
            if len(self._targets) >= _IDS or self._looks >= 3:
                self._say(class_ids_as_numbers(self._targets, step))
                self._targets.clear()

        if self._looks <= 3 and core.target is not None:
            self._letters.post(_some(core.target)[:_IDS].float(), then)


@torch.no_grad()
def _ends(values: Tensor) -> Tensor:
    return torch.stack(torch.aminmax(_some(values)))


def _some(values: Tensor) -> Tensor:
    """Return the numbers of the first rows."""
    values = values.detach()
    if not values.ndim:
        return values.reshape(1)
    rows = max(1, _ENTRIES * len(values) // values.numel())
    return values[:rows].reshape(-1)
