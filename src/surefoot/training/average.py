"""The average of a run's weights that `fit` keeps beside it, and whether it is better than the best step's weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import nan
from typing import Any, final

from torch import nn

from surefoot.averaging import Tail
from surefoot.pytorch.averager import TailAverage, refresh_statistics
from surefoot.stopping import Judge
from surefoot.training.batches import Batch, epoch
from surefoot.training.best import finite
from surefoot.training.compute import Compute
from surefoot.training.task import Task
from surefoot.training.validation import validated

TAIL = Tail(0.1)
"""The mean of about the last tenth of the steps so far: one copy of the weights, ready whenever the run ends.

Measured on the digits, with halves of the validation set to choose by and to report on, eight seeds; penalty of the
average by that of the best of some 40 checks, which chose itself (by which was chosen / not seen): conv net, stopped
early, 1.20 / 0.89, with a constant step size 1.16 / 0.60; MLP 1.06 / 0.96, constant 1.13 / 0.90; with batch norm 1.05 /
1.05. Shares from a fiftieth to a fifth, exponential means over 1 to 10 % of the run, and the plain mean of the last 5
or 10 checks came near it or were worse. Judging the average at every check chose better where the step size stays
constant, and would cost a second validation each time; judging it at the best check too gained nothing."""

PENALTY = "validation_penalty"
"""What validation calls its penalty, beside the names of the metrics."""

MOST_SNAPSHOTS = 500
"""Snapshots in a run: the last tenth has 50 of them, and more change nothing but the cost."""


@final
@dataclass(frozen=True)
class Averaged:
    """What became of a run's averaged weights.

    Args:
        kept: whether they are in the model.
        text: what was found, or why nothing was, in words.
        steps: over about how many of the last steps they are the mean.
        found: their validation penalty and metrics; empty if they were not judged.
        raw_found: the same of the best step's weights; empty if they were not compared.
    """

    kept: bool
    text: str
    steps: int = 0
    found: dict[str, float] = field(default_factory=dict)
    raw_found: dict[str, float] = field(default_factory=dict)

    @property
    def penalty(self) -> float:
        """The validation penalty of the averaged weights; nan if they were not judged."""
        return self.found.get(PENALTY, nan)

    @property
    def raw(self) -> float:
        """The validation penalty of the best step's weights; nan if they were not compared."""
        return self.raw_found.get(PENALTY, nan)

    @property
    def metrics(self) -> dict[str, tuple[float, float]]:
        """Each metric of the best step's weights, and beside it that of the averaged ones."""
        both = [name for name in self.found if name != PENALTY and name in self.raw_found]
        return {name: (self.raw_found[name], self.found[name]) for name in both}


@final
class RunAverage:
    """The average of one run, observed at steps and judged once, when the run has ended.

    Without validation nothing could say that it is better, so nothing is kept. What it costs: one copy of the trained
    weights in float32 at least, a pass over them for each snapshot, and one validation at the end. If the model has
    batch norms, their statistics are measured on the first training batches of an epoch (a fiftieth of the run's steps,
    10 to 50) before it is judged.

    Args:
        task: the penalty and the data.
        model: what is trained.
        steps: the length of the run, at most [>= 1].
        seed: orders the batches for the statistics.
        compute: where, and in which precision.
    """

    def __init__(
        self, task: Task, model: nn.Module, *, steps: int, seed: int = 0, compute: Compute | None = None
    ) -> None:
        self._task, self._model, self._seed, self._compute = task, model, seed, compute or Compute()
        self._every = max(1, steps // MOST_SNAPSHOTS)
        self._batches = min(50, max(10, steps // 50))
        self._mean = None if task.validation is None else TailAverage(model, share=TAIL.share)

    def restart(self) -> None:
        """Forget all weights so far: they led to a fall."""
        if self._mean is not None:
            self._mean = TailAverage(self._model, share=TAIL.share)

    def observe(self, taken: int) -> None:
        """Take in the weights after so many steps, if a snapshot is due; nothing waits for the device."""
        if self._mean is not None and taken % self._every == 0:
            self._mean.observe()

    def state_dict(self) -> dict[str, Any]:
        """Return the average, for a checkpoint."""
        return {"mean": None if self._mean is None else self._mean.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from an average of the same run."""
        if self._mean is not None and state_dict["mean"] is not None:
            self._mean.load_state_dict(state_dict["mean"])

    def judged(
        self, ended: str, taken: int, values: Sequence[float], stopping: Judge, metrics: Mapping[str, float]
    ) -> Averaged:
        """Put the averaged weights into the model and judge them; it is the caller's to take them out if not kept.

        Nothing is raised for what the user's data, model or metrics do, nor for Ctrl-C.

        Args:
            ended: how the run did: finished, stopped, diverged, interrupted or failed.
            taken: steps taken.
            values: the validation penalties of the checks.
            stopping: says which of two penalties is better.
            metrics: what the best of the checks found beside the penalty.
        """
        if self._mean is None:
            return Averaged(
                False, "the latest weights stay: without validation nothing says if their average is better"
            )
        if ended in ("diverged", "failed") or not values or not self._mean.seen:
            why = f"the run {ended}" if ended in ("diverged", "failed") else "no check came before the end"
            return Averaged(False, f"the averaged weights were not judged: {why}")
        try:
            found = self._found(self._mean)
        except KeyboardInterrupt:
            return Averaged(False, "the averaged weights were not judged: interrupted by you")
        except Exception as error:  # of the user's code: any kind
            what = " ".join(f"{type(error).__name__}: {error}".split())
            return Averaged(False, f"the averaged weights were not judged: {what}")
        best = stopping.verdict(values).best
        return self._compared(found, {**metrics, PENALTY: nan if best is None else values[best]}, taken, stopping)

    def _found(self, mean: TailAverage) -> dict[str, float]:
        mean.copy_to(self._model)
        refresh_statistics(self._model, self._some_batches(), self._forward)
        return validated(self._task, self._model, compute=self._compute)

    def _compared(self, found: dict[str, float], of_best: dict[str, float], taken: int, stopping: Judge) -> Averaged:
        penalty, raw, steps = found[PENALTY], of_best[PENALTY], max(1, round(TAIL.share * taken))
        kept = finite(self._model) and stopping.verdict([raw, penalty]).best == 1
        change = f" ({abs(penalty / raw - 1):.1%} {'lower' if penalty < raw else 'higher'})" if raw > 0 else ""
        said = Averaged(kept, "", steps, found, of_best)
        parts = [f"{penalty:.4g} against {raw:.4g} raw{change}"]
        parts += [f"{name} {after:.4g} against {before:.4g}" for name, (before, after) in said.metrics.items()]
        parts.append("kept the average" if kept else "kept the best step's")
        return replace(said, text=f"averaged weights of about the last {steps} steps: {'; '.join(parts)}")

    def _some_batches(self) -> Iterator[Batch]:
        """Return training batches; a function of its own so that no data is touched where there is no batch norm."""
        yield from islice(epoch(self._task.train, self._seed, 0), self._batches)

    def _forward(self, model: nn.Module, batch: Batch) -> Any:
        with self._compute.autocast(model):
            return self._task.judged(model, self._compute.moved(batch))
