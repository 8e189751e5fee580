"""What a search found: the step size, what was tried for it, and what it cost."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from surefoot.race import Race, Verdict
from surefoot.search.ranging import Range

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@final
@dataclass(frozen=True)
class Found:
    """What a race found for a run.

    Args:
        task: the task's name.
        race: who ran, and what became of each.
        verdict: who has won.
        ranges: the range tests that placed the grids; none where the run is too short for one.
        cost: steps that all of it took.
    """

    task: str
    race: Race
    verdict: Verdict
    ranges: tuple[Range, ...]
    cost: int

    @property
    def rule(self) -> str:
        """The rule that won."""
        return self.verdict.rule

    @property
    def step_size(self) -> float:
        """The step size for the run."""
        return self.verdict.step_size

    @property
    def decay(self) -> float:
        """The decay that won."""
        return self.verdict.decay

    @property
    def steps(self) -> int:
        """Length of the run it is for."""
        return self.race.steps

    @property
    def share(self) -> float:
        """The cost as a part of the run's steps."""
        return self.cost / self.steps

    def table(self) -> str:
        """Return what was tried, a row for each rule, decay and step size, and the penalties by length.

        A star marks what won.
        """
        lengths = sorted({result.candidate.length for result in self.race.results})
        head = ["rule", "decay", "step size", *(f"{length} steps" for length in lengths)]
        told = {
            (each.line, each.notch, each.length): result.penalty
            for result in self.race.results
            if (each := result.candidate)
        }
        rows = [head]
        for number, notch in sorted({key[:2] for key in told}):
            line = self.race.lines[number]
            cells = [_cell(told.get((number, notch, length))) for length in lengths]
            size = line.step_size(notch)
            won = (line.rule, line.decay, size) == (self.rule, self.decay, self.verdict.raced)
            rows.append([line.rule, f"{line.decay:g}", f"{size:g}{' *' if won else '  '}", *cells])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)

    @property
    def brief(self) -> str:
        """The suggestion and its cost, in one line."""
        cost = f"cost {self.cost} steps, {100 * self.share:.3g} % of the run's {self.steps}"
        return f"{self.rule} at step size {self.step_size:g}, decay {self.decay:g} ({cost})"

    def summary(self) -> str:
        """Return the suggestion, its cost and why, in two lines."""
        return f"{self.task}: {self.brief}\n{self.verdict.reason}"

    def figure(self) -> "Figure":
        """Return a matplotlib figure: the race's penalties over the step size, at both lengths.

        Errors: MissingPackage if matplotlib is not installed.
        """
        from surefoot.search.figures import race_figure

        return race_figure(f"{self.task}: race for a run of {self.steps} steps", self.race, self.step_size)

    def to_json(self) -> dict[str, Any]:
        """Return what was found as plain values that JSON holds; a penalty that was not finite becomes None."""
        tried = [
            {"rule": each.rule, "decay": each.decay, "step_size": each.step_size, "steps": each.length,
             "penalty": result.penalty if math.isfinite(result.penalty) else None}
            for result in self.race.results if (each := result.candidate)
        ]  # fmt: skip
        return {
            "task": self.task, "rule": self.rule, "step_size": self.step_size, "decay": self.decay, "steps": self.steps,
            "cost": self.cost, "raced": self.verdict.raced, "drift": self.verdict.drift, "reason": self.verdict.reason,
            "tried": tried, "ranges": [found.to_json() for found in self.ranges],
        }  # fmt: skip


def _cell(penalty: float | None) -> str:
    return "" if penalty is None else "diverged" if math.isinf(penalty) else f"{penalty:.4g}"
