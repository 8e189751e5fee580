"""Where a second thread begins to pay: `python benchmarks/threads.py` (sets SERIAL_BELOW in surefoot/backends/team.py).

Times the bare kernel alone and on the team, in turns, over one tensor of growing size.
"""

import statistics
import time

import torch
from torch import nn

from surefoot.backends import team
from surefoot.backends.cpu import CpuLane
from surefoot.rules import RULES


def median_of(lane: CpuLane, gradients: list[torch.Tensor], rows: list[tuple[float, ...]], serial_below: int) -> float:
    team.SERIAL_BELOW = serial_below
    start = time.perf_counter()
    lane.step(gradients, rows)
    return time.perf_counter() - start


def main() -> None:
    for name in ("sgd", "adamw"):
        rule = RULES[name]
        rows = [(1.0, 0.0, *rule.row(1, rule.constants))]
        for size in (5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 640_000):
            p, g = nn.Parameter(torch.randn(size)), torch.randn(size)
            lane = CpuLane(rule, [p], [[torch.zeros(size)] for _ in rule.slots])
            times = [[median_of(lane, [g], rows, limit) for limit in (10**9, 0)] for _ in range(400)]
            alone, together = (statistics.median(column) * 1e6 for column in zip(*times, strict=True))
            print(
                f"{name:6s} {size:8d} elements  alone {alone:7.1f} us  team {together:7.1f} us  gain {alone / together:5.2f}x"
            )


if __name__ == "__main__":
    main()
