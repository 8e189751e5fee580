"""The default step sizes of `fit`, measured: `python benchmarks/choices.py` (about ten minutes on two cores).

Digits, an MLP and the conv net, 200 and 800 steps of 64, each rule over a half-decade grid of step sizes; the best
validation penalty as a geometric mean. Fit takes half a decade below the best, since too high costs more than too low.
"""

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from surefoot.fitting import fit
from surefoot.tasks import load
from surefoot.training import plan

HIGH = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
LOW = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
GRIDS = {
    "sgd": HIGH, "nesterov": HIGH, "momentum_mean": [10 * size for size in HIGH], "asgd": [10 * size for size in HIGH],
    "rmsprop": LOW, "rmsprop_momentum": [0.3 * size for size in LOW], "adagrad": LOW,
    "adadelta": [0.1, 0.3, 1.0, 3.0, 10.0], "adam": LOW, "adamw": LOW, "amsgradw": LOW, "adamax": LOW, "nadamw": LOW,
    "radam": LOW, "lion": [0.1 * size for size in LOW], "rprop": [1e-6, 1e-5, 1e-4, 1e-3],
}  # fmt: skip
DECAYS = {
    "sgd": 1e-3,
    "nesterov": 1e-3,
    "momentum_mean": 1e-3,
    "asgd": 1e-3,
    "adadelta": 1e-3,
    "rprop": 0.0,
    "adam": 0.0,
}


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))


def reached(rule: str, step_size: float, seeds: int) -> float:
    """Return the geometric mean over both nets, both lengths and the seeds of the best validation penalty."""
    conv = load("digits")
    found = []
    for task in (conv, replace(conv, model=perceptron)):
        for steps in (200, 800):
            for seed in range(seeds):
                run = fit(task, steps=steps, rule=rule, step_size=step_size, seed=seed, progress=False)
                values = run.trace["validation_penalty"].values
                found.append(min((v for v in values if math.isfinite(v)), default=10.0))
    return math.exp(sum(map(math.log, found)) / len(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rule", action="append")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for rule in options.rule or GRIDS:
        decay = DECAYS.get(rule, 0.1)
        plan.CHOICES[rule] = plan.Choice(step_size=1.0, decay=decay)
        penalties = {size: reached(rule, size, options.seeds) for size in GRIDS[rule]}
        results[rule] = {"decay": decay, "penalty": penalties}
        print(rule, "  ".join(f"{size:g}: {value:.3f}" for size, value in penalties.items()), flush=True)
    if options.json:
        facts = {"torch": torch.__version__, "threads": torch.get_num_threads(), "seeds": options.seeds}
        options.json.write_text(json.dumps({"machine": facts, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
