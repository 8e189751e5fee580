"""`fit`: train a task from its first penalty to its best weights, with nothing to tune."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from surefoot.diagnose import Finding
from surefoot.feedback import Plateau
from surefoot.fitting.halt import Halt
from surefoot.fitting.keeping import keep, saving_of
from surefoot.fitting.plan import SEARCH, Plan, planned
from surefoot.fitting.resuming import opened, versions
from surefoot.fitting.run import Run, RunFailed
from surefoot.fitting.search_log import SearchLog
from surefoot.fitting.searching import ready, searched, unsearched
from surefoot.schedules import Schedule
from surefoot.stopping import Judge
from surefoot.trace import Event, Trace
from surefoot.training.average import RunAverage
from surefoot.training.checkpoint.checkpoints import EVERY
from surefoot.training.doctor import Doctor
from surefoot.training.footing import Footing
from surefoot.training.generators import seeded
from surefoot.training.layer_figures import layer_figures
from surefoot.training.loop import Ending, descend
from surefoot.training.open_end import Until
from surefoot.training.recorder import Recorder
from surefoot.training.saving import Saving
from surefoot.training.task import Task


def fit(
    task: Task,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    until: Until | None = None,
    minutes: float | None = None,
    rule: str | None = None,
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
    search: float = SEARCH,
    resume: bool | str | Path = False,
    save_every: float = EVERY,
    dismiss: Sequence[str] = (),
) -> Run:
    """Train a task and return the run, with the best weights in its model.

    Where no step size is given it is found by a race first (`surefoot.race` says how), which takes a quarter of the
    run's steps at most, beside them, and leaves no mark but what it found.

    The doctor watches every run (`Doctor`): what it finds is in `run.findings` and in the record. It changes nothing.

    Every run is under guard (`Guard`): a step whose penalty or gradients are not finite is not taken. A run that falls,
    that is whose penalty goes up to stay or is not finite ten times in a row, goes back to its best weights and goes on
    with a smaller step size; the third fall ends it as diverged. The trace tells both, as events.

    Seeds torch, numpy and random, the global generators, so that the same seed gives the same run. The best weights are
    put back however the run ends: by its length, by the stopping rule, by Ctrl-C (the run is returned) or by an error.

    Args:
        task: what to train; a `model` that is a function is made anew, a module is trained in place.
        steps: length of the run in steps [>= 1]; either this or epochs, or one of the two below.
        epochs: length of the run in epochs [>= 1], for loaders that know how many batches they have.
        until: "plateau" for a run of unknown length: the step size warms up and holds until validation no longer gets
            better (`Flat`, or `stopping` if given), then falls to zero over a quarter of the steps so far, and the run
            ends. `steps` or `epochs` are then the most it may take.
        minutes: the same by the clock, search and all; where both are given, by what comes first. How many steps there
            are then depends on the machine, so the same seed does not give the same weights.
        rule: the name of any rule (`surefoot list`), or muon (`MuonAdamW`); sgd has momentum 0.9. If None those of
            `FIELD` race, and muon trains where there is no race.
        step_size: the peak [> 0]; found by a race if None.
        schedule: its course; `SCHEDULE` if None. The length of the run is supplied.
        stopping: when to stop early, by the validation penalty; `Patience()` if None.
        seed: [0 to 2**32 - 1].
        runs: the folder in which to make a folder with this run's record; None records nothing. A run that is recorded
            cannot be lost: its whole state is saved there now and then (`Checkpoints`), and SIGTERM ends it after
            saving it.
        progress: show a line while it runs, if standard error is a terminal.
        check_every: steps between checks [>= 1]; if None an epoch, or more so that a run has at most 100 checks.
        device: where to train: "cpu", "cuda", "cuda:1", "mps" or a torch.device; where the model is if None. The model
            and the tensors in its batches are moved there.
        precision: float32, or bfloat16 for torch's autocast; weights, gradients and the optimizer stay float32.
        accumulate: batches in a step [>= 1], for batches larger than fit into memory; epochs then have fewer steps.
        feedback: cuts the step size by the validation penalty of every check, beside the schedule.
        average: keep the mean of about the last tenth of the steps (`training.average`), judge it at the end on the
            validation batches and return it if it is better than the best step's weights; False is for comparing.
        dismiss: codes of findings that are not to be told (`surefoot list --kind checks`).
        search: the most that the race may take, as a part of the run's steps [0 to 1]; at 0 the step size is the rule's
            usual one.

        resume: True to go on with the latest run of this task in `runs` that was killed, interrupted or failed, to the
            very weights that it would have had: search, cool-down and the place in the data are gone back to; if there
            is none a new run begins, recorded where `surefoot fit` records if `runs` is None. Or the folder of a run.
            The same settings have to be given again.
        save_every: seconds between two checkpoints [>= 0]; fewer are made where saving would take over 1 % of the time.

    Errors: InvalidValue naming every fault of the call; TaskError if the task raised during the search; RunFailed, a
    TaskError that holds the run, if it raised later.

    >>> data = [(torch.tensor([[1.0]]), torch.tensor([[2.0]]))]
    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=data)
    >>> fit(line, steps=50, step_size=0.3).reason
    'all 50 steps were taken'
    """
    plan = planned(
        task, steps=steps, epochs=epochs, until=until, minutes=minutes, rule=rule, step_size=step_size,
        schedule=schedule, stopping=stopping, seed=seed, check_every=check_every, device=device, precision=precision,
        accumulate=accumulate, feedback=feedback, average=average, search=search,
    )  # fmt: skip
    length = plan.steps if plan.end is None else None
    begun = perf_counter()
    folder = opened(task.name, task.source, plan.settings(), versions(), None if runs is None else Path(runs), resume)
    with Recorder(task.name, length, folder, live=progress) as recorder, Halt(active=folder is not None) as halt:
        found = None
        saving = None if folder is None else saving_of(task, folder, recorder, halt, save_every)
        try:
            if unsearched(task, plan) is None:
                task = ready(task, plan)
                found = searched(task, plan, SearchLog(recorder.path), halt.between(recorder.raced))
                plan = plan.at(found.rule, found.step_size, found.decay)
                recorder.tell(Trace(events=(Event(0, "searched", found.summary()),)))
            model, ending, findings = _trained(task, plan, recorder, begun, dismiss, saving)
        except KeyboardInterrupt:  # the loop returns from one, so it came before the first step
            model, ending, findings = plan.compute.placed(task.make()), _UNBEGUN, []
            recorder.tell(Trace(events=(Event(0, ending.kind, ending.reason),)))
        seconds = perf_counter() - begun
        run = Run(
            task.name, model.eval(), recorder.trace(), ending, length or ending.step, seconds, plan.settings(),
            recorder.path, found, tuple(findings),
        )  # fmt: skip
        if recorder.path is not None:
            keep(run.model, recorder.path, ending.kind)
        recorder.end(run.to_json())
    if ending.error is not None:
        raise RunFailed(run) from ending.error
    return run


_UNBEGUN = Ending("interrupted", 0, "interrupted by you during the search for the step size", 0)


def _trained(
    task: Task, plan: Plan, recorder: Recorder, begun: float, dismiss: Sequence[str], saving: Saving | None
) -> tuple[nn.Module, Ending, list[Finding]]:
    """Train a task as planned; return its model, with the best weights, how that ended, and what the doctor found."""
    seeded(plan.seed)
    model = plan.compute.placed(task.make())
    tail = RunAverage(task, model, steps=plan.supposed, seed=plan.seed, compute=plan.compute) if plan.average else None
    optimizer = plan.optimizer(model)
    doctor = Doctor(model, optimizer, task.penalty, dismiss=dismiss, tell=None)
    layers = layer_figures(optimizer, recorder.begin_layers, recorder.layers, model) if recorder.path else None
    footing = Footing(model, optimizer)
    ending = descend(
        task, model, optimizer, steps=plan.steps, check_every=plan.check_every, stopping=plan.stopping,
        seed=plan.seed, compute=plan.compute, accumulate=plan.accumulate, average=tail, end=plan.end, begun=begun,
        doctor=doctor, saving=saving, layers=layers, guard=footing, tell=recorder.tell, tick=recorder.tick,
    )  # fmt: skip
    return model, ending, [*doctor.findings, *(each for each in footing.findings if each.code not in dismiss)]
