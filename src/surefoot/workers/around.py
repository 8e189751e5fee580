"""`python -m surefoot.workers.around RUN [FILE.py:NAME]`: the penalty around a finished run's weights, into its folder.

The page starts it. Where the record does not say from which file the task came, it is given that file, by hand.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from surefoot.errors import InvalidValue
from surefoot.records.meta import known_meta
from surefoot.tasks import TASKS, load
from surefoot.workers.telling import tell, told

FILE = "around.json"
"""What is written into a run's folder."""

WEIGHTS = "model.safetensors"


def target_of(meta: dict[str, Any], given: str | None = None) -> str:
    """Return what to load a run's task by.

    Args:
        meta: what the run's record says.
        given: FILE.py:NAME, where its owner says so.

    Errors: InvalidValue if neither tells.

    >>> target_of({"name": "digits"}), target_of({"name": "mine"}, "train.py:task")
    ('digits', 'train.py:task')
    >>> target_of({"name": "mine", "source": "/home/a/train.py:task"})
    '/home/a/train.py:task'
    """
    found = given or meta.get("source") or meta["name"]
    if found in TASKS or ".py:" in str(found):
        return str(found)
    raise InvalidValue(
        f"the record says that {found!r} ran, and not from which file; give it: "
        "python -m surefoot.workers.around RUN FILE.py:NAME"
    )


def measure(run: Path, given: str | None = None, seconds: float = 60.0) -> None:
    """Measure the penalty around a run's weights, write it into its folder, and tell of it.

    Args:
        run: the folder.
        given: FILE.py:NAME of its task; what the record says if None.
        seconds: for the measuring, about.

    Errors: InvalidValue if the run, its weights or its task cannot be had; TaskError if the task's code raises.
    """
    meta = known_meta(run)
    if not (run / WEIGHTS).is_file():
        raise InvalidValue(f"{run.name} has no {WEIGHTS}: it is still going on, or has kept no weights.")
    task = load(target_of(meta, given))
    import torch
    from safetensors.torch import load_model

    from surefoot.training.around import around

    torch.manual_seed(int(meta.get("settings", {}).get("seed") or 0))
    model = task.make()
    try:
        load_model(model, str(run / WEIGHTS))
    except RuntimeError as error:
        raise InvalidValue(f"the weights of {run.name} do not fit its task, which has changed: {error}") from error
    found = around(task, model, seconds=seconds, tell=lambda rows: tell(done=rows, of=25))
    _write(run, json.dumps({**found.to_json(), "task": task.name}, allow_nan=False))
    tell(found=True)


def _write(run: Path, text: str) -> None:
    part = run / f"{FILE}.part"
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, run / FILE)


if __name__ == "__main__":
    sys.exit(told(lambda: measure(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)))
