"""Which run a fit goes on with: found, compared with what was asked for, and opened; or a new one."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from surefoot import __version__
from surefoot.errors import InvalidValue, refuse
from surefoot.records.folder import RunFolder
from surefoot.records.meta import read_meta
from surefoot.records.place import runs_folder
from surefoot.records.shelf import facts, latest
from surefoot.training.checkpoint.checkpoints import files
from surefoot.training.checkpoint.file import whole

CHECKPOINTS = "checkpoints"
"""The folder for checkpoints, in that of a run."""

OVER = ("finished", "stopped", "diverged")
"""Ends that nothing follows: a run that has diverged would do so again."""


def opened(
    name: str, source: str, settings: Mapping[str, Any], versions: Mapping[str, str], runs: Path | None,
    resume: bool | str | Path,
) -> RunFolder | None:  # fmt: skip
    """Return the folder of the run to go on with, or a new one's; None if nothing is to be recorded.

    Args:
        name: the task's.
        source: FILE.py:NAME if the task was loaded from a file, which the record says then; or "".
        settings: what the run is to be run with.
        versions: what it would be run by.
        runs: the folder for records, or None: nothing is recorded then, unless it is to be resumed.
        resume: True for the latest run of this name that has not come to its end, if there is one; or a run's folder;
            False for a new run.

    Errors: InvalidValue if the run was begun with other settings, has come to its end, is running, or cannot be
    written.
    """
    runs = runs_folder(runs) if resume is True else runs  # a run that is to be resumed has to be recorded
    there = to_resume(name, runs, resume)
    if there is None:
        known = {"source": source} if source else {}
        said = {**known, "settings": dict(settings), "versions": dict(versions)}
        return None if runs is None else RunFolder.made(runs, name, said)
    meta = read_meta(there)
    refuse(f"resume {str(there)!r}", _differences(meta.get("settings", {}), settings))
    folder = RunFolder.opened(there)
    if not any(not whole(file) for file in files(there / CHECKPOINTS)):
        folder.rewind(0, 0)  # it begins again, so what it told is told again
    return folder


def to_resume(name: str, runs: Path | None, resume: bool | str | Path) -> Path | None:
    """Return the folder of the run to go on with, or None for a new one.

    Errors: InvalidValue if the run asked for has come to its end, or there is none.
    """
    if isinstance(resume, bool):
        found = latest(runs, name) if resume and runs is not None else None
        return None if found is None or found.state in OVER else found.path
    state = facts(resume).state
    if state in OVER:
        raise InvalidValue(f"resume is {str(resume)!r}, a run that has {state}: there is nothing to go on with.")
    return Path(resume)


def versions() -> dict[str, str]:
    """Return what a run's last digits rest on."""
    return {
        "surefoot": __version__, "torch": str(torch.__version__), "numpy": np.__version__,
        "python": platform.python_version(), "machine": platform.machine(), "threads": str(torch.get_num_threads()),
    }  # fmt: skip


def moved(meta: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """Return what is no longer as it was when a run was begun, so that it may not go on bit for bit; or nothing."""
    before = meta.get("versions", {})
    changed = [f"{key} was {before[key]} and is {now}" for key, now in versions.items() if before.get(key, now) != now]
    return f"it may not go on bit for bit: {', '.join(changed)}" if changed else ""


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        f"it was begun with {key} {before.get(key)} and this call says {now.get(key)}; say the same, or begin a new run"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]
