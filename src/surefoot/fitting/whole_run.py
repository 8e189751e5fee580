"""`fit`: train a task from its first penalty to its best weights, with nothing to tune.

All that it does is also there as values: `task.make()`, an optimizer with a schedule, `descend`, `RunFolder`.
"""

import platform
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from surefoot import __version__
from surefoot.feedback import Plateau
from surefoot.schedules import Schedule
from surefoot.stopping import Judge
from surefoot.training.average import RunAverage
from surefoot.training.choices import CHOICES as CHOICES
from surefoot.training.generators import seeded
from surefoot.training.loop import descend
from surefoot.training.plan import SCHEDULE as SCHEDULE
from surefoot.training.plan import planned
from surefoot.training.recorder import Recorder
from surefoot.training.run import Run as Run
from surefoot.training.run import RunFailed as RunFailed
from surefoot.training.task import Task


def fit(
    task: Task,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    rule: str = "adamw",
    step_size: float | None = None,
    schedule: Schedule | None = None,
    stopping: Judge | None = None,
    seed: int = 0,
    runs: str | Path | None = None,
    progress: bool = True,
    check_every: int | None = None,
    device: str | torch.device | None = None,
    precision: str = "float32",
    accumulate: int = 1,
    feedback: Plateau | None = None,
    average: bool = True,
) -> Run:
    """Train a task and return the run, with the best weights in its model.

    Seeds torch, numpy and random, the global generators, so that the same seed gives the same run. The best weights are
    put back however the run ends: by its length, by the stopping rule, by Ctrl-C (the run is returned) or by an error.

    Args:
        task: what to train; a `model` that is a function is made anew, a module is trained in place.
        steps: length of the run in steps [>= 1]; either this or epochs.
        epochs: length of the run in epochs [>= 1], for loaders that know how many batches they have.
        rule: the name of any rule (`surefoot list`); sgd has momentum 0.9.
        step_size: the peak [> 0]; if None the rule's from `CHOICES`, or its own.
        schedule: its course; `SCHEDULE` if None. The length of the run is supplied.
        stopping: when to stop early, by the validation penalty; `Patience()` if None.
        seed: [0 to 2**32 - 1].
        runs: the folder in which to make a folder with this run's record; None records nothing.
        progress: show a line while it runs, if standard error is a terminal.
        check_every: steps between checks [>= 1]; if None an epoch, or more so that a run has at most 100 checks.
        device: where to train: "cpu", "cuda", "cuda:1", "mps" or a torch.device; where the model is if None. The model
            and the tensors in its batches are moved there.
        precision: float32, or bfloat16 for torch's autocast; weights, gradients and the optimizer stay float32.
        accumulate: batches in a step [>= 1], for batches larger than fit into memory; epochs then have fewer steps.
        feedback: cuts the step size by the validation penalty of every check, beside the schedule.
        average: keep the mean of about the last tenth of the steps (`training.average`), judge it at the end on the
            validation batches and return it if it is better than the best step's weights; False is for comparing.

    Errors: InvalidValue naming every fault of the call; RunFailed, a TaskError that holds the run, if the task raised.

    >>> data = [(torch.tensor([[1.0]]), torch.tensor([[2.0]]))]
    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=data)
    >>> fit(line, steps=50, step_size=0.3).reason
    'all 50 steps were taken'
    """
    plan = planned(
        task, steps=steps, epochs=epochs, rule=rule, step_size=step_size, schedule=schedule, stopping=stopping,
        seed=seed, check_every=check_every, device=device, precision=precision, accumulate=accumulate,
        feedback=feedback, average=average,
    )  # fmt: skip
    meta = {"settings": plan.settings(), "versions": _versions()}
    with Recorder(task.name, plan.steps, Path(runs) if runs is not None else None, meta, live=progress) as recorder:
        begun = perf_counter()
        seeded(plan.seed)
        model = plan.compute.placed(task.make())
        tail = RunAverage(task, model, steps=plan.steps, seed=plan.seed, compute=plan.compute) if average else None
        ending = descend(
            task, model, plan.optimizer(model), steps=plan.steps, check_every=plan.check_every,
            stopping=plan.stopping, seed=plan.seed, compute=plan.compute, accumulate=plan.accumulate,
            average=tail, tell=recorder.tell, tick=recorder.tick,
        )  # fmt: skip
        seconds = perf_counter() - begun
        trace = recorder.trace()
        run = Run(task.name, model.eval(), trace, ending, plan.steps, seconds, plan.settings(), recorder.path)
        recorder.end(run.to_json())
    if ending.error is not None:
        raise RunFailed(run) from ending.error
    return run


def _versions() -> dict[str, str]:
    return {
        "surefoot": __version__, "torch": str(torch.__version__), "numpy": np.__version__,
        "python": platform.python_version(), "machine": platform.machine(), "threads": str(torch.get_num_threads()),
    }  # fmt: skip
