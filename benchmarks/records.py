"""What a record costs: microseconds of a call in the loop, and megabytes of a million steps.

`python benchmarks/records.py --json benchmarks/results_records.json`. The loop tells a penalty and a step size at every
step, in pieces of a hundred as `fit` does, and the figures of each of 62 tensors (a ResNet-18's) at every step.
"""

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns, sleep, time

import numpy as np

from surefoot.records.folder import RunFolder
from surefoot.records.reading import read, read_layers
from surefoot.trace import LAYER_UNITS, Series, Trace

TENSORS = 62
PIECE = 100
"""Steps in a piece, as `fit` reads them."""


def quantiles(nanoseconds: list[int]) -> dict[str, float]:
    """Return the median and the 99th percentile, in microseconds."""
    median, late = np.quantile(nanoseconds, [0.5, 0.99]) / 1e3
    return {"median_us": round(float(median), 2), "p99_us": round(float(late), 2)}


def calls(form: str, pause: float) -> dict[str, dict[str, float]]:
    """Return what each call costs where it is made, in a loop that rests between steps as one that computes would."""
    figures, spent = np.random.default_rng(0).random((TENSORS, len(LAYER_UNITS))), {"tell": [], "layers": []}
    with TemporaryDirectory() as runs, RunFolder.made(runs, "calls", {}, form) as run:
        run.begin_layers([f"w{i}" for i in range(TENSORS)], list(LAYER_UNITS))
        for step in range(20_000):
            piece = Trace({"penalty": Series([step], [0.5]), "step_size": Series([step], [1e-3])})
            begun = perf_counter_ns()
            run.tell(piece)
            between = perf_counter_ns()
            run.layers(step, figures)
            spent["tell"].append(between - begun)
            spent["layers"].append(perf_counter_ns() - between)
            if pause:
                end = perf_counter() + pause
                while perf_counter() < end:
                    pass
        run.flush()
        assert run.fault is None, run.fault
    return {name: quantiles(times) for name, times in spent.items()}


def size(steps: int, form: str) -> dict[str, object]:
    """Return how large the record of a long run is, and how fast it was written and is read."""
    random = np.random.default_rng(0).random((PIECE, TENSORS, len(LAYER_UNITS)))
    with TemporaryDirectory() as runs, RunFolder.made(runs, "long", {}, form) as run:
        run.begin_layers([f"layer{i}.weight" for i in range(TENSORS)], list(LAYER_UNITS))
        begun = perf_counter()
        for first in range(0, steps, PIECE):
            for step in range(PIECE):
                run.layers(first + step, random[step])
            at = range(first, first + PIECE)
            run.tell(Trace({"penalty": Series(at, random[:, 0, 0]), "step_size": Series(at, random[:, 1, 1])}))
            if first % 10_000 == 0:
                run.flush()
        run.flush()
        wrote = perf_counter() - begun
        assert run.fault is None, run.fault
        run.close({"ended": "finished"})
        total = sum(file.stat().st_size for file in run.path.iterdir())
        begun = perf_counter()
        trace, layers = read(run.path), read_layers(run.path)
        assert len(trace["penalty"]) == steps
        return {
            "steps": steps, "megabytes": round(total / 1e6, 1), "steps_written_per_second": round(steps / wrote),
            "seconds_to_read": round(perf_counter() - begun, 2), "blocks": [len(level) for level in layers.levels],
        }  # fmt: skip


VICTIM = """
import sys, time
from surefoot.records.folder import RunFolder
from surefoot.trace import Series, Trace
with RunFolder.made(sys.argv[1], "victim", {}, sys.argv[2]) as run:
    for step in range(10**9):
        run.tell(Trace({"time": Series([step], [time.time()])}))
        time.sleep(0.001)
"""


def lost(form: str, times: int) -> dict[str, float]:
    """Return how much of its last seconds a process loses that is killed at a random moment, in seconds."""
    found = []
    for seed in range(times):
        with TemporaryDirectory() as runs:
            victim = subprocess.Popen([sys.executable, "-c", VICTIM, runs, form])
            while not (made := list(Path(runs).glob("*/meta.json"))):
                sleep(0.01)
            sleep(2.0 + random.Random(seed).random() * 2.0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            killed = time()
            found.append(killed - read(made[0].parent)["time"].values[-1])
    return {"kills": times, "median_s": round(float(np.median(found)), 2), "worst_s": round(max(found), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000, help="length of the long run")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results: dict[str, object] = {"machine": platform.machine(), "cores": os.cpu_count(), "tensors": TENSORS}
    for form in ("sqlite", "jsonl"):
        results[form] = {
            "calls": calls(form, 2e-4), "calls_without_pause": calls(form, 0.0),
            "long": size(options.steps, form), "lost": lost(form, 10),
        }  # fmt: skip
        print(form, json.dumps(results[form], indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
