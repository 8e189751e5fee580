"""The table of what `python -m benchmarks.tuning` has measured: `python -m benchmarks.tuning.report`.

The reference is AdamW's grid: on each workload its setting with the least mean validation penalty over the seeds. A
ratio above 1 is a higher penalty than that. All penalties are above 0, so ratios mean something: counts are judged by
their deviance. A run that diverged counts ten times the penalty of knowing nothing.
"""

import argparse
import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.tuning.markdown import printed
from benchmarks.tuning.ratios import Compared, geometric_mean, intervals, lost, ratio, wins
from benchmarks.tuning.results import Results, Row, read
from benchmarks.tuning.roster import REFERENCE, SWEEPS, UNTUNED

FOLDER = Path(__file__).parent


def summary(results: Results, way: str) -> dict[str, Any]:
    """Return what one way came to against the reference."""
    pairs = results.compared(way, REFERENCE)
    ratios = {name: ratio(pair) for name, pair in pairs.items()}
    if not ratios:
        return {}
    worst = max(ratios, key=lambda name: ratios[name][0])
    roles = {name: results.fact(name, "role") for name in ratios}
    sure = intervals(list(pairs.values()))
    shares = [lost(pair, results.fact(name, "nothing")["validation"]) for name, pair in pairs.items()]
    found: dict[str, Any] = {"workloads": len(ratios), "seeds": _seeds(pairs.values())}
    for place, part in enumerate(("validation", "test")):
        found[part] = {
            role: geometric_mean([both[place] for name, both in ratios.items() if role in (roles[name], "all")])
            for role in ("settle", "report", "all")
        } | {"interval": sure[place], "by_workload": {name: both[place] for name, both in ratios.items()}}
    found |= {"worst": [worst, ratios[worst][0]], "lost": statistics.fmean(shares)}
    found["wins"] = {peer: _won(results, way, peer) for peer in (*UNTUNED, REFERENCE) if peer != way}
    found["regret"] = {sweep: _regret(results, way, sweep) for sweep in SWEEPS if sweep != way}
    found["steps"] = statistics.fmean(row["steps"] / row["budget"] for row in _rows(results, way))
    found["diverged"] = sum(row["ended"] == "diverged" for row in _rows(results, way))
    return found


def _rows(results: Results, way: str) -> list[Row]:
    return [row for (_, own), rows in results.rows.items() if own == way for row in rows.values()]


def _seeds(pairs: Iterable[Compared]) -> list[int]:
    """Return the least and the greatest number of seeds among the workloads."""
    counts = [own.validation.shape[1] for own, _ in pairs]
    return [min(counts), max(counts)]


def _won(results: Results, way: str, peer: str) -> list[int]:
    pairs = list(results.compared(way, peer).values())
    return [wins(pairs), len(pairs)]


def _regret(results: Results, way: str, sweep: str) -> dict[str, float]:
    """Return the geometric mean of the ratios to the best of a sweep, by role."""
    found = {}
    for role in ("settle", "report", None):
        ratios = [ratio(pair)[0] for pair in results.compared(way, sweep, role).values()]
        if ratios:
            found[role or "all"] = geometric_mean(ratios)
    return found


def one_for_all(results: Results, way: str) -> list[dict[str, Any]]:
    """Return each of a way's settings used on every workload alike, with its geometric means against the reference."""
    pairs, found = results.compared(way, REFERENCE), []
    for place, setting in enumerate(results.settings(way)):
        ratios: dict[str, float] = {}
        for name, (own, reference) in pairs.items():
            ratios[name] = float(own.validation[place].mean()) / reference.means()[0]
        by_role = {
            role: geometric_mean([r for name, r in ratios.items() if role in (results.fact(name, "role"), "all")])
            for role in ("settle", "report", "all")
        }
        found.append({"setting": dict(setting), **by_role, "worst": max(ratios.values())})
    return found


def reference_rows(results: Results) -> dict[str, dict[str, Any]]:
    """Return for each workload what the reference reached and with what."""
    found = {}
    for name in results.workloads:
        if not (seeds := results.seeds(name, REFERENCE)):
            continue
        penalties = results.penalties(name, REFERENCE, seeds)
        setting = results.settings(REFERENCE)[penalties.best()]
        rows = [results.rows[name, REFERENCE][setting, seed] for seed in seeds]
        metric = {key: statistics.fmean(row["metric"][key] for row in rows) for key in rows[0]["metric"]}
        validation, test = penalties.means()
        best_step = statistics.fmean(row["best_step"] / row["budget"] for row in rows)
        spread = penalties.validation[penalties.best()].std(ddof=1) / validation if len(seeds) > 1 else None
        seconds = statistics.median(row["seconds"] for row in results.rows[name, REFERENCE].values())
        found[name] = {
            "kind": results.fact(name, "kind"), "role": results.fact(name, "role"),
            "steps": results.fact(name, "budget"), "seconds": seconds, "setting": dict(setting),
            "validation": validation, "test": test, "metric": metric, "best_at": best_step, "spread": spread,
            "nothing": results.fact(name, "nothing"),
        }  # fmt: skip
    return found


def written(results: Results) -> dict[str, Any]:
    """Return the whole report as plain values."""
    ways = {way: found for way in results.ways if (found := summary(results, way))}
    tuned = [way for way in ways if way not in UNTUNED and way in (REFERENCE, *SWEEPS)]
    rows = [row for cells in results.rows.values() for row in cells.values()]
    return {
        "reference": REFERENCE, "runs": len(rows), "seeds": sorted({row["seed"] for row in rows}),
        "versions": {
            name: sorted({row["versions"][name] for row in rows}) for name in (rows[0]["versions"] if rows else ())
        },
        "workloads": reference_rows(results), "ways": ways,
        "one_for_all": {way: one_for_all(results, way) for way in tuned},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=FOLDER / "results.jsonl")
    parser.add_argument("--json", type=Path, default=FOLDER / "results.json", help="where the summary is written")
    options = parser.parse_args()
    report = written(read(options.results))
    plain = json.loads(json.dumps(report), parse_constant=lambda _: None)  # a mean of nothing yet is no number
    options.json.write_text(json.dumps(plain, indent=1) + "\n")
    print(printed(report))


if __name__ == "__main__":
    main()
