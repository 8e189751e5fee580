"""Whether the inputs are finite, scaled, and different from row to row."""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from surefoot.diagnose.checks.start import CONSTANT_COLUMNS, INPUTS_NOT_FINITE, INPUTS_NOT_SCALED
from surefoot.diagnose.checks.start_data import Flaw, constant_columns, not_finite, not_scaled
from surefoot.diagnose.finding import Finding
from surefoot.training.examine.start.batch_rows import row_axis
from surefoot.training.examine.start.outcome import Looked
from surefoot.training.examine.start.reading import Flawed, Side, joined
from surefoot.training.examine.start.setting import Setting
from surefoot.training.nested import first_tensor

COMMON = 0.01
"""Share of the other columns' numbers from which on a value is a background, as 0 is in images and one-hot codes."""


def inputs_not_finite(setting: Setting, sides: dict[str, Side]) -> Looked:
    """Return whether inputs and targets are finite."""
    for name, side in sides.items():
        if side.flawed is not None:
            return Looked(INPUTS_NOT_FINITE.code, not_finite(_flaw(setting, side, name, side.flawed)))
    return Looked(INPUTS_NOT_FINITE.code, passed="all read is finite")


@torch.no_grad()
def _flaw(setting: Setting, side: Side, name: str, flawed: Flawed) -> Flaw:
    bad = ~flawed.tensor.isfinite()
    axis = side.axes[0] if side.axes else 0
    first = first_tensor(setting.given(flawed.batch)[0])
    rows = 0 if first is None or first.ndim <= axis else first.shape[axis]
    where = row_axis(bad, axis, rows)
    found = () if where is None else tuple(bad.movedim(where, 0).reshape(rows, -1).any(1).nonzero().flatten().tolist())
    columns = tuple(bad.any(0).nonzero().flatten().tolist()) if bad.ndim == 2 and where == 0 else ()
    try:
        penalty: float | None = float(setting.judged(setting.model(), flawed.batch)[0])
    except Exception:  # a penalty may refuse such numbers
        penalty = None
    return Flaw(flawed.of, f"{name} batch {flawed.number}", found, columns, float(bad.float().mean()), penalty)


@final
@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table: mean and deviation of each, and the root mean square of all; no columns if it is none."""

    means: list[float]
    deviations: list[float]
    size: float

    @classmethod
    def of(cls, values: Tensor) -> "Columns":
        """Return those of a tensor of rows [n, columns] or of any other shape."""
        found = values.detach().double()
        size = float(found.square().mean().sqrt())
        if found.ndim != 2:
            return cls([], [], size)
        return cls(found.mean(0).tolist(), found.std(0, correction=0).tolist(), size)

    def judged(self, *, harms: bool) -> Finding | None:
        """Return the finding on their scales."""
        return not_scaled(self.means, self.deviations, self.size, harms=harms)


def inputs_not_scaled(setting: Setting, side: Side, received: Tensor | None, *, harms: bool) -> Looked:
    """Return whether inputs are scaled.

    Args:
        setting: what is examined.
        side: the training data.
        received: what the first layer with weights is given for a batch: a model may scale its inputs itself.
        harms: whether the first penalty is far too high.
    """
    code = INPUTS_NOT_SCALED.code
    first = first_tensor(setting.given(side.kept[0])[0])
    if first is None or not first.is_floating_point() or first.numel() == 0:
        return Looked(code, skipped="the inputs are not floating-point numbers")
    table = joined(side.tables)
    read = Columns.of(first[first.isfinite()] if table is None else table[table.isfinite().all(1)])
    if math.isnan(read.size):  # nothing is finite, and told to be so
        return Looked(code, skipped="the inputs are not finite")
    finding = read.judged(harms=harms)
    if finding is None:
        return Looked(code, passed=f"root mean square {read.size:.2g}")
    if received is not None and received.shape != first.shape and Columns.of(received).judged(harms=harms) is None:
        return Looked(code, passed="the model scales its inputs")
    if received is not None and received.shape == first.shape and not torch.equal(received.cpu(), first.cpu()):
        return Looked(code, passed="the model changes its inputs") if _scaled(received) else Looked(code, finding)
    return Looked(code, finding)


def _scaled(received: Tensor) -> bool:
    return Columns.of(received).judged(harms=False) is None


def constant(side: Side) -> Looked:
    """Return whether columns of a table never change."""
    table = joined(side.tables)
    if table is None or len(table) < 2:
        return Looked(CONSTANT_COLUMNS.code, skipped="the inputs are no table of floating-point numbers")
    same = (table == table[0]).all(0)
    values = {int(at): float(table[0, at]) for at in same.nonzero().flatten()}
    others = table[:, ~same]
    kept = {at: value for at, value in values.items() if not _common(others, value)}
    return Looked(CONSTANT_COLUMNS.code, constant_columns(kept, table.shape[1]), f"{table.shape[1]} columns vary")


def _common(others: Tensor, value: float) -> bool:
    return others.numel() > 0 and float((others == value).float().mean()) >= COMMON
