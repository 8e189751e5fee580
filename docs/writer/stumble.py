"""What the benchmark of the doctor found: who names planted faults, and who alarms on healthy runs."""

import json
from pathlib import Path
from typing import Any

from writer import parts

RESULTS = Path(__file__).parents[2] / "benchmarks" / "stumble" / "results.json"
TITLES = {
    "surefoot": "the doctor", "examine": "<code>surefoot check</code>", "torchmortem": "torchmortem",
    "torch_audit": "torch-audit", "training_doctor": "training-doctor", "trainpulse": "trainpulse",
}  # fmt: skip
ROLES = {"all": "all", "tuned": "at hand while it was made", "report": "only reported on"}


def share(part: dict[str, Any]) -> str:
    """Return a share as it is read, with Wilson's interval of 95 %.

    >>> share({"found": 3, "of": 4, "interval": [0.301, 0.954]})
    '3 of 4 (30 to 95 %)'
    """
    if not part["of"]:
        return ""
    low, high = (f"{100 * end:.3g}" for end in part["interval"])
    return f"{part['found']} of {part['of']} ({low} to {high} %)"


def measured() -> str:
    """Return the table of the benchmark's results."""
    rows = []
    found = json.loads(RESULTS.read_text())
    for name, by_role in found["watchers"].items():
        for role in ROLES if name == "surefoot" else ("all",):
            part = by_role[role]
            columns = [share(part[each]) for each in ("recall", "precision", "healthy_alarmed")]
            rows.append((TITLES[name] if role == "all" else "", ROLES[role], *columns))
    autopsy = found["autopsy"]
    table = parts.table(("", "tasks", "cause named", "right, of all alarms", "healthy runs alarmed"), rows)
    places = f"place {share(autopsy['place'])}, rows {share(autopsy['rows'])}"
    return f"{table}\n\nWhere numbers are not finite, the autopsy named what was planted: {places}."
