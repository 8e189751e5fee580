"""Run what is not in the results yet: `python -m benchmarks.tuning --workers 2`.

A cell is a workload, a seed, a way and its settings; each result is a line of the results file as soon as it is there,
so that a run may be ended and taken up again at any time. Seed 0 of everything comes first.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.tuning.cells import Cell, cells, done, worked
from benchmarks.tuning.ways import WAYS
from benchmarks.tuning.workloads import WORKLOADS
from surefoot import __version__

RESULTS = Path(__file__).parent / "results.jsonl"


def facts() -> dict[str, str]:
    """Return what the results rest on."""
    head = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "surefoot": __version__, "commit": head.stdout.strip(), "torch": str(torch.__version__),
        "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip


def carried_out(todo: Sequence[Cell], workers: int, results: Path) -> int:
    """Append the results to the file; return how many cells failed."""
    known, failed = facts(), 0
    for number, (cell, row) in enumerate(worked(todo, workers), 1):
        if isinstance(row, Exception):
            failed += 1
            print(f"{cell} failed:", *traceback.format_exception(row), file=sys.stderr, flush=True)
            continue
        row |= {"versions": known, "load": round(os.getloadavg()[0], 2), "when": _now()}
        with results.open("a") as file:
            file.write(json.dumps(row) + "\n")
        penalty = "none" if row["validation"] is None else f"{row['validation']:.5g}"
        print(f"{number}/{len(todo)} {cell}: {penalty} in {row['seconds']:.1f} s, {row['ended']}", flush=True)
    return failed


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def listed(whole: Sequence[Cell], there: set[Cell]) -> None:
    """Print how much of each way and workload is there."""
    print(f"{'':20}", *(f"{way:>15}" for way in WAYS))
    for name in WORKLOADS:
        counts = []
        for way in WAYS:
            own = [cell for cell in whole if (cell.workload, cell.way) == (name, way)]
            counts.append(f"{sum(cell in there for cell in own)}/{len(own)}")
        print(f"{name:20}", *(f"{count:>15}" for count in counts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=WAYS, metavar="WAY", help="this way; may be repeated")
    parser.add_argument("--workload", action="append", choices=WORKLOADS, metavar="NAME", help="may be repeated")
    parser.add_argument("--seeds", default="0,1,2", help="as in 0,1,2")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--list", action="store_true", help="say what is there and end")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    whole = list(cells(options.workload or list(WORKLOADS), options.only or list(WAYS), seeds))
    there = done(options.results)
    if options.list:
        listed(whole, there)
        return 0
    return 1 if carried_out([cell for cell in whole if cell not in there], options.workers, options.results) else 0


if __name__ == "__main__":
    sys.exit(main())
