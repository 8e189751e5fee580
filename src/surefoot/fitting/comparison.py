"""A comparison of rules as a value: what each reached, which is best, and whether that is more than chance."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev, variance
from typing import TYPE_CHECKING, Any, final

from surefoot.fitting.attempts import Entry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ONE_SEED = "one seed: a difference of a few per cent means nothing"

T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t by degrees of freedom from 1: a mean of chance alone is beyond it, on either side, once in twenty."""


@final
@dataclass(frozen=True, eq=False)
class Comparison:
    """What came of several rules on one task.

    Args:
        task: the task's name.
        steps: length of each run.
        entries: the rules, in the order in which they were named; those without an attempt are left out.
        metrics: names of the task's metrics.
        interrupted: where it was interrupted, in words; None if it was not.
        held_back: whether a part of the training data was held back to judge by.
    """

    task: str
    steps: int
    entries: tuple[Entry, ...]
    metrics: tuple[str, ...] = ()
    interrupted: str | None = None
    held_back: bool = False

    @property
    def ranked(self) -> list[Entry]:
        """The rules that came to an end of their own with a finite penalty, the best first."""
        return sorted(
            (each for each in self.entries if each.whole and each.mean < math.inf), key=lambda each: each.mean
        )

    @property
    def best(self) -> Entry | None:
        """The rule with the lowest mean of best validation penalties; None if there is none."""
        return next(iter(self.ranked), None)

    def table(self) -> str:
        """Return a row for each rule; a star marks the best, and what stands after ± is the seeds' standard deviation.

        Cost is the search's, in steps; seconds are all that a rule took.
        """
        head = ["rule", "step size", "decay", "penalty", *self.metrics, "steps", "search", "seconds"]
        rows = [head, *(self._row(each) for each in self.entries)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)

    def _row(self, entry: Entry) -> list[str]:
        first, taken = entry.attempts[0], sorted({each.steps for each in entry.counted})
        return [
            entry.rule, _number(first.step_size), _number(first.decay),
            _cell(entry.penalties) + (" *" if entry is self.best else "  "),
            *(_cell(entry.values(name)) for name in self.metrics),
            f"{taken[0]} to {taken[-1]}" if len(taken) > 1 else str(taken[0]),
            f"{sum(each.cost for each in entry.attempts)}" if any(each.cost for each in entry.attempts) else "none",
            f"{sum(each.seconds for each in entry.attempts):.1f}",
        ]  # fmt: skip

    @property
    def verdict(self) -> str:
        """Which rule is best, and whether its lead is more than chance between seeds, as sentences."""
        ranked = self.ranked
        if not ranked:
            return "no rule came to its end with a finite validation penalty"
        best, rivals = ranked[0], ranked[1:]
        if not rivals:
            return f"{best.rule} alone came to its end with a finite validation penalty, {best.mean:.4g}"
        if rivals[0].mean == best.mean:
            return f"{best.rule} and {rivals[0].rule} are level: validation penalty {best.mean:.4g}"
        by = f", {100 * (1 - best.mean / rivals[0].mean):.2g} % below {rivals[0].rule}'s" if best.mean > 0 else ""
        single = all(len(each.penalties) < 2 for each in ranked)
        said = ONE_SEED if single else "\n".join(_leads(best, rivals))
        return f"{best.rule} is best: validation penalty {best.mean:.4g}{by}\n{said}"

    def summary(self) -> str:
        """Return the verdict, what ended otherwise than it should, and the cost."""
        attempts = [attempt for entry in self.entries for attempt in entry.attempts]
        lines = [f"{self.task}: {self.verdict}"]
        lines += [
            f"{each.rule}, seed {each.seed}: {each.ended} after {each.steps} of {self.steps} steps: {each.reason}"
            for each in attempts if each.ended not in ("finished", "stopped")
        ]  # fmt: skip
        if self.held_back:
            lines.append("judged by a part of the training data that was held back: the task has no validation batches")
        if attempts and not any(each.cost for each in attempts):
            lines.append(
                "nothing was searched for: each rule had its usual step size, which may suit one and not another"
            )
        searching, taken = sum(each.cost for each in attempts), sum(each.steps for each in attempts)
        cost = (
            f"cost {searching + taken} steps, {searching} of them searching, {sum(a.seconds for a in attempts):.1f} s"
        )
        lines += [cost] + ([f"not complete: {self.interrupted}"] if self.interrupted else [])
        return "\n".join(lines)

    def figure(self) -> "Figure":
        """Return a matplotlib figure: every rule's validation penalty by step.

        Errors: MissingPackage if matplotlib is not installed.
        """
        from surefoot.fitting.comparison_figure import comparison_figure

        seeds = max((len(entry.counted) for entry in self.entries), default=1)
        means = f", means of {seeds} seeds" if seeds > 1 else ""
        return comparison_figure(f"{self.task}: {self.steps} steps{means}", self.steps, self.entries, self.best)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values that JSON holds; a number that is not finite becomes None."""
        return {
            "task": self.task, "steps": self.steps, "best": None if self.best is None else self.best.rule,
            "verdict": self.verdict, "interrupted": self.interrupted, "held_back": self.held_back,
            "rules": [entry.to_json() for entry in self.entries],
        }  # fmt: skip


def least_lead(one: list[float], other: list[float]) -> float:
    """Return how far apart two means must be for more than chance: Welch's t test at one in twenty.

    Source: B. L. Welch 1947, Biometrika 34; between its degrees of freedom the lower are taken.

    Args:
        one: values of one [2 at least].
        other: of the other [2 at least].

    >>> round(least_lead([1.0, 1.2, 1.1], [1.3, 1.5, 1.4]), 3)
    0.227
    """
    parts = [variance(values) / len(values) for values in (one, other)]
    if sum(parts) == 0.0:
        return 0.0
    own = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (one, other), strict=True))
    freedom = max(1, int(sum(parts) ** 2 / own + 1e-9))
    beyond = 1.96 + 2.372 / freedom + 2.82 / freedom**2  # Abramowitz & Stegun 26.7.5
    return (T95[freedom - 1] if freedom <= len(T95) else beyond) * math.sqrt(sum(parts))


def _leads(best: Entry, rivals: list[Entry]) -> list[str]:
    """Return sentences on the best rule's lead over each of the others: first those that are more than chance."""
    many = [each for each in rivals if min(len(best.penalties), len(each.penalties)) > 1]
    clear = [each for each in many if _lead(best, each) > least_lead(best.penalties, each.penalties)]
    said = []
    if clear:
        names = [each.rule for each in clear]
        over = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        said.append(f"its lead over {over} is more than the seeds' spread accounts for")
    said += [
        f"its lead over {each.rule}, {_lead(best, each):.2g}, is within the seeds' spread: with {len(each.penalties)} "
        f"seeds anything below {least_lead(best.penalties, each.penalties):.2g} may be chance"
        for each in many if each not in clear
    ]  # fmt: skip
    return said + [f"over {each.rule}, {ONE_SEED}" for each in rivals if each not in many]


def _lead(best: Entry, rival: Entry) -> float:
    return rival.mean - best.mean


def _cell(values: list[float]) -> str:
    bad = sum(not math.isfinite(value) for value in values)
    if bad or not values:
        return "none" if len(values) < 2 else f"none in {bad} of {len(values)}"
    return f"{fmean(values):.4g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
