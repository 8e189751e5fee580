"""What a run counts as: a fault that cost something, a healthy run that reached its score, or neither."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from benchmarks.stumble import faults, sound
from benchmarks.stumble.catalogue import FAULTS, SOUND, Fault
from benchmarks.stumble.tasks import TASKS

FILLED = faults, sound
"""Importing them fills the catalogue."""

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str, str, int]
Standing: TypeAlias = Literal["costs", "memory", "harmless", "refused", "healthy", "unhealthy"]
"""What became of a run without a watcher.

A fault costs something; or memory alone; or is harmless here; or torch itself refuses it before three updates, so that
nobody has anything to find. A healthy run reaches its stated score or does not.
"""

REFUSED = 3
"""Updates before which an error of torch's own says it all."""


def key(row: Row) -> Key:
    """Return what a run is, whoever watches."""
    return row["task"], row["side"], row["name"], row["strength"], row["seed"]


def read(file: Path) -> list[Row]:
    """Return the rows of a results file; a line that was cut off is left out."""
    found = []
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [row for row in found if _current(row)]


def _current(row: Row) -> bool:
    """Return whether the catalogue still has a row's variation."""
    if row["side"] == "fault":
        return row["name"] in FAULTS and row["strength"] in FAULTS[row["name"]].strengths
    return row["name"] in SOUND


@dataclass
class Runs:
    """All runs: as they are without a watcher, and what each watcher said.

    Args:
        bare: by key.
        watched: by watcher, then by key.
    """

    bare: dict[Key, Row] = field(default_factory=dict)
    watched: dict[str, dict[Key, Row]] = field(default_factory=lambda: defaultdict(dict))

    def standing(self, at: Key) -> Standing:
        """Return what a run counts as."""
        return _of_fault(self.bare[at], self.twin(at)) if at[1] == "fault" else _of_healthy(self.bare[at])

    def cost(self, at: Key) -> float | None:
        """Return what a fault took from the score; None if nothing was left to measure."""
        twin, score = self.twin(at)["score"], self.bare[at]["score"]
        return None if score is None else round(twin - score, 4)

    def twin(self, at: Key) -> Row:
        """Return the sound run of the same task and seed."""
        return self.bare[at[0], "sound", "as it is", "", at[4]]


def gathered(rows: Iterable[Row]) -> Runs:
    """Return rows by who watched."""
    found = Runs()
    for row in rows:
        if row["watcher"] == "nobody":
            found.bare[key(row)] = row
        else:
            found.watched[row["watcher"]][key(row)] = row
    return found


def _of_healthy(row: Row) -> Standing:
    reached = TASKS[row["task"]].enough * SOUND[row["name"]].enough
    return "healthy" if not row["raised"] and row["score"] is not None and row["score"] >= reached else "unhealthy"


def _of_fault(row: Row, twin: Row) -> Standing:
    fault, task = FAULTS[row["name"]], TASKS[row["task"]]
    if row["raised"]:
        return "refused" if row["taken"] < REFUSED else "costs"
    if row["score"] is None or not row["finite"]:
        return "costs"
    if fault.costs == "finite":
        return "harmless"
    if row["score"] <= twin["score"] - task.margin or _knows_less(row, twin):
        return "costs"
    if fault.costs == "report" and abs(row["reported"] - row["score"]) >= task.margin:
        return "costs"
    return "memory" if fault.costs == "memory" and row["kept"] else "harmless"


KNOWLEDGE = 0.1
"""Share of what there is to know that a fault must cost, where it leaves the score as it is."""


def _knows_less(row: Row, twin: Row) -> bool:
    if twin["known"] is None:
        return False
    return row["known"] is None or row["known"] <= twin["known"] - KNOWLEDGE


def codes(fault: Fault) -> set[str]:
    """Return the codes that name a fault."""
    return {fault.code, *fault.also}
