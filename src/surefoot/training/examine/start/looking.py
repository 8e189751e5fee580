"""Looking at a task before it is trained: every check in turn, as far as the time allows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import torch

from surefoot.diagnose.checks.start import (
    ACTIVATION_SCALE,
    BATCH_MIXING,
    CANNOT_OVERFIT,
    CHECKS,
    CONSTANT_COLUMNS,
    INITIAL_PENALTY,
    INPUTS_NOT_FINITE,
    INPUTS_NOT_SCALED,
    LABELS_SORTED,
    LABELS_SUSPICIOUS,
    OVERCONFIDENT_OUTPUTS,
    ROWS_IN_BOTH,
)
from surefoot.errors import TaskError, refuse
from surefoot.training.compute import Compute, compute_faults
from surefoot.training.examine.start.both import rows_in_both
from surefoot.training.examine.start.contact import Contact, Met, contact_of, first_met
from surefoot.training.examine.start.data import constant, inputs_not_finite, inputs_not_scaled
from surefoot.training.examine.start.examination import Examination
from surefoot.training.examine.start.labels import labels_sorted, labels_suspicious
from surefoot.training.examine.start.mixing import mixing
from surefoot.training.examine.start.outcome import Clock, Looked, Unable, told
from surefoot.training.examine.start.overfit import overfit
from surefoot.training.examine.start.penalty import looked_at_outputs, looked_at_penalty
from surefoot.training.examine.start.reading import Side, read, unread
from surefoot.training.examine.start.scale import activations, measured
from surefoot.training.examine.start.setting import Setting, completed, prepared
from surefoot.training.task import Task

READING = 0.3
"""Part of the time that reading may take: of the training batches, and of what is then left for those of validation."""


def examined(
    task: Task,
    *,
    seed: int = 0,
    seconds: float = 10.0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    dismiss: Sequence[str] = (),
) -> Examination:
    """Look at a task before it is trained: its data, its first penalty, and what a copy of its model does with both.

    The task is left as it was, bit for bit: copies are run and trained. Random generators come back, the global ones
    and those of loaders, samplers and data sets. What a data set does when it is read, and what a stream has given,
    cannot be taken back; an epoch is read at most, for as long as the time allows. The batches and the model are those
    that `fit` with this seed begins with.

    Args:
        task: what to look at.
        seed: [0 to 2**32 - 1].
        seconds: how long it may take, about [> 0]: what there is no time for is skipped, and said to be.
        device: as in `fit`.
        precision: as in `fit`.
        dismiss: codes of checks that are not wanted.

    Errors: InvalidValue naming every fault of the call; TaskError if the task's code raises.

    >>> data = [(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[1.0], [0.0], [-1.0]]))]
    >>> line = Task(model=lambda: torch.nn.Linear(1, 1), penalty=torch.nn.MSELoss(), train=data)
    >>> examined(line).sound
    True
    """
    _refuse(seed, seconds, device, precision, dismiss)
    clock = Clock(seconds)
    with unread([task.train, task.validation]):
        sides, looks = _looks(task, Compute(device, precision), seed, clock)
    kept = linked([look for look in looks if look.code not in dismiss])
    return Examination(
        task.name,
        tuple(look.finding for look in kept if look.finding is not None),
        {look.code: look.passed for look in kept if look.finding is None and not look.skipped},
        {look.code: look.skipped for look in kept if look.skipped},
        sides["training"].rows, sides["training"].whole, clock.passed,
    )  # fmt: skip


def linked(looks: Sequence[Looked]) -> list[Looked]:
    """Return the looks with a first penalty that is a note made a fault if a few rows could not be learnt either.

    Targets of 200,000 may be meant; if no step size of use brings a copy there, they are what is in the way.
    """
    stuck = any(look.code == CANNOT_OVERFIT.code and look.finding is not None for look in looks)
    return [
        replace(look, finding=replace(look.finding, severity="fault"))
        if stuck and look.code == INITIAL_PENALTY.code and look.finding is not None
        else look
        for look in looks
    ]


def _looks(task: Task, compute: Compute, seed: int, clock: Clock) -> tuple[dict[str, Side], list[Looked]]:
    """Return what was read, and what came of every check."""
    try:
        setting = prepared(task, compute, seed)
        sides = _sides(task, seed, clock)
        return sides, _judged(setting, sides, clock)
    except Exception as error:  # of the user's code: any kind
        if isinstance(error, TaskError) and str(error).startswith(f"{task.name}: "):
            raise
        raise _failed(task, told(error)) from error


def _sides(task: Task, seed: int, clock: Clock) -> dict[str, Side]:
    sides = {"training": read(task, task.train, seed, clock, clock.share(READING))}
    if not sides["training"].kept:
        raise _failed(task, "train gave no batches")
    if task.validation is not None:
        sides["validation"] = read(task, task.validation, 0, clock, clock.share(READING))
    return sides


def _judged(setting: Setting, sides: dict[str, Side], clock: Clock) -> list[Looked]:
    side = sides["training"]
    completed(setting, side.kept[0])
    first = first_met(setting, side.kept[0])
    data = _taken(_data_looks(setting, sides, first), clock)
    contact = contact_of(setting, side, clock) if first.error is None else None
    error = first.error if contact is None else contact.error
    faulty = any(look.finding is not None and look.finding.severity == "fault" for look in data)
    if error is not None and not faulty and not isinstance(error, Unable):
        raise error
    if contact is not None:
        return _in_order([*data, *_taken(_model_looks(setting, side, contact, clock), clock)])
    why = str(error) if isinstance(error, Unable) or error is None else f"the penalty fails: {told(error)}"
    left = [check.code for check in CHECKS if check.code not in {look.code for look in data}]
    return _in_order([*data, *(Looked(code, skipped=why) for code in left)])


Look: TypeAlias = tuple[str, Callable[[], Looked]]
"""A check's code, and what looks."""


