"""The map of the penalty around a run's weights, from the file that a worker has left in the run's folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, final

import numpy as np

from surefoot.page.contours import Ground, Map

FILE, WEIGHTS = "around.json", "model.safetensors"
"""What the worker leaves, and what it starts from."""

LARGEST = 2_000_000
"""Bytes of a file that is read."""


@final
@dataclass(frozen=True)
class WeightsMap:
    """The penalty around a run's weights, as a page shows it.

    Args:
        drawn: the map as SVG.
        says: what is to be seen.
        caveat: what cannot be.
        told: what was computed from how much, in how long.
    """

    drawn: str
    says: str
    caveat: str
    told: str


def source(meta: Mapping[str, Any], runs: Path) -> str:
    """Return the file that is run to measure around a run's weights, FILE.py:NAME; "" if the record names none.

    A record may have been given by somebody else, so the page names the file before it runs it, and runs none that lies
    among the runs.

    Args:
        meta: what the run's record says.
        runs: the folder of all runs.
    """
    found = meta.get("source")
    if not isinstance(found, str) or not found.isprintable():
        return ""
    path, _, name = found.rpartition(":")
    file = Path(path)
    try:
        known = file.is_absolute() and file.suffix == ".py" and name.isidentifier() and file.is_file()
        return found if known and not file.resolve().is_relative_to(runs.resolve()) else ""
    except OSError:
        return ""


def weights_map(folder: Path) -> WeightsMap | None:
    """Return the map of a run that was found in the list, or None if it has none that can be read."""
    try:
        if (folder / FILE).stat().st_size > LARGEST:
            return None
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        across = np.array(found["across"], dtype=np.float64)
        heights = np.array([[np.nan if v is None else v for v in row] for row in found["penalties"]], dtype=np.float64)
        says, caveat = str(found["says"]), str(found["caveat"])
        of = "validation" if found["validation"] else "training"
        items, seconds = int(found["items"]), float(found["seconds"])
        told = f"{len(across)} by {len(across)} places, {items} items of {of} at each, in {seconds:.0f} s"
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if heights.shape != (len(across), len(across)) or len(across) < 3 or not isfinite(float(across.sum())):
        return None
    ground = Ground(across, across, heights, ("along a random direction, in lengths of the weights", "along another"))
    drawn = Map(ground, "Contours of the penalty around the weights", says, minima=[(0.0, 0.0)]).svg()
    return WeightsMap(drawn, says, caveat, told)
