"""Cells: a task, a fault with its strength or a healthy variation, a seed and a watcher; and their running."""

import hashlib
import json
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from benchmarks.stumble import faults, sound
from benchmarks.stumble.catalogue import FAULTS, SOUND, Planted
from benchmarks.stumble.parts import Parts, trained
from benchmarks.stumble.rivals import RIVALS
from benchmarks.stumble.tasks import LIBRARIES, TASKS, known
from benchmarks.stumble.watchers import Teller

FILLED = faults, sound
"""Importing them fills the catalogue."""


@dataclass(frozen=True)
class Cell:
    """One run."""

    task: str
    side: Literal["fault", "sound"]
    name: str
    strength: str
    seed: int
    watcher: str

    def __str__(self) -> str:
        return f"{self.watcher}: {self.task} seed {self.seed}, {self.name}{f' ({self.strength})' * bool(self.strength)}"


def cells(tasks: Sequence[str], seeds: Sequence[int], watchers: Sequence[str]) -> Iterator[Cell]:
    """Return all cells, in the order in which they are to be run."""
    for watcher in watchers:
        for seed in seeds:
            for task in tasks:
                kind = _kind(task)
                for healthy in SOUND.values():
                    if healthy.suits(task, kind) and (watcher != "examine" or kind != "adversary"):
                        yield Cell(task, "sound", healthy.name, "", seed, watcher)
                for fault in FAULTS.values():
                    if fault.suits(task, kind) and watcher in _WATCHERS[fault.moment]:
                        for strength in fault.strengths:
                            yield Cell(task, "fault", fault.name, strength, seed, watcher)


_WATCHERS = {"run": ("nobody", "surefoot", *RIVALS), "start": ("nobody", "examine")}
"""Who is asked about a fault, by the moment at which it is to be seen."""

_KINDS: dict[str, Any] = {}


def _kind(task: str) -> Any:
    if task not in _KINDS:
        _KINDS[task] = TASKS[task].make(torch.optim).kind
    return _KINDS[task]


def done(results: Path) -> set[Cell]:
    """Return the cells that a file has; a last line that was cut off counts as none."""
    found = set()
    for line in results.read_text().splitlines() if results.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        found.add(Cell(*(row[name] for name in Cell.__dataclass_fields__)))
    return found


def library(task: str, seed: int) -> str:
    """Return whose optimizers a run has: torch's and surefoot's in turn."""
    return [*LIBRARIES][(seed + seed // 2 + [*TASKS].index(task)) % 2]


def made(cell: Cell) -> tuple[Parts, Planted | None]:
    """Return the parts of a cell's run, and where its fault was planted."""
    torch.manual_seed(1000 * cell.seed)
    parts = TASKS[cell.task].make(LIBRARIES[library(cell.task, cell.seed)])
    planted = None
    if cell.side == "fault":
        planted = FAULTS[cell.name].plant(parts, cell.strength)
    else:
        SOUND[cell.name].change(parts)
    parts.asks = cell.seed % 2 == 1
    torch.manual_seed(1000 * cell.seed + 1)
    return parts, planted


def ran(cell: Cell, watcher: Teller) -> dict[str, Any]:
    """Return a cell's result as plain values."""
    raised, begun = "", time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts, planted = made(cell)
        parts.watcher = watcher
        started = time.perf_counter()
        try:
            trained(parts)
        except Exception as error:
            raised = f"{type(error).__name__}: {error}"[:200]
        seconds = time.perf_counter() - started
        try:
            watcher.end()
        except Exception as error:
            watcher.failure = f"{type(error).__name__}: {error}"[:300]
        score, told = _score(parts), _known(parts)
    weights = [p.detach() for p in parts.model.parameters()]
    return {
        **asdict(cell), "role": TASKS[cell.task].role, "library": library(cell.task, cell.seed), "raised": raised,
        "taken": parts.taken, "score": score, "known": told, "reported": _plain(parts.reported[-1]) if parts.reported else None,
        "finite": all(bool(p.isfinite().all()) for p in weights), "kept": sum(parts.kept),
        "digest": _digest(weights), "planted": None if planted is None else asdict(planted),
        "said": [asdict(each) for each in watcher.said], "failure": watcher.failure,
        "seconds": round(seconds, 3), "whole": round(time.perf_counter() - begun, 2),
    }  # fmt: skip


def _score(parts: Parts) -> float | None:
    try:
        return _plain(parts.measured(parts))
    except Exception:  # a model that is broken has none
        return None


def _answers(parts: Parts) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = parts.held_out or parts.valid
    return parts.model(x), y


@torch.no_grad()
def _known(parts: Parts) -> float | None:
    try:
        parts.model.eval()
        found = known(parts.kind, *_answers(parts))
    except Exception:
        return None
    return None if found is None else _plain(found)


def _plain(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None


def _digest(weights: Sequence[torch.Tensor]) -> str:
    """Return a short name of the weights, bit for bit."""
    found = hashlib.blake2b(digest_size=8)
    for each in weights:
        found.update(each.contiguous().numpy().tobytes())
    return found.hexdigest()
