"""What the guard adds to a training step: `python benchmarks/guard.py`.

Two copies of the same model train side by side in one process, one under guard, and take timed steps in turn, so that a
noisy moment falls on both alike. "added" is what the guard does more, by the time that passes in the taking of the step
and in `observe` with a guard and without one, as the difference of the medians; "share" is that of the whole unguarded
step (zero_grad, forward, backward, step). "pairs" is the median difference of the whole steps of each pair, which a busy
machine makes rough.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from doctor import MODELS
from torch import nn

import surefoot as sf

OPTIMIZERS: dict[str, Callable[[nn.Module], Any]] = {
    "sf.SGD": lambda model: sf.SGD(model.parameters(), lr=0.01, momentum=0.9),
    "sf.AdamW": lambda model: sf.AdamW(model.parameters(), step_size=1e-3),
    "sf.AdamW, clip": lambda model: sf.AdamW(model.parameters(), step_size=1e-3, clip=1.0),
    "sf.MuonAdamW": lambda model: sf.MuonAdamW(model, step_size=1e-3),
}


class Metered:
    """A way of taking steps that adds up the seconds it takes."""

    def __init__(self, way: Any) -> None:
        self.way, self.spent = way, 0.0

    def take(self, *given: Any) -> Any:  # noqa: D102
        begun = time.perf_counter()
        found = self.way.take(*given)
        self.spent += time.perf_counter() - begun
        return found

    def settle(self) -> None:  # noqa: D102
        self.way.settle()


def stepper(model: nn.Module, optimizer: Any, guarded: bool) -> Callable[[Any, Any], tuple[float, float]]:
    """Return a function that takes one step and returns its seconds, and those of them that are the guard's or its like."""
    guard = sf.Guard(optimizer, model) if guarded else None
    metered = optimizer.way = Metered(optimizer.way)

    def step(x: Any, y: Any) -> tuple[float, float]:
        begun, metered.spent = time.perf_counter(), 0.0
        optimizer.zero_grad()
        penalty = nn.functional.cross_entropy(model(x), y)
        if guard is not None:
            at = time.perf_counter()
            guard.observe(penalty)
            metered.spent += time.perf_counter() - at
        penalty.backward()
        optimizer.step()
        return time.perf_counter() - begun, metered.spent

    return step


def row(name: str, optimizer: str, steps: int) -> dict[str, Any]:
    """Return the figures of one model and optimizer."""
    make, batch = MODELS[name]
    runs = {}
    for guarded in (False, True):
        torch.manual_seed(0)
        model = make()
        runs[guarded] = stepper(model, OPTIMIZERS[optimizer](model), guarded)
    times: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for index in range(steps):
        x = batch()
        y = torch.randint(10, (len(x),))
        for guarded in (False, True) if index % 2 else (True, False):
            times[guarded].append(runs[guarded](x, y))
    late = {guarded: [(1e6 * a, 1e6 * b) for a, b in each[20:]] for guarded, each in times.items()}
    whole = statistics.median(a for a, _ in late[False])
    added = statistics.median(b for _, b in late[True]) - statistics.median(b for _, b in late[False])
    pairs = statistics.median(b[0] - a[0] for a, b in zip(late[False], late[True], strict=True))
    return {
        "model": name,
        "optimizer": optimizer,
        "step": whole,
        "added": added,
        "share": added / whole,
        "pairs": pairs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = [row(name, optimizer, given.steps) for name in MODELS for optimizer in OPTIMIZERS]
    print(f"{'model':24} {'optimizer':16} {'step/us':>9} {'added/us':>9} {'share':>7} {'pairs/us':>9}")
    for each in rows:
        print(
            f"{each['model']:24} {each['optimizer']:16} {each['step']:9.0f} {each['added']:9.1f} {each['share']:7.2%} "
            f"{each['pairs']:9.1f}"
        )
    if given.json:
        facts = {"torch": torch.__version__, "python": platform.python_version(), "threads": given.threads}
        given.json.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
