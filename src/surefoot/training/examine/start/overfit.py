"""Whether a copy of the model can learn a few rows by heart."""

import math
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import Literal, TypeAlias, final

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from surefoot.diagnose.checks.start import CANNOT_OVERFIT
from surefoot.diagnose.checks.start_model import cannot_overfit, cut_off
from surefoot.errors import InvalidValue
from surefoot.pytorch.drop_in import AdamW
from surefoot.training.batches import Batch
from surefoot.training.examine.start.batch_rows import count, digests, selected
from surefoot.training.examine.start.contact import met
from surefoot.training.examine.start.outcome import Clock, Looked, Unable
from surefoot.training.examine.start.reading import Side
from surefoot.training.examine.start.references import at_start, chance_level, floor, samples
from surefoot.training.examine.start.setting import Setting

MANY, FEW = 16, 2
"""Rows that are tried, and rows that every model can learn that sees them: a line goes through any two points."""
STEPS, MOST = 200, 1000
"""Steps after which it is asked whether the penalty still falls, and after which it is not asked again."""
STEP_SIZES = (3e-3, 3e-2)
"""Of AdamW without decay: its usual one for a deep net, and one with which a weight moves by 6 in all."""
PART = 0.1
"""Part of what the best constant costs that the penalty must fall below; a softmax before CrossEntropy leaves ten
classes at 0.63 of ln 10 and more, a sigmoid before BinaryCrossEntropy two at 0.73 of ln 2."""
PART_OF_TIME, PATIENCE = 0.25, 8.0
"""Part of an examination's seconds that one attempt may compute; and how many times as long it may take if the machine
is busy or the work is another device's."""
LOOSE = 0.9
"""The same where nothing is known of the penalty, whose least may be far above 0 as an ELBO's is, or of many rows."""
FALLING = 0.05
"""Part that the penalty fell by in the last 50 steps from which on more steps may do it."""


