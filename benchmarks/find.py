"""How near the search comes to a sweep: `python benchmarks/find.py` (about five minutes on one core).

Each workload is trained in full at every step size of a half-decade grid, with the rule's default decay. Against the
best of these stand the race's choice, the range test's, a tenth of the step size of the lowest penalty in a range test
(the rule of thumb of torch-lr-finder and others), and the rule's default: the ratio of validation penalties, 1 being the
sweep's best, and the distance in decades. The race's cost comes on top of its run; it is in the table.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import nn

from surefoot import search
from surefoot.fitting import fit
from surefoot.pytorch.penalties import CrossEntropy
from surefoot.search.ranging import Range
from surefoot.tasks import load
from surefoot.training.batches import Batches
from surefoot.training.choices import choice_of
from surefoot.training.task import Task

HALVES = range(-4, 4)
"""The sweep's places, in half decades from the rule's default."""


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))


def table_net(inputs: int, outputs: int) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))


def tabular(name: str) -> Task:
    """Return a task over one of scikit-learn's tables: standardised columns, a fifth held back by a fixed draw."""
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    given = torch.tensor((data.data - data.data.mean(0)) / data.data.std(0), dtype=torch.float32)
    classes = name != "diabetes"
    answers = np.asarray(data.target)
    target = torch.tensor(answers if classes else (answers - answers.mean()) / answers.std())
    target = target.long() if classes else target.float()[:, None]
    order = torch.randperm(len(given), generator=torch.Generator().manual_seed(0))
    back, kept = order[: len(order) // 5], order[len(order) // 5 :]
    return Task(
        model=table_net(given.shape[1], int(target.max()) + 1 if classes else 1),
        penalty=CrossEntropy() if classes else nn.MSELoss(), train=Batches(given[kept], target[kept], size=32),
        validation=Batches(given[back], target[back], size=512), name=name,
    )  # fmt: skip


def workloads() -> dict[str, tuple[Task, int]]:
    conv = load("digits")
    return {
        "digits conv": (conv, 500),
        "digits MLP": (replace(conv, model=perceptron), 500),
        "diabetes": (tabular("diabetes"), 300),
        "breast cancer": (tabular("breast_cancer"), 300),
    }


def reached(task: Task, steps: int, rule: str, step_size: float, seed: int) -> float:
    """Return the best validation penalty of a full run; 10 times that of knowing nothing if there is none."""
    run = fit(task, steps=steps, rule=rule, step_size=step_size, seed=seed, progress=False)
    value = run.best.get("validation_penalty", math.inf)
    return value if math.isfinite(value) else 10.0


def thumb(found: Range) -> float:
    """Return a tenth of the step size at which a ramp's penalty is lowest, as a geometric mean over the ramps."""
    lowest = [ramp.step_sizes[int(np.argmin(ramp.smoothed))] / 10 for ramp in found.ramps if ramp.smoothed]
    return math.exp(sum(map(math.log, lowest)) / len(lowest))


def measured(name: str, task: Task, steps: int, rule: str, seed: int) -> dict[str, Any]:
    usual = choice_of(rule).step_size
    sweep = {size: reached(task, steps, rule, size, seed) for size in (usual * 10 ** (half / 2) for half in HALVES)}
    best = min(sweep, key=lambda size: sweep[size])
    begun = perf_counter()
    found = search.race(task, steps=steps, rule=rule, seed=seed)
    seconds = perf_counter() - begun
    ranged = search.range_test(task, rule=rule, seed=seed)
    tried = {"race": found.step_size, "range": ranged.step_size or usual, "thumb": thumb(ranged), "default": usual}
    rows = {
        way: {
            "step_size": size,
            "ratio": reached(task, steps, rule, size, seed) / sweep[best],
            "decades": math.log10(size / best),
        }
        for way, size in tried.items()
    }
    return {
        "workload": name, "steps": steps, "rule": rule, "seed": seed, "best": best, "sweep": sweep, "ways": rows,
        "cost": found.share, "seconds": seconds, "raced": found.verdict.raced, "drift": found.verdict.drift,
        "interval": [ranged.low, ranged.high], "table": found.to_json()["tried"],
    }  # fmt: skip


def summed(results: list[dict[str, Any]], way: str) -> str:
    ratios = [each["ways"][way]["ratio"] for each in results]
    decades = [abs(each["ways"][way]["decades"]) for each in results]
    middle = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return f"{way:8} {middle:6.3f} {max(ratios):6.2f} {sum(decades) / len(decades):6.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rule", action="append")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    torch.set_num_threads(1)  # nets this small are not quicker with more
    results = []
    for name, (task, steps) in workloads().items():
        for rule in options.rule or ["adamw", "sgd"]:
            for seed in range(options.seeds):
                row = measured(name, task, steps, rule, seed)
                results.append(row)
                ways = "  ".join(
                    f"{way} {w['step_size']:.3g} x{w['ratio']:.2f} {w['decades']:+.2f}"
                    for way, w in row["ways"].items()
                )
                print(f"{name:14} {rule:6} {seed}  best {row['best']:.3g}  {ways}  cost {row['cost']:.2f}", flush=True)
    print("way      ratio (geometric mean)  worst  decades off")
    for way in ("race", "range", "thumb", "default"):
        print(summed(results, way))
    if options.json:
        facts = {"torch": torch.__version__, "threads": torch.get_num_threads(), "seeds": options.seeds}
        options.json.write_text(json.dumps({"machine": facts, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
