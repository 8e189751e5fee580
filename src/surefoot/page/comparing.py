"""Runs side by side: the settings in which they differ, and what came of each."""

from collections.abc import Sequence

from surefoot.page.library import Known
from surefoot.page.words import duration, number, plain
from surefoot.records.differences import differences

MOST = 10
"""Runs that can be compared: more cannot be told apart."""


def settings(runs: Sequence[Known]) -> dict[str, list[str]]:
    """Return the settings and versions in which runs differ, with each run's value as a page shows it."""
    return {name: list(map(plain, values)) for name, values in differences([each.meta for each in runs]).items()}


def outcomes(runs: Sequence[Known]) -> dict[str, list[str]]:
    """Return what came of runs, with each run's value."""
    ends = [each.meta.get("ended") or {} for each in runs]
    best = dict.fromkeys(name for ended in ends for name in (ended.get("best") or {}) if name != "validation_penalty")
    return {
        "state": [str(each.facts.state) for each in runs],
        "steps": [str(each.facts.steps) for each in runs],
        "best validation penalty": [number(each.facts.best) for each in runs],
        **{
            f"best {name.replace('_', ' ')}": [number((end.get("best") or {}).get(name)) for end in ends]
            for name in best
        },
        "best step": [plain(end.get("best_step")) for end in ends],
        "time": [duration(each.seconds) for each in runs],
        "findings": [str(len(end.get("findings") or [])) for end in ends],
        "why it ended": [each.reason or "–" for each in runs],
    }
