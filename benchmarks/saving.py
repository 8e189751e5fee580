"""What it costs that a run cannot be lost: steps with and without record and checkpoints, in turn, in one process.

    python benchmarks/saving.py                    # at a quarter of the default interval: four times the checkpoints

Each pair trains the same task from the same seed, once bare and once with record, figures of every layer and
checkpoints; the figure is the median over pairs of the ratio of seconds, search and validation among them left out.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

import torch

from surefoot.records.folder import RunFolder
from surefoot.tasks import load
from surefoot.training.checkpoint.checkpoints import EVERY
from surefoot.training.choices import SCHEDULE, choice_of, optimizer_of
from surefoot.training.generators import seeded
from surefoot.training.layer_figures import layer_figures
from surefoot.training.loop import descend
from surefoot.training.recorder import Recorder
from surefoot.training.saving import Saving

OUT = Path(__file__).with_name("results_saving.json")
STEPS = {"digits": 1500, "text": 200}


def nothing(_: object) -> None:
    """Take no note."""


def trained(
    name: str, steps: int, recorder: Recorder | None = None, saving: Saving | None = None
) -> tuple[float, object]:
    """Train a task that comes along; return its seconds, and what saving cost by its own meter."""
    task = load(name)
    seeded(0)
    model = task.make()
    usual = choice_of("muon")
    optimizer = optimizer_of(model, "muon", usual.step_size, usual.decay, schedule=SCHEDULE.over(steps=steps))
    layers = None if recorder is None else layer_figures(optimizer, recorder.begin_layers, recorder.layers, model)
    tell, tick = (nothing, nothing) if recorder is None else (recorder.tell, recorder.tick)
    begun = perf_counter()
    ending = descend(
        task, model, optimizer, steps=steps, check_every=steps, saving=saving, layers=layers, tell=tell, tick=tick
    )
    return perf_counter() - begun, ending.saved


def safe(name: str, steps: int, every: float) -> tuple[float, object]:
    """Train with a record and checkpoints in a folder of its own."""
    with tempfile.TemporaryDirectory() as runs:
        folder = RunFolder.made(runs, name, {})
        with Recorder(name, steps, folder, live=False) as recorder:
            saving = Saving(folder.path / "checkpoints", every, {"record": recorder}, before=recorder.flush)
            return trained(name, steps, recorder, saving)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--every", type=float, default=EVERY / 4)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    found = {}
    for name, steps in STEPS.items():
        trained(name, steps // 10)
        pairs = []
        for _ in range(options.pairs):
            bare, _ = trained(name, steps)
            saved, cost = safe(name, steps, options.every)
            pairs.append((bare, saved, str(cost)))
            print(f"{name}: {bare:.2f} s bare, {saved:.2f} s safe ({cost})", flush=True)
        ratio = statistics.median(saved / bare for bare, saved, _ in pairs)
        found[name] = {"steps": steps, "ratio": round(ratio, 4), "pairs": pairs}
        print(f"{name}: {ratio:.3f} times as long at a checkpoint every {options.every:g} s")
    facts = {"torch": str(torch.__version__), "python": platform.python_version(), "threads": torch.get_num_threads()}
    load_now = {"load": os.getloadavg()[0], "every": options.every, "default": EVERY}
    options.out.write_text(json.dumps({**facts, **load_now, "tasks": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