def _data_looks(setting: Setting, sides: dict[str, Side], first: Met) -> list[Look]:
    side = sides["training"]
    return [
        (INPUTS_NOT_FINITE.code, lambda: inputs_not_finite(setting, sides)),
        (CONSTANT_COLUMNS.code, lambda: constant(side)),
        (LABELS_SUSPICIOUS.code, lambda: labels_suspicious(first, side)),
        (LABELS_SORTED.code, lambda: labels_sorted(setting.task.train, side)),
        (ROWS_IN_BOTH.code, lambda: rows_in_both(setting.task, side, sides.get("validation"))),
    ]


def _model_looks(setting: Setting, side: Side, contact: Contact, clock: Clock) -> list[Look]:
    signals = measured(setting, side)
    first = looked_at_penalty(contact, signals.last)
    harmed = first.finding is not None and first.finding.severity == "fault"
    return [
        (INITIAL_PENALTY.code, lambda: first),
        (ACTIVATION_SCALE.code, lambda: activations(signals)),
        (OVERCONFIDENT_OUTPUTS.code, lambda: looked_at_outputs(contact, signals.last)),
        (INPUTS_NOT_SCALED.code, lambda: inputs_not_scaled(setting, side, signals.first, harms=harmed)),
        (BATCH_MIXING.code, lambda: mixing(setting, side)),
        (CANNOT_OVERFIT.code, lambda: overfit(setting, side, clock)),
    ]


def _taken(looks: Sequence[Look], clock: Clock) -> list[Looked]:
    return [_timed(code, clock, look) for code, look in looks]


def _timed(code: str, clock: Clock, look: Callable[[], Looked]) -> Looked:
    """Return what a look gives, or why it could not be taken."""
    if clock.left <= 0.0:
        return Looked(code, skipped=f"there was no time left after {clock.passed:.1f} s; give more seconds")
    try:
        return look()
    except Unable as error:
        return Looked(code, skipped=str(error))
    except Exception as error:  # of the user's code, in a use that the run itself does not make of it
        return Looked(code, skipped=f"it failed: {told(error)}")


def _in_order(looks: Sequence[Looked]) -> list[Looked]:
    order = {check.code: number for number, check in enumerate(CHECKS)}
    return sorted(looks, key=lambda look: order[look.code])


def _failed(task: Task, why: str) -> TaskError:
    return TaskError(f"{task.name}: while checking, {why}")


def _refuse(seed: int, seconds: float, device: object, precision: object, dismiss: Sequence[str]) -> None:
    codes = [check.code for check in CHECKS]
    faults = compute_faults(device, precision)
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        faults.append(f"seed is {seed}; it must be a whole number from 0 to 2**32 - 1")
    if not seconds > 0.0:
        faults.append(f"seconds is {seconds}; it must be above 0, and 10 is usual")
    faults += [f"dismiss holds {code!r}; it is one of {', '.join(codes)}" for code in dismiss if code not in codes]
    refuse("examine", faults)
