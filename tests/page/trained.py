"""A training that goes on until it is told to stop: `python trained.py RUNS [SECONDS A STEP]`."""

import sys
import time
from pathlib import Path

import torch
from torch import nn

import surefoot as sf


class Slow(nn.Module):
    """A small net that takes its time, as a large one does."""

    def __init__(self, rest):
        super().__init__()
        self.body, self.rest = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3)), rest

    def forward(self, x):
        if self.training:
            time.sleep(self.rest)
        return self.body(x)


def main():
    """Train."""
    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = (x @ torch.randn(8, 3)).argmax(1)
    batches = [(x[i : i + 32], y[i : i + 32]) for i in range(0, 192, 32)]
    rest = float(sys.argv[2]) if len(sys.argv) > 2 else 0.01
    task = sf.Task(
        name="live",
        model=lambda: Slow(rest),
        penalty=nn.CrossEntropyLoss(),
        train=batches,
        validation=[(x[192:], y[192:])],
    )
    sf.fit(
        task,
        steps=20000,
        step_size=0.003,
        rule="adamw",
        stopping=sf.Patience(checks=10**6),
        check_every=10,
        runs=Path(sys.argv[1]),
        progress=False,
        search=0.0,
    )


if __name__ == "__main__":
    main()
