"""The report as markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.tuning.roster import REFERENCE, SWEEPS, UNTUNED


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in markdown.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell != "---" else cell for cell in line) + "|" for line in lines)


def printed(report: dict[str, Any]) -> str:
    """Return the report as markdown."""
    sections: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("Ratios to the best of AdamW's grid, geometric means", _ways),
        ("By workload, validation", lambda r: _by_workload(r, "validation")),
        ("By workload, test", lambda r: _by_workload(r, "test")),
        ("Workloads won, by validation", _wins), ("Ratios to the best of each sweep, validation", _regrets),
        ("One setting for all workloads, the three best of each, validation", _one_for_all),
        ("What the reference reached", _workloads),
    ]  # fmt: skip
    head = f"{report['runs']} runs, seeds {report['seeds']}, {report['versions']}"
    return "\n\n".join([head, *(f"## {title}\n\n{make(report)}" for title, make in sections)])


def _ways(report: dict[str, Any]) -> str:
    rows = []
    for way, found in report["ways"].items():
        validation, test = found["validation"], found["test"]
        low, high = found["seeds"]
        rows.append([
            way, str(found["workloads"]), str(low) if low == high else f"{low}-{high}",
            *(f"{validation[role]:.3f}" for role in ("settle", "report", "all")), _interval(validation),
            f"{found['worst'][1]:.2f} {found['worst'][0]}", f"{test['report']:.3f}", f"{test['all']:.3f}", _interval(test),
            f"{found['lost']:.3f}", f"{found['steps']:.2f}", str(found["diverged"]),
        ])  # fmt: skip
    head = [
        "way", "workloads", "seeds", "settle", "report", "all", "95 %", "worst", "report, test", "all, test",
        "95 %, test", "share of gain lost", "steps", "diverged",
    ]  # fmt: skip
    return table(head, rows)


def _interval(part: dict[str, Any]) -> str:
    return "{:.3f} to {:.3f}".format(*part["interval"])


def _by_workload(report: dict[str, Any], part: str) -> str:
    ways = report["ways"]
    found = {way: ways[way][part]["by_workload"] for way in ways}
    rows = [[name, *(_number(found[way].get(name)) for way in ways)] for name in report["workloads"]]
    return table(["workload", *ways], rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _wins(report: dict[str, Any]) -> str:
    peers = [*UNTUNED, REFERENCE]
    rows = [
        [way, *("{} of {}".format(*f["wins"][p]) if p in f["wins"] else "" for p in peers)]
        for way, f in report["ways"].items()
    ]
    return table(["way", *peers], rows)


def _regrets(report: dict[str, Any]) -> str:
    heads = [f"{sweep}, {role}" for sweep in SWEEPS for role in ("settle", "report", "all")]
    rows = [
        [
            way,
            *(
                _number(f["regret"].get(sweep, {}).get(role))
                for sweep in SWEEPS
                for role in ("settle", "report", "all")
            ),
        ]
        for way, f in report["ways"].items()
    ]
    return table(["way", *heads], rows)


def _one_for_all(report: dict[str, Any]) -> str:
    rows = []
    for way, settings in report["one_for_all"].items():
        for found in sorted(settings, key=lambda each: each["all"])[:3]:
            setting = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in found["setting"].items())
            rows.append([way, setting, *(f"{found[key]:.3f}" for key in ("settle", "report", "all", "worst"))])
    return table(["way", "setting", "settle", "report", "all", "worst"], rows)


def _workloads(report: dict[str, Any]) -> str:
    rows = []
    for name, found in report["workloads"].items():
        setting = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in found["setting"].items())
        metric = ", ".join(f"{key} {value:.4g}" for key, value in found["metric"].items())
        spread = "" if found["spread"] is None else f"{found['spread']:.1%}"
        rows.append([
            name, found["kind"], found["role"], str(found["steps"]), f"{found['seconds']:.1f} s", setting,
            f"{found['validation']:.4g}", spread, f"{found['best_at']:.2f}", f"{found['test']:.4g}", metric,
            f"{found['nothing']['validation']:.4g}",
        ])  # fmt: skip
    head = [
        "workload", "kind", "role", "steps", "time", "setting", "validation", "between seeds", "best check at", "test",
        "test metric", "knowing nothing",
    ]  # fmt: skip
    return table(head, rows)
