"""A run: one recorded training, with the best weights in its model."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from torch import nn

from surefoot.diagnose import CHECKS, Diagnosis, Finding, card, diagnosis
from surefoot.errors import TaskError
from surefoot.search import Found
from surefoot.trace import Scalar, Trace
from surefoot.training.average import Averaged
from surefoot.training.loop import Ending

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@final
@dataclass(frozen=True, eq=False)
class Run:
    """What came of a training.

    Args:
        task: the task's name.
        model: the model with its best weights in it, in evaluation mode.
        trace: what was recorded.
        ending: how and why it ended.
        steps: steps it was meant to take.
        seconds: time it took.
        settings: what it was run with: seed, rule, step size, schedule, decay, stopping.
        folder: where the record is, or None.
        search: what the search for its step size found, or None if there was none.
        findings: what the doctor found.
    """

    task: str
    model: nn.Module
    trace: Trace
    ending: Ending
    steps: int
    seconds: float
    settings: dict[str, Scalar]
    folder: Path | None = None
    search: Found | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def best_step(self) -> int:
        """The step whose weights are in the model, or were the best but for the averaged ones."""
        return self.ending.best_step

    @property
    def reason(self) -> str:
        """Why the run ended, in words."""
        return self.ending.reason

    @property
    def average(self) -> Averaged | None:
        """What became of the averaged weights: whether they are kept, and by how much they differ; None if off."""
        return self.ending.average

    @property
    def diagnosis(self) -> Diagnosis:
        """What the findings say together: one headline, what follows from it, and notes."""
        return diagnosis(self.findings, CHECKS)

    @property
    def best(self) -> dict[str, float]:
        """What the weights in the model reached in validation: penalty and metrics; empty without one."""
        if self.average is not None and self.average.kept:
            return dict(self.average.found)
        checked = {name: series for name, series in self.trace.series.items() if name not in ("penalty", "step_size")}
        return {name: series.at(self.best_step) for name, series in checked.items() if self.best_step in series.steps}

    def card(self) -> str:
        """Return the diagnosis as plain text for a terminal."""
        return card(self.diagnosis, f"{self.ending.step} step{'' if self.ending.step == 1 else 's'}")

    def summary(self) -> str:
        """Return a few lines that a person wants to read at the end."""
        found = " and ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in self.best.items())
        averaged = self.average is not None and self.average.kept
        whose = "with the averaged weights, which" if averaged else f"at step {self.best_step}, whose weights"
        lines = [f"{self.task}: {found or 'not validated'} {whose} are kept"]
        lines.append(f"{self.ending.kind} after {self.ending.step} of {self.steps} steps: {self.reason}")
        resumed = self.trace.last("resumed")
        lines += [f"resumed: {resumed.text}"] if resumed else []
        headline = self.diagnosis.headline
        lines += [f"doctor: {headline.code}: {headline.claim} (run.findings has more)"] if headline else []
        lines += [f"search: {self.search.brief}"] if self.search else []
        lines += [f"average: {self.average.text}"] if self.average and self.average.found else []
        lines.append(f"took: {self.seconds:.1f} s")
        lines += [f"record: {self.folder}"] if self.folder else []
        lines += [f"saved: {self.ending.saved}"] if self.ending.saved and self.ending.saved.number else []
        cut_off = self.folder is not None and self.ending.kind in ("interrupted", "failed")
        lines += ["to go on: the same call with resume=True (the command: --resume)"] if cut_off else []
        return "\n".join(lines)

    def figure(self) -> "Figure":
        """Return a matplotlib figure: penalties by step, the step size beneath them, the search before them.

        A band before step 0 is the search: where each of its short runs ended, and with which step size. The averaged
        weights are a line at the penalty that they reached, over the steps whose mean they are.

        Errors: MissingPackage if matplotlib is not installed.
        """
        from surefoot.fitting.run_figure import run_figure

        best_step = self.best_step if self.best else None
        return run_figure(self.trace, self.ending, self.search, title=self.task, best_step=best_step)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain values that JSON holds; a number that is not finite becomes None."""
        return {
            "task": self.task, "ended": self.ending.kind, "reason": self.reason, "step": self.ending.step,
            "steps": self.steps, "best_step": self.best_step, "best": _plain(self.best),
            "findings": [each.to_json() for each in self.findings], "average": _plain_average(self.average),
            "search": None if self.search is None else self.search.to_json(),
            "seconds": round(self.seconds, 3), "settings": self.settings,
            "folder": str(self.folder) if self.folder else None,
        }  # fmt: skip


def _plain(found: dict[str, float]) -> dict[str, float | None]:
    return {name: value if isfinite(value) else None for name, value in found.items()}


def _plain_average(average: Averaged | None) -> dict[str, Any] | None:
    if average is None:
        return None
    facts = {"kept": average.kept, "text": average.text, "steps": average.steps, "found": _plain(average.found)}
    return facts | _plain({"raw": average.raw}) | {"raw_found": _plain(average.raw_found)}


@final
class RunFailed(TaskError):
    """The user's code raised during a run; `run` holds what was reached, with the best weights in its model."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.task}: {run.reason}")
        self.run = run
