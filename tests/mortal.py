"""A run to be killed, as a program: `python mortal.py KIND RUNS RESUME THREADS`; says "begun", then what came of it."""

import json
import sys
from pathlib import Path
from time import perf_counter

import torch
from deaths import digest
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import surefoot as sf

KINDS: dict[str, dict[str, object]] = {
    "searched": {"steps": 600},
    "open": {"until": "plateau", "steps": 900, "stopping": sf.Patience(checks=4), "check_every": 30},
    "loader": {"steps": 300, "step_size": 0.01, "rule": "adamw"},
}


def net() -> nn.Module:
    """Return a net with all that has a state or draws: batch norm, dropout."""
    return nn.Sequential(
        nn.Linear(16, 64),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 4),
    )


def a_task(kind: str) -> sf.Task:
    """Return the task of a kind: always the same data."""
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn(900, 16, generator=draw)
    target = (inputs[:, :4] + 0.5 * torch.randn(900, 4, generator=draw)).argmax(1)
    train = TensorDataset(inputs[:700], target[:700])
    source = DataLoader(train, 32, shuffle=True) if kind == "loader" else sf.Batches(inputs[:700], target[:700], 32)
    return sf.Task(
        model=net, penalty=sf.CrossEntropy(), train=source, validation=sf.Batches(inputs[700:], target[700:]), name=kind
    )


def main() -> None:
    """Train, and say what came of it."""
    kind, runs, resume, threads = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "1", int(sys.argv[4])
    torch.set_num_threads(threads)
    task = a_task(kind)
    net()(torch.randn(4, 16)).sum().backward()  # what torch loads late is loaded
    print("begun", flush=True)
    begun = perf_counter()
    run = sf.fit(task, seed=1, runs=runs, resume=resume, save_every=0.0, progress=False, **KINDS[kind])  # type: ignore[arg-type]
    tensors = [each.detach().numpy().tobytes() for each in (*run.model.parameters(), *run.model.buffers())]
    resumed = run.trace.last("resumed")
    print(json.dumps({
        "weights": digest(tensors), "ended": run.ending.kind, "step": run.ending.step, "best": run.best,
        "penalties": [len(run.trace["penalty"]), float(run.trace["penalty"].values.sum())],
        "resumed": None if resumed is None else resumed.step, "seconds": perf_counter() - begun,
        "left": sorted(each.name for each in run.folder.iterdir()),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
