"""What the statistics cost: whole optimizer steps with and without the sums in the kernel, interleaved.

`python benchmarks/cost_of_statistics.py`. The kernel without sums exists only here: it is written by the same generator.
"""

import argparse
import json
from pathlib import Path

import steps
import torch

import surefoot as sf
from surefoot.backends import compiled
from surefoot.backends.emit import kernel_text
from surefoot.rules import RULES

NAMES = {"SGD": "sgd", "SGD momentum": "momentum", "RMSprop": "rmsprop", "AdamW": "adamw"}


def without_sums(optimizer: sf.AdamW, rule: str) -> sf.AdamW:
    """Give the optimizer's lanes a kernel that sums nothing."""
    optimizer.step()
    bare = compiled.compiled(compiled.user_module(kernel_text(RULES[NAMES[rule]], sums=False)), "step_float32")
    for cohort in optimizer._taken:
        for lane, _ in cohort.lanes:
            lane._kernel = bare
    return optimizer


def cost(rule: str, case: str) -> float:
    """Return how much longer a step with statistics takes, as a share of one without."""
    shapes = steps.SETS[case]()
    name, options = steps.RULES[rule]
    make = getattr(sf, name)
    both = {
        "with": make(steps.parameters_of(shapes), lr=1e-4, **options).step,
        "without": without_sums(make(steps.parameters_of(shapes), lr=1e-4, **options), rule).step,
    }
    medians = steps.medians(both, 2 * steps.ROUNDS[case])
    return medians["with"] / medians["without"] - 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results = []
    for case in steps.SETS:
        for rule in steps.RULES:
            share = cost(rule, case)
            print(f"{rule:13s} {case:18s} {share:+7.1%}", flush=True)
            results.append({"rule": rule, "case": case, "cost": share})
    if options.json:
        options.json.write_text(json.dumps({"torch": torch.__version__, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
