"""Cells: a workload, a seed, a way and its settings each; which there are, which are done, and their running.

Not in `__main__`: a process that is started anew does not find what is defined there in a package.
"""

import json
import math
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.tuning.nothing import nothing
from benchmarks.tuning.ways import WAYS
from benchmarks.tuning.workloads import workload


@dataclass(frozen=True)
class Cell:
    """One run: a workload, a seed, a way and its settings as sorted pairs."""

    workload: str
    seed: int
    way: str
    settings: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        settings = " ".join(f"{name} {value:g}" for name, value in self.settings)
        return f"{self.workload} seed {self.seed} {self.way} {settings}".rstrip()


def cells(workloads: Sequence[str], ways: Sequence[str], seeds: Sequence[int]) -> Iterator[Cell]:
    """Return the cells in the order in which they are to be run."""
    for seed in seeds:
        for way in ways:
            for name in workloads:
                for settings in WAYS[way].settings:
                    yield Cell(name, seed, way, tuple(sorted(settings.items())))


def done(results: Path) -> set[Cell]:
    """Return the cells that a file has; a last line that was cut off counts as none."""
    found = set()
    for line in results.read_text().splitlines() if results.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        found.add(Cell(row["workload"], row["seed"], row["way"], tuple(sorted(row["settings"].items()))))
    return found


def prepared() -> None:
    """Let a worker use one thread, as nets this small are not quicker with more."""
    torch.set_num_threads(1)


def ran(cell: Cell) -> dict[str, Any]:
    """Return a cell's result as plain values."""
    found = workload(cell.workload)
    reached = WAYS[cell.way].run(found, cell.seed, **dict(cell.settings))
    plain = {name: _plain(value) for name, value in asdict(reached).items()}
    facts = {"kind": found.kind, "role": found.role, "budget": found.steps, "nothing": nothing(cell.workload)}
    return {**asdict(cell), "settings": dict(cell.settings), **plain, **facts}


def _plain(value: Any) -> Any:
    """Return a number without the digits that mean nothing, or None if it is not finite."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if not isinstance(value, float):
        return value
    return float(f"{value:.7g}") if math.isfinite(value) else None


def worked(todo: Sequence[Cell], workers: int) -> Iterator[tuple[Cell, dict[str, Any] | Exception]]:
    """Return cells and their results, or what they raised, as they come."""
    if workers <= 1:
        prepared()
        for cell in todo:
            try:
                yield cell, ran(cell)
            except Exception as error:  # one cell must not cost the night
                yield cell, error
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepared) as pool:
        futures = {pool.submit(ran, cell): cell for cell in todo}
        for future in as_completed(futures):
            yield futures[future], future.exception() or future.result()