End: TypeAlias = Literal["learnt", "stuck", "falling", "diverged", "late", "cut"]
"""Falling is not yet learnt and might go on; late had no more time; cut has a penalty that depends on no weight."""


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a batch.

    Args:
        batch: they alone, or the whole batch where they cannot be taken out.
        size: how many they are.
        keys: a hash of each one's input; empty if they are not told apart.
    """

    batch: Batch
    size: int
    keys: tuple[int, ...]


@final
@dataclass(frozen=True)
class Attempt:
    """What came of training a copy.

    Args:
        end: how it ended.
        steps: taken.
        best: the lowest penalty.
    """

    end: End
    steps: int
    best: float


def overfit(setting: Setting, side: Side, clock: Clock) -> Looked:
    """Return whether a few rows can be learnt: many, or else two.

    Errors: Unable, saying why it cannot be told.
    """
    weights = sum(each.numel() for each in setting.model().parameters() if each.requires_grad)
    if not weights:
        raise Unable("the model has nothing to train")
    ends: list[Attempt] = []
    for size in (MANY, FEW):
        rows = taken(setting, side, size)
        goal, begun = aim(setting, rows), _begun(setting, rows)
        ends = []
        for step_size in STEP_SIZES:
            attempt = trained(setting, rows.batch, step_size, goal, clock)
            if attempt.end == "learnt":
                return Looked(CANNOT_OVERFIT.code, passed=_said(rows.size, attempt.steps))
            if attempt.end == "cut":
                return Looked(CANNOT_OVERFIT.code, cut_off())
            ends.append(attempt)
    if any(attempt.end in ("falling", "late") for attempt in ends) or all(each.end == "diverged" for each in ends):
        raise Unable(_why(ends))
    if not all(each.requires_grad for each in setting.model().parameters()):
        raise Unable("some parameters are frozen, and two rows could not be learnt with the others alone")
    if weights < _targets(setting, rows):
        raise Unable("the model has fewer weights than two rows have targets")
    best = min(attempt.best for attempt in ends)
    return Looked(CANNOT_OVERFIT.code, cannot_overfit(rows.size, max(each.steps for each in ends), best, goal, begun))


def taken(setting: Setting, side: Side, size: int) -> Rows:
    """Return some rows of the first batch; of two, the second has another input and another target."""
    batch = side.kept[0]
    given, target = setting.given(batch)
    axis = side.axes[0] if side.axes else 0
    rows = count(given, axis)
    if rows <= size:
        return Rows(batch, rows, tuple(digests(given, axis, rows)))
    keys = digests(given, axis, rows)
    chosen = list(range(size)) if size > FEW else [0, _other(target, keys, axis, rows)]
    some = selected(batch, axis, rows, chosen)
    try:
        setting.judged(setting.model(), some)
    except Exception:  # something in it belongs to all of the rows
        return Rows(batch, rows, tuple(keys))
    return Rows(some, size, tuple(keys[at] for at in chosen) if keys else ())


def _other(target: object, keys: Sequence[int], axis: int, rows: int) -> int:
    """Return the row whose target is farthest from that of row 0, among those with another input."""
    others = [at for at in range(1, rows) if not keys or keys[at] != keys[0]] or [1]
    if not isinstance(target, Tensor) or rows not in target.shape[:2]:
        return others[0]
    flat = selected(target, axis, rows, range(rows)).movedim(0 if target.shape[0] == rows else 1, 0)
    flat = flat.reshape(rows, -1).double()
    away = (flat - flat[0]).abs().sum(1)
    return max(others, key=lambda at: float(away[at]))


def aim(setting: Setting, rows: Rows) -> float:
    """Return the penalty that these rows must fall below; a batch that cannot be parted need not be learnt by heart."""
    seen = met(setting, setting.model(), rows.batch)
    if seen.known is None or seen.target is None:
        return _loose_aim(setting, rows)
    try:
        found = samples(seen.known, seen.target, seen.classes)
        least = floor(seen.known, seen.target.cpu(), seen.classes, _keys(rows, len(seen.target)))
    except (InvalidValue, RuntimeError, TypeError):  # such as a target without dimensions
        return _loose_aim(setting, rows)
    start, chance = at_start(seen.known, found), chance_level(seen.known, found)
    level = chance if chance - least > 0.05 * (start - least) else start  # rows of one class, equal targets
    return least + (PART if rows.size <= MANY else LOOSE) * (level - least)


def _keys(rows: Rows, targets: int) -> list[Hashable]:
    """Return what tells targets apart: that of their row, and their place in it if a row has several."""
    if not rows.keys or targets % len(rows.keys):
        return [*range(targets)]
    places = targets // len(rows.keys)
    return [(key, place) for key in rows.keys for place in range(places)]


@torch.no_grad()
def _loose_aim(setting: Setting, rows: Rows) -> float:
    """Return a goal for a penalty of which nothing is known.

    It must fall a little below what the model costs; or below what it would cost with its weights in another order, if
    that is twice as much: then it begins trained, and may be at its least already.
    """
    begun, model = _begun(setting, rows), setting.model()
    draws = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            order = torch.randperm(parameter.numel(), generator=draws).to(parameter.device)
            parameter.copy_(parameter.reshape(-1)[order].reshape(parameter.shape))
    shuffled = float(setting.judged(model, rows.batch)[0])
    level = shuffled if math.isfinite(shuffled) and shuffled - begun > abs(begun) else begun
    return level - (1.0 - LOOSE) * abs(level)


@torch.no_grad()
def _begun(setting: Setting, rows: Rows) -> float:
    return float(setting.judged(_steady(setting.model()), rows.batch)[0])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute with one thread: several wait for one another where the machine is busy, and waiting counts as work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def trained(setting: Setting, batch: Batch, step_size: float, goal: float, clock: Clock) -> Attempt:
    """Return what comes of training a copy on a batch, with the same draws at every step.

    It ends by its steps. Only a model whose steps take so long that they do not fit ends by time: that of this thread's
    own work, so that it does not depend on what else the machine does.

    Args:
        setting: what is examined.
        batch: the rows.
        step_size: of AdamW.
        goal: the penalty to fall below.
        clock: says how long an examination may take; the optimizer's first step, which loads what it needs, does not
            count.
    """
    with _one_thread():
        return _trained(setting, batch, step_size, goal, PART_OF_TIME * clock.seconds)


def _trained(setting: Setting, batch: Batch, step_size: float, goal: float, seconds: float) -> Attempt:
    model = _steady(setting.model())
    optimizer = AdamW([each for each in model.parameters() if each.requires_grad], step_size=step_size, decay=0.0)
    values: list[float] = []
    work, until = math.inf, math.inf
    while True:
        penalty = setting.judged(model, batch)[0]
        values.append(float(penalty.detach()))
        end = _end(values, goal, late=thread_time() > work or perf_counter() > until, cut=not penalty.requires_grad)
        if end is not None:
            return Attempt(end, len(values) - 1, min((value for value in values if value == value), default=math.nan))
        optimizer.zero_grad()
        penalty.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if len(values) == 1:
            work, until = thread_time() + seconds, perf_counter() + PATIENCE * seconds


def _end(values: Sequence[float], goal: float, *, late: bool, cut: bool) -> End | None:
    """Return how an attempt with these penalties has ended, or None if it goes on."""
    taken = len(values) - 1
    if not math.isfinite(values[-1]):
        return "diverged"
    if values[-1] <= goal:
        return "learnt"
    if late or cut:
        return "cut" if cut else "late"
    if not taken or taken % STEPS:
        return None
    early, recent = min(values[: -STEPS // 4]), min(values[-STEPS // 4 :])
    if early - recent <= FALLING * abs(early):
        return "stuck"
    return "falling" if taken >= MOST else None


def _steady(model: nn.Module) -> nn.Module:
    """Return the model with its dropout off; batch norms stay in training mode, where a new model's signal lives."""
    for module in model.modules():
        if isinstance(module, _DropoutNd):
            module.eval()
        if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
            module.dropout = 0.0
    return model


def _targets(setting: Setting, rows: Rows) -> int:
    target = setting.given(rows.batch)[1]
    return target.numel() if isinstance(target, Tensor) else 1


def _said(rows: int, steps: int) -> str:
    return f"{rows} rows overfitted in {_steps(steps)}" if steps else f"{rows} rows known before any step"


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


def _why(ends: Sequence[Attempt]) -> str:
    if any(attempt.end == "late" for attempt in ends):
        return f"there was only time for {_steps(max(attempt.steps for attempt in ends))}"
    if any(attempt.end == "falling" for attempt in ends):
        return f"the penalty was still falling after {MOST} steps"
    return "the penalty was soon no finite number"
