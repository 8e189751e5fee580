"""Whether each row of a batch is answered by itself, tried out by replacing one row after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from surefoot.diagnose.checks.start import BATCH_MIXING
from surefoot.diagnose.checks.start_model import batch_mixing
from surefoot.diagnose.finding import Finding
from surefoot.training.examine.start.batch_rows import count, digests, selected
from surefoot.training.examine.start.outcome import Looked, Unable
from surefoot.training.examine.start.reading import Side
from surefoot.training.examine.start.setting import Call, Setting
from surefoot.training.generators import seeded
from surefoot.training.nested import changed, first_tensor

SIZES = (6, 5, 7, 4, 3)
"""Rows that are tried, the first number that no other dimension of the output has."""
WEAK = 1e-3
"""Part of the largest change below which a change in other rows is no dependence."""
ROUNDING = 1e-5
"""Part of the largest output below which a change may be float32's rounding: 1e-7, many times over."""
SMALL = 0.02
"""Deviation of what weights that are all 0 are given, so that what is behind them is seen."""


@torch.no_grad()
def mixing(setting: Setting, side: Side) -> Looked:
    """Return whether an output depends on one row of the input alone, in evaluation mode.

    One row is made a copy of another, for each of a few rows; sound is an output of which no number changes for two of
    them. That needs no gradient, takes tokens as it takes floats, and need not know where the output has its rows. A
    batch norm takes its statistics and mixes nothing. Where it is not known along which dimension the rows stand, rows
    must mix along both.

    Errors: Unable, saying why it cannot be told.
    """
    model = setting.model()
    _open(model)
    setting.judged(model, side.kept[0])  # a batch norm whose statistics are those of no data may let nothing through
    call = setting.called(model.eval(), side.kept[0])
    found: list[Finding] = []
    reasons = ["the model's input has no rows"]
    for axis in _axes(setting, side, call):
        try:
            finding = _along(setting, model, call, axis)
        except Unable as error:
            reasons.append(str(error))
            continue
        if finding is None:
            return Looked(BATCH_MIXING.code, passed="each row is answered by itself")
        found.append(finding)
    if not found or len(reasons) > 1:
        raise Unable(reasons[-1])
    return Looked(BATCH_MIXING.code, found[0])


def _axes(setting: Setting, side: Side, call: Call) -> tuple[int, ...]:
    first = first_tensor(call.args or call.kwargs)
    if first is None or not first.ndim:
        return ()
    if setting.task.forward is None:
        return side.axes
    rows = count(side.kept[0], 0)  # forward may hand on whatever it makes of the batch
    known = tuple(axis for axis in (0, 1) if first.ndim > axis and first.shape[axis] == rows)
    return known if len(side.axes) == 1 and known else (0, 1)[: first.ndim]


def _open(model: nn.Module) -> None:
    """Let everything take part: weights that are all 0, and norms that would take a batch's own statistics."""
    draws = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim and not bool(parameter.any()):
            parameter.copy_(SMALL * torch.randn(parameter.shape, generator=draws))
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.momentum = 1.0
        if isinstance(module, _BatchNorm) and module.running_mean is None:
            like = next(iter(model.parameters()))
            module.running_mean = torch.zeros(module.num_features, device=like.device)
            module.running_var = torch.ones(module.num_features, device=like.device)


@final
@dataclass(frozen=True, eq=False)
class _Trial:
    """A few rows of a call, to be run again and again with one of them replaced."""

    setting: Setting
    model: nn.Module
    given: tuple[tuple[Any, ...], Mapping[str, Any]]
    axis: int
    rows: int
    chosen: tuple[int, ...]

    def run(self, replaced: int | None = None) -> tuple[Tensor, Tensor]:
        """Return all numbers of the output that have a row, and the row of each, -1 where it is not plain."""
        some = [*self.chosen]
        if replaced is not None:
            some[replaced] = some[(replaced + 1) % len(some)]
        args, kwargs = selected(self.given, self.axis, self.rows, some)
        seeded(self.setting.seed)
        with self.setting.compute.autocast(self.model):
            output = self.model(*args, **kwargs)
        return _numbers(output, len(some))


def _along(setting: Setting, model: nn.Module, call: Call, axis: int) -> Finding | None:
    """Return the finding if rows along a dimension mix."""
    given = (call.args, call.kwargs)
    rows = count(call.args or call.kwargs, axis)
    hashes = digests(call.args or call.kwargs, axis, rows)
    distinct = [*{digest: at for at, digest in reversed([*enumerate(hashes)])}.values()][::-1]
    taken = [size for tensor in _tensors(call.output) for size in tensor.shape if size != rows]
    size = next((size for size in SIZES if size <= len(distinct) and size not in taken), None)
    if size is None:
        raise Unable("a batch has fewer than 3 rows that differ")
    trial = _Trial(setting, model, given, axis, rows, tuple(distinct[:size]))
    try:
        before, owners = trial.run()
        changes = torch.stack([(trial.run(row)[0] - before).abs() for row in range(size)])
    except Unable:
        raise
    except Exception as error:
        raise Unable(f"the model does not run on {size} of a batch's {rows} rows ({type(error).__name__})") from error
    return _judged(before, owners, changes)


def _judged(before: Tensor, owners: Tensor, changes: Tensor) -> Finding | None:
    if not bool(changes.isfinite().all()):
        raise Unable("the outputs are not finite")
    largest = float(changes.max())
    least = max(WEAK * largest, ROUNDING * float(before.abs().max()))
    touched = changes > least
    if largest <= least:
        raise Unable("the output does not depend on the input")
    if not bool((touched.sum(0) > 1).any()):
        return None
    size = len(changes)
    elsewhere = [sorted({int(at) for at in owners[touched[row]]} - {row, -1}) for row in range(size)]
    row = max(range(size), key=lambda one: len(elsewhere[one]))
    others = changes[row][owners != row]
    strength = float(others.max()) / float(changes[row].max()) if len(others) else 1.0
    return batch_mixing(row, elsewhere[row], strength)


def _tensors(output: Any) -> list[Tensor]:
    found: list[Tensor] = []
    changed(output, lambda tensor: found.append(tensor) if isinstance(tensor, Tensor) else None)
    return [tensor for tensor in found if tensor.is_floating_point()]


def _numbers(output: Any, rows: int) -> tuple[Tensor, Tensor]:
    """Return the numbers of the tensors with rows, but of those that have two such dimensions: they compare rows."""
    values, owners = [], []
    for tensor in _tensors(output):
        places = [at for at, size in enumerate(tensor.shape) if size == rows]
        if len(places) == 1 or (not places and tensor.ndim and tensor.shape[0] % rows == 0):
            at = places[0] if places else 0
            shape = [-1 if one == at else 1 for one in range(tensor.ndim)]
            owner = torch.arange(tensor.shape[at]) // (tensor.shape[at] // rows)
            owners.append(owner.reshape(shape).expand(tensor.shape).reshape(-1))
            values.append(tensor.detach().double().cpu().reshape(-1))
    if not values:
        raise Unable("the output has no rows that could be told apart")
    return torch.cat(values), torch.cat(owners)
