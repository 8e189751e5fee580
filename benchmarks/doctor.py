"""Microseconds that the doctor adds to a training step: `python benchmarks/doctor.py`.

Two copies of the same model train side by side in one process, one with a doctor. They take timed steps in turn, so that
a noisy moment falls on both alike: "added" is the median of the differences of pairs after the first 20 steps. Steps of
other lengths and a busy machine make that figure rough, so the time that passes inside the doctor's own functions is
measured too, in a run of its own: its median over the steps after the first 20, its mean over the first 20, and its mean
over all steps, the sampled ones included, without the slowest hundredth of them, which are the machine's. The clock itself takes
0.2 us of each of its five calls in a step.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import surefoot as sf
from surefoot.pytorch.observer.calls import Calls
from surefoot.pytorch.observer.probe import Probe
from surefoot.pytorch.observer.ward import Ward
from surefoot.pytorch.observer.watch import Watch


class Block(nn.Module):
    """A small transformer's block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        y = self.first(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.second(x))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def cnn() -> nn.Module:
    body: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32), (32, 32)):
        body += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def transformer() -> nn.Module:
    return nn.Sequential(
        nn.Embedding(64, 64), Block(64), Block(64), nn.LayerNorm(64), nn.Flatten(), nn.Linear(64 * 16, 10)
    )


Batch = Callable[[], Tensor]
MODELS: dict[str, tuple[Callable[[], nn.Module], Batch]] = {
    "MLP 64-64-10": (mlp, lambda: torch.randn(64, 64)),
    "CNN, 3 layers, 16x16": (cnn, lambda: torch.randn(32, 1, 16, 16)),
    "transformer, 2 blocks": (transformer, lambda: torch.randint(64, (16, 16))),
}
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "torch SGD": lambda p: torch.optim.SGD(p, lr=0.01),
    "torch AdamW": lambda p: torch.optim.AdamW(p, lr=1e-3),
    "sf.AdamW": lambda p: sf.AdamW(p, step_size=1e-3),
}


def runner(model: nn.Module, optimizer: torch.optim.Optimizer, watched: bool) -> Callable[[Tensor, Tensor], float]:
    """Return a function that takes one step and returns its seconds."""
    doctor = sf.Doctor(model, optimizer, tell=None) if watched else None

    def step(x: Tensor, y: Tensor) -> float:
        begun = time.perf_counter()
        optimizer.zero_grad()
        penalty = nn.functional.cross_entropy(model(x), y)
        if doctor is not None:
            doctor.observe(penalty)
        penalty.backward()
        optimizer.step()
        return time.perf_counter() - begun

    return step


def paired(make: Callable[[], nn.Module], batch: Batch, optimize: Any, steps: int) -> tuple[float, float]:
    """Return microseconds of a step without a doctor, and what one adds to it."""
    times: dict[bool, list[float]] = {False: [], True: []}
    runs = {}
    for watched in (False, True):
        torch.manual_seed(0)
        model = make()
        runs[watched] = runner(model, optimize(model.parameters()), watched)
    for index in range(steps):
        x = batch()
        y = torch.randint(10, (len(x),))
        for watched in (False, True) if index % 2 else (True, False):
            times[watched].append(1e6 * runs[watched](x, y))
    pairs = [with_it - without for with_it, without in zip(times[True], times[False], strict=True)]
    return statistics.median(times[False][20:]), statistics.median(pairs[20:])


OWN = [
    (Ward, "observe"),
    (Calls, "_about_to"),
    (Watch, "_about_to"),
    (Watch, "_done"),
    (Watch, "_begins"),
    (Watch, "_sing"),
    (Probe, "_before"),
    (Probe, "_after"),
]
"""All that the doctor's hooks and the user call."""


@contextmanager
def metered() -> Iterator[list[float]]:
    """Add the seconds that pass inside the doctor to the only entry of a list."""
    spent, inside = [0.0], [False]

    def metering(own: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if inside[0]:
                return own(*args, **kwargs)
            inside[0], begun = True, time.perf_counter()
            try:
                return own(*args, **kwargs)
            finally:
                spent[0] += time.perf_counter() - begun
                inside[0] = False

        return call

    before = [(kind, name, getattr(kind, name)) for kind, name in OWN]
    for kind, name, own in before:
        setattr(kind, name, metering(own))
    try:
        yield spent
    finally:
        for kind, name, own in before:
            setattr(kind, name, own)


def own_time(make: Callable[[], nn.Module], batch: Batch, optimize: Any, steps: int) -> dict[str, float]:
    """Return microseconds of a step that pass inside the doctor."""
    model = make()
    found = []
    with metered() as spent:
        run = runner(model, optimize(model.parameters()), watched=True)
        for _ in range(steps):
            x = batch()
            spent[0] = 0.0
            run(x, torch.randint(10, (len(x),)))
            found.append(1e6 * spent[0])
    trimmed = sorted(found)[: steps - steps // 100]
    return {
        "own": statistics.median(found[20:]), "own_first_20": statistics.median(found[1:20]),
        "own_mean": statistics.mean(trimmed),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    print(f"{'':24}{'':14}{'step':>9}{'added':>8}{'own time':>10}{'first 20':>10}{'all steps':>11}{'share':>8}   (us)")
    for name, (make, batch) in MODELS.items():
        for optimizer, optimize in OPTIMIZERS.items():
            steps = given.steps if name.startswith("MLP") else max(400, given.steps // 4)
            step, added = paired(make, batch, optimize, steps)
            own = own_time(make, batch, optimize, steps)
            rows.append({"model": name, "optimizer": optimizer, "steps": steps, "step": step, "added": added, **own})
            told = f"{step:9.0f}{added:8.1f}{own['own']:10.1f}{own['own_first_20']:10.0f}{own['own_mean']:11.1f}"
            print(f"{name:24}{optimizer:14}{told}{own['own_mean'] / step:8.1%}", flush=True)
    if given.json:
        setting = {
            "torch": torch.__version__,
            "cpus": os.cpu_count(),
            "threads": given.threads,
            "machine": platform.machine(),
        }
        given.json.write_text(json.dumps({"setting": setting, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
