"""What a recorded run keeps in its folder: checkpoints while it goes on, and the weights at its end."""

import os
import warnings
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_model
from torch import nn

from surefoot.fitting.halt import Halt
from surefoot.fitting.resuming import CHECKPOINTS, OVER, moved, versions
from surefoot.records.folder import RunFolder
from surefoot.training.checkpoint.checkpoints import files
from surefoot.training.descent import Kind
from surefoot.training.passage import inexact
from surefoot.training.recorder import Recorder
from surefoot.training.saving import Saving
from surefoot.training.task import Task

WEIGHTS = "model.safetensors"
"""The file with the weights that a run has ended with; `safetensors.torch.load_model` takes it."""


def saving_of(task: Task, folder: RunFolder, recorder: Recorder, halt: Halt, every: float) -> Saving:
    """Return how a run that is recorded is saved."""
    notes = [note for note in (moved(folder.meta, versions()), inexact(task.train)) if note]
    return Saving(
        folder.path / CHECKPOINTS, every, {"record": recorder}, before=recorder.flush, halt=halt.reason, notes=notes
    )


def keep(model: nn.Module, folder: Path, ended: Kind) -> None:
    """Write a model's weights beside the record; checkpoints of a run that is over have done their duty then.

    Errors: none; a disk that fails is told by a warning, and the checkpoints stay.
    """
    part = folder / f"{WEIGHTS}.part"
    try:
        save_model(model, str(part))
        os.replace(part, folder / WEIGHTS)
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        warnings.warn(f"the weights could not be written to {folder / WEIGHTS} ({error})", stacklevel=3)
        return
    if ended in OVER:
        for file in files(folder / CHECKPOINTS):
            file.unlink(missing_ok=True)
        with suppress(OSError):
            (folder / CHECKPOINTS).rmdir()
