"""The report: recall, precision and alarms with intervals, by watcher, task and fault; where the autopsy was right."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.stumble.catalogue import FAULTS
from benchmarks.stumble.faults.finite import AT
from benchmarks.stumble.rivals import RIVALS, names
from benchmarks.stumble.tasks import TASKS
from benchmarks.stumble.verdicts import KNOWLEDGE, Key, Row, Runs, Standing, codes, gathered, read
from surefoot.diagnose import CHECKS
from surefoot.diagnose.diagnosis import reach

OURS = ("surefoot", "examine")
"""The doctor in the run, and the examination before it."""

ROLES = ("tuned", "report")
IN_VALIDATION = ("validating-in-training-mode", "graph-kept-in-validation")
"""Codes whose opportunities are validation passes."""


def wilson(found: int, of: int) -> tuple[float, float]:
    """Return the interval of 95 % of a share.

    >>> [round(end, 3) for end in wilson(0, 100)]
    [0.0, 0.037]
    """
    if not of:
        return 0.0, 1.0
    z, p = 1.959964, found / of
    middle, half = p + z * z / (2 * of), z * ((p * (1 - p) + z * z / (4 * of)) / of) ** 0.5
    return max(0.0, (middle - half) / (1 + z * z / of)), min(1.0, (middle + half) / (1 + z * z / of))


def share(found: int, of: int) -> dict[str, Any]:
    """Return a share with its interval as plain values."""
    return {"found": found, "of": of, "interval": [round(end, 4) for end in wilson(found, of)]}


def alarms(row: Row) -> list[Row]:
    """Return the findings of severity fault, or what a rival says above information."""
    return [each for each in row["said"] if each["fault"]]


def right(watcher: str, row: Row, said: Row) -> bool:
    """Return whether what was said names the planted fault, by its code or, of a rival, by its words."""
    if row["side"] != "fault":
        return False
    fault = FAULTS[row["name"]]
    if watcher in RIVALS:
        return names(fault.code, said["text"])
    return said["code"] in codes(fault)


def true(watcher: str, row: Row, said: Row) -> bool:
    """Return whether what was said is right, follows from the fault, or is a plain fact of a run that is not finite."""
    if right(watcher, row, said):
        return True
    gone = not row["finite"] or row["score"] is None
    if watcher in RIVALS:
        return gone and names("not-finite", said["text"])
    follows = row["side"] == "fault" and any(said["code"] in reach(code, CHECKS) for code in codes(FAULTS[row["name"]]))
    return follows or (said["code"] == "not-finite" and gone)


def _at(runs: Runs, watcher: str, wanted: Iterable[Standing], role: str = "") -> list[tuple[Key, Row]]:
    kept = set(wanted)
    return [
        (at, row)
        for at, row in runs.watched[watcher].items()
        if at in runs.bare and runs.standing(at) in kept and role in ("", TASKS[at[0]].role)
    ]


def scores(runs: Runs, watcher: str, role: str = "") -> dict[str, Any]:
    """Return recall, precision and alarms of a watcher on tasks of a role, or on all."""
    planted, healthy = _at(runs, watcher, ("costs",), role), _at(runs, watcher, ("healthy",), role)
    memory, harmless = _at(runs, watcher, ("memory",), role), _at(runs, watcher, ("harmless",), role)
    said = [(row, each) for _, row in [*planted, *memory, *harmless, *healthy] for each in alarms(row)]
    named = [any(right(watcher, row, each) for each in alarms(row)) for _, row in planted]
    return {
        "recall": share(sum(named), len(planted)),
        "any_alarm": share(sum(bool(alarms(row)) for _, row in planted), len(planted)),
        "precision": share(sum(true(watcher, *pair) for pair in said), len(said)),
        "healthy_alarmed": share(sum(bool(alarms(row)) for _, row in healthy), len(healthy)),
        "memory": share(_named(watcher, memory), len(memory)),
        "harmless": share(_named(watcher, harmless), len(harmless)),
        "failures": sum(bool(row["failure"]) for _, row in [*planted, *healthy]),
    }


def _named(watcher: str, pairs: Sequence[tuple[Key, Row]]) -> int:
    return sum(any(right(watcher, row, each) for each in alarms(row)) for _, row in pairs)


FALLEN = {"gamma 0.9": 66, "gamma 0.5": 10, "gamma 0.1": 3, "4 epochs": 12, "2 epochs": 6}
"""Steps after which schedules that were stepped too often are below a thousandth of their peak, by strength."""


def onset(row: Row) -> int:
    """Return how many updates were sound before a fault set in."""
    if FAULTS[row["name"]].code == "scheduler-per-batch":
        return FALLEN.get(row["strength"], 0)
    late = row["planted"] is not None and "of the first steps" not in row["name"]
    always = ("logarithm of zero in the penalty", "step size far too high", "float16 overflow in a layer")
    return AT if late and row["name"] not in always else 4 if row["planted"] is not None and not late else 0


def opportunities(row: Row, code: str) -> int | None:
    """Return the updates, or validations, that a fault was there until it was named; None if that is not known."""
    told = [each for each in alarms(row) if each["code"] == code and each["step"] is not None]
    if not told:
        return None
    return int(told[0]["validations"]) + 1 if code in IN_VALIDATION else max(1, told[0]["step"] + 1 - onset(row))


def by_fault(runs: Runs, part: Callable[[Key], str]) -> dict[str, Any]:
    """Return recall and opportunities of the doctor and the examination by a part of what a run is."""
    groups: dict[str, list[tuple[Key, Row]]] = defaultdict(list)
    for watcher in OURS:
        for at, row in _at(runs, watcher, ("costs", "memory", "harmless", "refused")):
            groups[part(at)].append((at, row))
    found = {}
    for name, pairs in sorted(groups.items()):
        standing = Counter(runs.standing(at) for at, _ in pairs)
        counted = [(at, row) for at, row in pairs if runs.standing(at) in ("costs", "memory")]
        until = [
            u for _, row in counted for c in codes(FAULTS[row["name"]]) if (u := opportunities(row, c)) is not None
        ]
        found[name] = {
            **{role: share(_named("surefoot", of := _of(counted, role)), len(of)) for role in ROLES},
            "until": [statistics.median(until), max(until)] if until else None,
            "standing": dict(standing), "harmless_found": _named("surefoot", [p for p in pairs if p not in counted]),
        }  # fmt: skip
    return found


def _of(pairs: Sequence[tuple[Key, Row]], role: str) -> list[tuple[Key, Row]]:
    return [(at, row) for at, row in pairs if TASKS[at[0]].role == role]


def autopsies(runs: Runs) -> dict[str, Any]:
    """Return in how many planted cases that are not finite the autopsy named the place and the rows, and the rest."""
    places, rows, wrong = [], [], []
    for at, row in _at(runs, "surefoot", ("costs", "harmless")):
        told = [each for each in alarms(row) if each["code"] == "not-finite"]
        if row["planted"] is None or row["planted"]["layer"] is None or (not told and runs.standing(at) == "harmless"):
            continue
        place = bool(told) and _same_place(row["planted"]["layer"], told[0]["layer"])
        places.append(place)
        known = row["planted"]["rows"] is not None and (row["name"] != "nan in the target" or at[4] % 2 == 1)
        same = not known or (bool(told) and _same_rows(row["planted"]["rows"], told[0]["rows"]))
        rows += [same] if known else []
        if not (place and same):
            wrong.append({"run": list(at), "planted": row["planted"], "said": told[0]["text"] if told else "nothing"})
    return {"place": share(sum(places), len(places)), "rows": share(sum(rows), len(rows)), "wrong": wrong}


def _same_place(planted: str, told: Sequence[str]) -> bool:
    return not told if not planted else bool(told) and f"{told[0]}.".startswith(f"{planted}.")


def _same_rows(planted: Sequence[int], told: Sequence[int]) -> bool:
    return sorted(planted) == sorted(told) or (not told and list(planted) == [*range(len(planted))])


def report(file: Path, versions: dict[str, str]) -> dict[str, Any]:
    """Return all that is to be said of a results file."""
    runs = gathered(read(file))
    ours, watchers = runs.watched["surefoot"], [each for each in (*OURS, *RIVALS) if runs.watched[each]]
    healthy = _at(runs, "surefoot", ("healthy",))
    return {
        "versions": versions, "seeds": sorted({at[4] for at in runs.bare}), "runs": sum(map(len, runs.watched.values())),
        "knowledge": KNOWLEDGE,
        "tasks": {each.name: {"role": each.role, "enough": each.enough, "margin": each.margin} for each in TASKS.values()},
        "standing": {
            role: dict(Counter(runs.standing(at) for at in runs.bare if role == TASKS[at[0]].role)) for role in ROLES
        },
        "watchers": {
            each: {role or "all": scores(runs, each, role) for role in ("", *ROLES)} | {"seeds": _seeds(runs, each)}
            for each in watchers
        },
        "codes": by_fault(runs, lambda at: FAULTS[at[2]].code),
        "faults": by_fault(runs, lambda at: f"{FAULTS[at[2]].code}: {at[2]}, {at[3]}"),
        "by_task": {
            name: {"recall": share(_named("surefoot", planted), len(planted)),
                   "alarmed": share(sum(bool(alarms(row)) for _, row in sane), len(sane))}
            for name in TASKS
            for planted in [[p for p in _at(runs, "surefoot", ("costs",)) if p[0][0] == name]]
            for sane in [[p for p in healthy if p[0][0] == name]]
        },
        "autopsy": autopsies(runs),
        "notes": dict(Counter(s["code"] for _, row in healthy for s in row["said"] if not s["fault"])),
        "changed": [list(at) for at, row in ours.items() if at in runs.bare and row["digest"] != runs.bare[at]["digest"]],
        "false_alarms": [
            {"watcher": watcher, "run": list(at), "said": [[s["code"], s["text"]] for s in wrong]}
            for watcher in OURS
            for at, row in _at(runs, watcher, ("healthy", "unhealthy", "costs", "memory", "harmless"))
            if (wrong := [s for s in alarms(row) if not true(watcher, row, s)])
        ],
        "misses": [
            {"watcher": watcher, "run": list(at), "cost": runs.cost(at), "said": [s["code"] for s in alarms(row)]}
            for watcher in OURS
            for at, row in _at(runs, watcher, ("costs", "memory"))
            if not any(right(watcher, row, s) for s in alarms(row))
        ],
        "unhealthy": [list(at) for at in runs.bare if runs.standing(at) == "unhealthy"],
    }  # fmt: skip


def _seeds(runs: Runs, watcher: str) -> list[int]:
    return sorted({at[4] for at in runs.watched[watcher]})
