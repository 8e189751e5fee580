"""The report as markdown."""

from typing import Any

from benchmarks.tuning.markdown import table


def percent(part: dict[str, Any]) -> str:
    """Return a share with its interval.

    >>> percent({"found": 3, "of": 4, "interval": [0.3, 0.95]})
    '3/4, 75 % (30 to 95)'
    """
    if not part["of"]:
        return ""
    low, high = (100 * end for end in part["interval"])
    return f"{part['found']}/{part['of']}, {100 * part['found'] / part['of']:.3g} % ({low:.3g} to {high:.3g})"


def printed(report: dict[str, Any]) -> str:
    """Return the report as markdown."""
    autopsy = report["autopsy"]
    parts = [
        f"{report['runs']} watched runs, seeds {report['seeds']}, {report['versions']}",
        "## Standing of the runs\n\n" + _standing(report),
        "## Who finds what\n\n" + _watchers(report),
        "## Codes\n\n" + _faults(report["codes"], "code"),
        "## Tasks\n\n" + _tasks(report),
        f"## Autopsy\n\nplace: {percent(autopsy['place'])}; rows: {percent(autopsy['rows'])}",
        "## Faults by strength\n\n" + _faults(report["faults"], "fault"),
        "## Missed\n\n" + _listed(report["misses"], lambda row: f"cost {row['cost']}, said {row['said']}"),
        "## False alarms\n\n" + _listed(report["false_alarms"], lambda row: str(row["said"])),
        "## Autopsies that were wrong\n\n" + _listed(autopsy["wrong"], lambda row: f"{row['planted']}: {row['said']}"),
        f"## Runs that the doctor changed\n\n{report['changed'] or 'none'}",
        f"## Notes on healthy runs\n\n{report['notes']}",
    ]
    return "\n\n".join(parts)


def _standing(report: dict[str, Any]) -> str:
    kinds = ["costs", "memory", "harmless", "refused", "healthy", "unhealthy"]
    rows = [[role, *(str(found.get(kind, 0)) for kind in kinds)] for role, found in report["standing"].items()]
    return table(["tasks", *kinds], rows)


def _watchers(report: dict[str, Any]) -> str:
    rows = []
    for name, found in report["watchers"].items():
        for role in ("all", "tuned", "report"):
            part = found[role]
            columns = ("recall", "any_alarm", "precision", "healthy_alarmed", "memory", "harmless")
            rows.append([name if role == "all" else "", role, *(percent(part[each]) for each in columns)])
    head = [
        "watcher", "tasks", "right cause named", "any alarm", "precision of alarms", "healthy runs alarmed",
        "costs memory alone: named", "harmless: named",
    ]  # fmt: skip
    return table(head, rows)


def _faults(found: dict[str, Any], title: str) -> str:
    rows = []
    for name, part in found.items():
        until = "" if part["until"] is None else "{:g}, {:g}".format(*part["until"])
        standing = ", ".join(f"{count} {kind}" for kind, count in part["standing"].items())
        rows.append([name, percent(part["tuned"]), percent(part["report"]), until, standing])
    return table([title, "recall, tuned", "recall, report", "opportunities until named, median and most", "runs"], rows)


def _tasks(report: dict[str, Any]) -> str:
    rows = [
        [name, report["tasks"][name]["role"], percent(part["recall"]), percent(part["alarmed"])]
        for name, part in report["by_task"].items()
    ]
    return table(["task", "role", "recall", "healthy runs alarmed"], rows)


def _listed(rows: list[dict[str, Any]], told: Any) -> str:
    """Return runs that are alike but for task and seed as one line."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        task, _, name, strength, seed = row["run"]
        alike.setdefault((name, strength or row.get("watcher", "")), []).append(f"{task} {seed}: {told(row)}")
    return "\n".join(f"- {name} ({strength}), {len(of)}: {of[0]}" for (name, strength), of in alike.items()) or "none"
