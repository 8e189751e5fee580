"""The eager lane: any device and dtype, one torch operation at a time.

Parameters of less than float32's precision are stepped in float32 and rounded once per step and array.
"""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.rules.gradient import prepared
from surefoot.rules.language import bind
from surefoot.rules.rule import Rule

Row = tuple[float, ...]

_on_cpu = attrgetter("is_cpu")


def _tensor(value: Tensor | float, like: Tensor) -> Tensor:
    return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=like.dtype, device=like.device)


class Operations:
    """The meaning of `xp` for torch: its functions, given numbers where numpy allows them."""

    sqrt, abs, exp, log, sign, where = torch.sqrt, torch.abs, torch.exp, torch.log, torch.sign, torch.where

    @staticmethod
    def maximum(a: Tensor | float, b: Tensor | float) -> Tensor:
        """Return the larger of two, element by element; NaN wins."""
        like = a if isinstance(a, Tensor) else b
        assert isinstance(like, Tensor)
        return torch.maximum(_tensor(a, like), _tensor(b, like))

    @staticmethod
    def minimum(a: Tensor | float, b: Tensor | float) -> Tensor:
        """Return the smaller of two, element by element; NaN wins."""
        like = a if isinstance(a, Tensor) else b
        assert isinstance(like, Tensor)
        return torch.minimum(_tensor(a, like), _tensor(b, like))


def step(rule: Rule, p: Tensor, g: Tensor, slots: Sequence[Tensor], row: Row) -> tuple[Tensor, ...]:
    """Return the new parameter and slots; `row` holds `scale`, `l2` and the formula's numbers."""
    result = bind(rule.formula, Operations)(p, prepared(p, g, row[0], row[1]), *slots, *row[2:])
    return result if isinstance(result, tuple) else (result,)


def fault(p: Tensor, g: Tensor) -> str | None:
    """Say why no backend can step this parameter, or None."""
    if g.layout != torch.strided:
        return "its gradient is sparse; use torch.optim.SparseAdam for it, or a dense gradient (`sparse=False`)"
    if p.is_complex() or g.is_complex():
        return "it is complex; step torch.view_as_real of it"
    if not p.is_floating_point():
        return f"its dtype is {p.dtype}; only floating-point parameters can be stepped"
    if p.is_inference():
        return "it was made in inference mode; clone it outside of it"
    if g.shape != p.shape:
        return f"its gradient has the shape {tuple(g.shape)}; call zero_grad() after changing a parameter's shape"
    return (
        None
        if g.device == p.device
        else f"its gradient is on {g.device} and it is on {p.device}; move both to one device"
    )


def sum_of_squares(gradients: Sequence[Tensor]) -> float:
    """Return the sum of squared gradients; infinite if a square overflows."""
    norms = [torch.linalg.vector_norm(g.detach(), dtype=_wide(g)) for g in gradients]
    if all(map(_on_cpu, norms)):
        return float(sum(norm * norm for norm in map(Tensor.item, norms)))  # nothing to wait for: half the time
    return float(sum(norm.double() ** 2 for norm in norms))


def put(old: Tensor, value: Tensor, sound: Tensor | None) -> None:
    """Put a value into a tensor, unless `sound` is given and false; nothing waits for the device to tell.

    >>> tensor = torch.ones(2); put(tensor, torch.full((2,), torch.nan), torch.tensor(False)); tensor.tolist()
    [1.0, 1.0]
    """
    old.copy_(value if sound is None else torch.where(sound.to(old.device), value.to(old.dtype), old))


class EagerLane:
    """Parameters of any kind, with their slots, stepped one after the other.

    Args:
        rule: the rule.
        parameters: the parameters.
        slots: for each slot of the rule, one tensor per parameter.
        differentiable: keep the step in the graph of autograd, as torch's flag of that name does.
    """

    def __init__(
        self,
        rule: Rule,
        parameters: Sequence[Tensor],
        slots: Sequence[Sequence[Tensor]],
        *,
        differentiable: bool = False,
    ) -> None:
        self.parameters = list(parameters)
        self._rule = rule
        self._slots = [list(tensors) for tensors in zip(*slots, strict=True)] if slots else [[] for _ in parameters]
        self._differentiable = differentiable
        self._sums: list[Tensor] = []

    def fits(self, gradients: list[Tensor]) -> bool:
        """Tell whether this lane can step them: all but what no backend can."""
        return not any(map(fault, self.parameters, gradients))

    def squares(self, gradients: list[Tensor]) -> float:
        """Return the sum of squared gradients."""
        return sum_of_squares(gradients)

    def step(self, gradients: list[Tensor], rows: Sequence[Row], sound: Tensor | None = None) -> None:
        """Step every parameter, unless `sound` is false; `rows` is one row of numbers for all, or one each."""
        each = rows if len(rows) > 1 else [rows[0]] * len(gradients)
        with torch.set_grad_enabled(self._differentiable):
            self._sums = [
                self._step_one(*one, sound) for one in zip(self.parameters, gradients, self._slots, each, strict=True)
            ]

    def _step_one(self, p: Tensor, g: Tensor, slots: list[Tensor], row: Row, sound: Tensor | None) -> Tensor:
        wide = [tensor.to(_wide(p)) for tensor in (p, g, *slots)]
        if wide[0] is p:
            wide[0] = p.clone()  # the old value, for the statistics and for autograd
        new = step(self._rule, wide[0], wide[1], wide[2:], row)
        for old, value in zip((p, *slots), new, strict=True):
            put(old, value, sound)
        with torch.no_grad():
            return torch.stack([*map(_square, (wide[1], p, p - wide[0])), _bad(g), _bad(p)])

    def sums(self) -> NDArray[np.float64]:
        """Return the statistics of the last step, one row per parameter, the columns of `emit.SUMS`."""
        return np.array([row.tolist() for row in self._sums], dtype=np.float64).reshape(len(self._sums), -1)


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.dtype.itemsize < 4 else tensor.dtype


def _square(tensor: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(tensor, dtype=_wide(tensor))
    return norm.double().square()


def _bad(tensor: Tensor) -> Tensor:
    return (~torch.isfinite(tensor)).sum().double()
