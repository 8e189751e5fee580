"""Milliseconds per Muon step against torch.optim.Muon, interleaved in one process: `python benchmarks/muon.py`.

Each candidate owns its own copy of the matrices. In each round every candidate takes one timed step, in a rotating
order, so that a noisy moment falls on all alike; figures are medians. `--rounds-alone` times making matrices orthogonal
alone, by size, precision and batch: what the choices in `pytorch/matrices/muon.py` rest on.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

import surefoot as sf
from surefoot.pytorch.matrices.muon import COEFFICIENTS, ROUNDS, orthogonal

Shapes = list[tuple[int, int]]
SETS: dict[str, tuple[Shapes, int]] = {
    "MLP 64-128-64": ([(128, 64), (64, 128)], 300),
    "48 of 64 x 64": ([(64, 64)] * 48, 100),
    "24 of 256 x 256": ([(256, 256)] * 24, 15),
    "two layers of GPT-2": ([(2304, 768), (768, 768), (3072, 768), (768, 3072)] * 2, 5),
}
"""The matrices of each set, and how many rounds are timed. GPT-2 small has twelve such layers."""
MAKERS: dict[str, Callable[[list[nn.Parameter]], torch.optim.Optimizer]] = {
    "torch": lambda p: torch.optim.Muon(p, lr=1e-3),
    "Muon": lambda p: sf.Muon(p, lr=1e-3),
    "Muon float32": lambda p: sf.Muon(p, lr=1e-3, precision="float32"),
}
SIZES = [
    (48, (64, 64)),
    (1, (64, 64)),
    (24, (128, 128)),
    (24, (256, 256)),
    (1, (256, 1024)),
    (1, (768, 768)),
    (1, (768, 3072)),
]


def parameters_of(shapes: Shapes) -> list[nn.Parameter]:
    torch.manual_seed(0)
    parameters = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    for p in parameters:
        p.grad = torch.randn(p.shape) * 0.01
    return parameters


def medians(steps: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each step, timed in turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for turn in range(rounds + 2):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            steps[name]()
            if turn >= 2:  # the first turns make state
                times[name].append(time.perf_counter() - start)
    return {name: round(statistics.median(values) * 1e3, 3) for name, values in times.items()}


def step_table(case: str) -> dict[str, float]:
    shapes, rounds = SETS[case]
    return medians({name: make(parameters_of(shapes)).step for name, make in MAKERS.items()}, rounds)


def alone_table(count: int, shape: tuple[int, int]) -> dict[str, float]:
    u = torch.randn(count, *shape)
    size = u[0].numel()

    def run(precision: str, together: int) -> Callable[[], object]:
        parts = u.split(max(1, together // size))
        return lambda: [orthogonal(part, 1e-7, ROUNDS, COEFFICIENTS, precision) for part in parts]

    steps = {
        f"{name}, {word}": run(name, most)
        for name in ("float32", "bfloat16")
        for word, most in (("one by one", 1), ("2^16", 2**16), ("2^18", 2**18), ("all", 2**40))
    }
    return medians(steps, 3 if u.numel() > 2**19 else 30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", choices=SETS, help="only these sets of matrices")
    parser.add_argument("--rounds-alone", action="store_true", help="time making orthogonal alone")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results = {}
    for case in options.case or SETS:
        results[case] = step_table(case)
        print(f"{case:22s}", "  ".join(f"{name} {value:9.2f} ms" for name, value in results[case].items()), flush=True)
    for count, shape in SIZES if options.rounds_alone else []:
        case = f"{count} of {shape[0]} x {shape[1]}, orthogonal alone"
        results[case] = alone_table(count, shape)
        print(case, results[case], flush=True)
    if options.json:
        facts = {
            "torch": torch.__version__, "python": platform.python_version(), "cores": os.cpu_count(),
            "threads": torch.get_num_threads(), "processor": torch.backends.cpu.get_cpu_capability(),
            "bfloat16 units": torch.ops.mkldnn._is_mkldnn_bf16_supported(), "load": os.getloadavg()[0],
        }  # fmt: skip
        options.json.write_text(json.dumps({"machine": facts, "milliseconds": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
