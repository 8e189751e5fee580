"""Microseconds per optimizer step against torch.optim, interleaved in one process: `python benchmarks/steps.py`.

Every optimizer owns its own copy of the parameters. In each round every candidate takes one timed step, in a rotating
order, so that a noisy moment falls on all alike; figures are medians and ratios of medians. `--whole` times the whole
training step (forward, backward, step) of a real module instead, where a second thread pool would show.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import surefoot as sf

Shapes = list[tuple[int, ...]]


def mlp_shapes() -> Shapes:
    return [(128, 64), (128,), (64, 128), (64,), (10, 64), (10,)]


def small_shapes() -> Shapes:
    return [(32, 32)] * 50 + [(32,)] * 50


def resnet_shapes() -> Shapes:
    """ResNet-18's 62 tensors: 20 convolutions, 20 normalisations with two vectors each, one linear layer."""
    shapes: Shapes = [(64, 3, 7, 7), (64,), (64,)]
    width = 64
    for stage in (64, 128, 256, 512):
        for block in range(2):
            shapes += [(stage, width, 3, 3), (stage,), (stage,), (stage, stage, 3, 3), (stage,), (stage,)]
            if block == 0 and stage != 64:
                shapes += [(stage, width, 1, 1), (stage,), (stage,)]
            width = stage
    return [*shapes, (1000, 512), (1000,)]


def gpt_shapes() -> Shapes:
    """GPT-2 small: 124 M parameters in 148 tensors."""
    d = 768
    layer = [(d,), (d,), (3 * d, d), (3 * d,), (d, d), (d,), (d,), (d,), (4 * d, d), (4 * d,), (d, 4 * d), (d,)]
    return [(50257, d), (1024, d), *(layer * 12), (d,), (d,)]


SETS: dict[str, Callable[[], Shapes]] = {
    "6-tensor MLP": mlp_shapes, "100 small tensors": small_shapes, "ResNet-18": resnet_shapes, "GPT-2 small": gpt_shapes,
}  # fmt: skip
ROUNDS = {"6-tensor MLP": 2000, "100 small tensors": 800, "ResNet-18": 60, "GPT-2 small": 9}
RULES: dict[str, tuple[str, dict[str, float]]] = {
    "SGD": ("SGD", {}), "SGD momentum": ("SGD", {"momentum": 0.9}), "RMSprop": ("RMSprop", {}), "AdamW": ("AdamW", {}),
    "Adam": ("Adam", {}), "Adagrad": ("Adagrad", {}), "Adadelta": ("Adadelta", {}), "Adamax": ("Adamax", {}),
    "NAdam": ("NAdam", {}), "RAdam": ("RAdam", {}), "ASGD": ("ASGD", {}), "Rprop": ("Rprop", {}),
}  # fmt: skip


FUSED = {"SGD", "Adam", "AdamW", "Adagrad"}
"""What torch has a fused CPU kernel for."""
WHOLE = ["SGD", "SGD momentum", "RMSprop", "AdamW"]
"""Whose whole training step is timed: the others' differ in the optimizer's part alone."""


def parameters_of(shapes: Shapes) -> list[nn.Parameter]:
    torch.manual_seed(0)
    parameters = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    for p in parameters:
        p.grad = torch.randn(p.shape) * 0.01
    return parameters


def candidates(rule: str) -> dict[str, Callable[[list[nn.Parameter]], torch.optim.Optimizer]]:
    name, options = RULES[rule]
    theirs = getattr(torch.optim, name)
    found = {
        "surefoot": lambda p: getattr(sf, name)(p, lr=1e-4, **options),
        "torch": lambda p: theirs(p, lr=1e-4, **options),
        "foreach": lambda p: theirs(p, lr=1e-4, foreach=True, **options),
    }
    if name in FUSED:
        found["fused"] = lambda p: theirs(p, lr=1e-4, fused=True, **options)
    return found


def medians(steps: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median microseconds of each step, timed in turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for turn in range(rounds + 3):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            steps[name]()
            if turn >= 3:  # the first turns make state and compile
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


def step_table(rule: str, case: str) -> dict[str, float]:
    shapes = SETS[case]()
    steps = {}
    for name, make in candidates(rule).items():
        optimizer = make(parameters_of(shapes))
        steps[name] = optimizer.step
    return medians(steps, ROUNDS[case])


def whole_table(rule: str, case: str) -> dict[str, float]:
    """Time forward, backward and step of a module."""
    makers: dict[str, tuple[Callable[[], nn.Module], Tensor]] = {
        "6-tensor MLP": (lambda: nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)), torch.randn(64, 64)),
        "100 small tensors": (lambda: nn.Sequential(*[nn.Sequential(nn.Linear(32, 32), nn.Tanh()) for _ in range(50)]), torch.randn(64, 32)),
        "wide MLP (4 M)": (lambda: nn.Sequential(nn.Linear(1024, 2048), nn.ReLU(), nn.Linear(2048, 1024)), torch.randn(64, 1024)),
    }  # fmt: skip
    make, inputs = makers[case]
    steps = {}
    for name, optimizer_of in candidates(rule).items():
        torch.manual_seed(0)
        module = make()
        optimizer = optimizer_of(list(module.parameters()))

        def step(module: nn.Module = module, optimizer: torch.optim.Optimizer = optimizer) -> None:
            optimizer.zero_grad()
            module(inputs).square().mean().backward()
            optimizer.step()

        steps[name] = step
    return medians(steps, {"6-tensor MLP": 1000, "100 small tensors": 300}.get(case, 100))


def printed(rule: str, case: str, table: dict[str, float]) -> str:
    ours = table["surefoot"]
    ratios = "  ".join(f"{name} {value / ours:5.2f}x" for name, value in table.items() if name != "surefoot")
    return f"{rule:13s} {case:18s} {ours:10.1f} us   {ratios}"


def markdown(results: list[dict[str, Any]]) -> str:
    """Return the README's table: times as long as surefoot's step, one line for each rule."""
    cases = list(dict.fromkeys(result["case"] for result in results))
    lines = [f"| | {' | '.join(cases)} |", f"|---|{'---|' * len(cases)}"]
    for rule in dict.fromkeys(result["rule"] for result in results):
        cells = []
        for case in cases:
            times = next(r["microseconds"] for r in results if (r["rule"], r["case"]) == (rule, case))
            others = [times[name] / times["surefoot"] for name in ("torch", "foreach", "fused") if name in times]
            cells.append(" · ".join(f"{ratio:.1f}" for ratio in others))
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", action="store_true", help="time forward + backward + step")
    parser.add_argument("--case", action="append", help="only these sets of tensors")
    parser.add_argument("--rule", action="append", help="only these rules")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--table", type=Path, help="print a file of figures as the README's table, and measure nothing")
    options = parser.parse_args()
    if options.table:
        print(markdown(json.loads(options.table.read_text())["results"]))
        return
    cases = options.case or (["6-tensor MLP", "100 small tensors", "wide MLP (4 M)"] if options.whole else list(SETS))
    results = []
    for case in cases:
        for rule in options.rule or (WHOLE if options.whole else RULES):
            table = (whole_table if options.whole else step_table)(rule, case)
            print(printed(rule, case, table), flush=True)
            results.append({"rule": rule, "case": case, "whole": options.whole, "microseconds": table})
    if options.json:
        facts = {
            "torch": torch.__version__,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
        }
        options.json.write_text(json.dumps({"machine": facts, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
