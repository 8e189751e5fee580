"""What a results file holds, by workload and way."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tuning.ratios import Compared, Penalties, counted

Row = dict[str, Any]
Setting = tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Results:
    """All rows, by workload and way; of a cell that was run twice the last counts."""

    rows: dict[tuple[str, str], dict[tuple[Setting, int], Row]]

    @property
    def ways(self) -> list[str]:
        """Return the ways in the order of their first results."""
        return list(dict.fromkeys(way for _, way in self.rows))

    @property
    def workloads(self) -> list[str]:
        """Return the workloads, those to settle on first."""
        found = dict.fromkeys(name for name, _ in self.rows)
        return sorted(found, key=lambda name: (self.fact(name, "role") != "settle", list(found).index(name)))

    def fact(self, workload: str, name: str) -> Any:
        """Return what every row of a workload says alike."""
        return next(row[name] for (own, _), rows in self.rows.items() if own == workload for row in rows.values())

    def settings(self, way: str) -> list[Setting]:
        """Return a way's settings on any workload, in the order in which they were run."""
        return list(dict.fromkeys(each for (_, own), rows in self.rows.items() if own == way for each, _ in rows))

    def seeds(self, workload: str, way: str) -> set[int]:
        """Return the seeds for which every setting of a way is there."""
        cells, settings = self.rows.get((workload, way), {}), self.settings(way)
        return {seed for _, seed in cells if all((setting, seed) in cells for setting in settings)}

    def penalties(self, workload: str, way: str, seeds: Iterable[int]) -> Penalties:
        """Return a way's penalties on a workload for these seeds."""
        cells, order = self.rows[workload, way], sorted(seeds)
        table = [[_both(cells[setting, seed]) for seed in order] for setting in self.settings(way)]
        validation, test = np.array(table).transpose(2, 0, 1)
        return Penalties(validation, test)

    def compared(self, way: str, reference: str, role: str | None = None) -> dict[str, Compared]:
        """Return both ways' penalties on each workload that has both, for the seeds that both have."""
        found = {}
        for name in self.workloads:
            seeds = self.seeds(name, way) & self.seeds(name, reference)
            if seeds and role in (None, self.fact(name, "role")):
                found[name] = self.penalties(name, way, seeds), self.penalties(name, reference, seeds)
        return found


def _both(row: Row) -> tuple[float, float]:
    diverged = row["ended"] == "diverged"
    parts = ("validation", "test")
    validation, test = (counted(row[part], row["nothing"][part], diverged=diverged) for part in parts)
    return validation, test


def read(file: Path) -> Results:
    """Return what a results file holds; a line that was cut off is left out."""
    rows: dict[tuple[str, str], dict[tuple[Setting, int], Row]] = defaultdict(dict)
    for line in file.read_text().splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        rows[row["workload"], row["way"]][tuple(sorted(row["settings"].items())), row["seed"]] = row
    return Results(dict(rows))
