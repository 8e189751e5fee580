"""Run what is not in the results yet, and report: `python -m benchmarks.stumble`.

A cell is a run with a watcher; each result is a line of the results file as soon as it is there, so that a benchmark
may be ended and taken up again at any time. `--report` only reads; `--watchers all` adds the rivals.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import numpy
import sklearn
import torch

from benchmarks.stumble.cells import Cell, cells, done, ran
from benchmarks.stumble.markdown import printed
from benchmarks.stumble.report import report
from benchmarks.stumble.rivals import RIVALS, missing
from benchmarks.stumble.tasks import TASKS
from benchmarks.stumble.watchers import WATCHERS
from surefoot import __version__

HERE = Path(__file__).parent


def versions() -> dict[str, str]:
    """Return what the results rest on."""
    return {
        "surefoot": __version__, "torch": str(torch.__version__), "python": platform.python_version(),
        "numpy": numpy.__version__, "scikit-learn": sklearn.__version__, "machine": platform.machine(),
    }  # fmt: skip


def carried_out(todo: list[Cell], results: Path) -> None:
    """Append the results to the file."""
    begun = time.perf_counter()
    for number, cell in enumerate(todo, 1):
        row = ran(cell, {**WATCHERS, **RIVALS}[cell.watcher]())
        with results.open("a") as file:
            file.write(json.dumps(row) + "\n")
        said = ", ".join(each["code"] for each in row["said"] if each["fault"]) or "-"
        left = (time.perf_counter() - begun) / number * (len(todo) - number)
        print(
            f"{number}/{len(todo)} {cell}: {row['score']} | {said} | {row['failure']} ({left:.0f} s left)", flush=True
        )


def main() -> None:
    """Read the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--watchers", default="nobody,surefoot", help="all, or some of nobody, surefoot, and rivals")
    parser.add_argument("--names", default="", help="only faults and variations whose name contains this")
    parser.add_argument("--results", type=Path, default=HERE / "results.jsonl")
    parser.add_argument("--report", action="store_true", help="run nothing")
    given = parser.parse_args()
    torch.set_num_threads(1)
    every = [*WATCHERS, *RIVALS]
    watchers = every if given.watchers == "all" else given.watchers.split(",")
    for name in [each for each in watchers if each in RIVALS and missing(each)]:
        print(f"{name} left out: {missing(name)}", file=sys.stderr)
        watchers = [each for each in watchers if each != name]
    if not given.report:
        seeds = [int(each) for each in given.seeds.split(",")]
        before = done(given.results)
        wanted = cells(given.tasks.split(","), seeds, watchers)
        carried_out([each for each in wanted if each not in before and given.names in each.name], given.results)
    found = report(given.results, versions())
    given.results.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    print(printed(found))


if __name__ == "__main__":
    main()
