"""The passes judged: modes that do not fit what is done, and batches that do not fit the model."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import final

from torch import nn

from surefoot.diagnose.checks.data import ALIKE, constant_batch
from surefoot.diagnose.checks.modes import (
    KEPT,
    RESTING,
    SINGLE,
    batch_norm_of_one,
    graph_kept,
    training_in_eval_mode,
    validating_in_training_mode,
)
from surefoot.diagnose.finding import Finding
from surefoot.pytorch.observer.calls import Calls
from surefoot.pytorch.observer.modules import Run, census, norms, traced


@final
class Modes:
    """Judges a model's forward passes whenever one of their counts has become suspicious.

    Args:
        model: whose passes they are.
        calls: count them.
        say: takes a finding, or None.
    """

    def __init__(self, model: nn.Module, calls: Calls, say: Callable[[Finding | None], None]) -> None:
        self._model, self._calls, self._say = model, calls, say
        self._rested = 0
        self._runs: list[Run] = []
        self._trace = ExitStack()

    def observed(self, steps: Callable[[], int]) -> None:
        """Judge what the passes up to this penalty were like; a few comparisons unless there is news."""
        calls = self._calls
        if calls.resting:
            self._resting(steps())
        if calls.modules is not None or calls.useless >= KEPT:
            self.judge(steps())
        calls.observed()

    def judge(self, step: int) -> None:
        """Say what passes without a penalty have shown."""
        calls = self._calls
        if calls.modules is not None:
            self._say(validating_in_training_mode(calls.modules, calls.passes(step)))
            calls.modules = None
        if calls.useless >= KEPT:
            self._say(graph_kept(calls.passes(step)))

    def look(self, step: int) -> None:
        """Look at the batch."""
        self._trace.close()
        if len(self._runs) and all(run.rows == 1 for run in self._runs):
            self._say(batch_norm_of_one([run.name for run in self._runs], self._calls.passes(step)))
        self._runs.clear()
        self._calls.look()
        if self._calls.single >= SINGLE:
            active = {name: norm for name, norm in norms(self._model).items() if norm.training}
            self._trace.enter_context(traced(dict(active), self._runs))
        if self._calls.alike == ALIKE:
            self._say(constant_batch(self._calls.alike, step))

    def close(self) -> None:
        """Take every hook away."""
        self._trace.close()

    def _resting(self, step: int) -> None:
        """Judge steps in eval mode, once some have been taken."""
        if self._calls.resting == 1:
            self._rested = step
        elif step - self._rested >= RESTING and self._calls.resting <= 4 * RESTING:
            self._say(training_in_eval_mode(census(self._model), self._calls.passes(step)))
