"""Muon: the momentum of a matrix, made orthogonal.

A step of plain descent is dominated by a few directions. Muon steps by the nearest orthogonal matrix instead: all
singular values become about 1, so that rare directions are learned as fast as common ones. Five rounds of a polynomial
do it, of products of matrices alone.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from math import sqrt
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from surefoot.errors import refuse
from surefoot.rules.matrix_rule import MatrixRule

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of x, x³ and x⁵: Jordan's, chosen for their slope at 0; five rounds lead all of [0.002, 1] into [0.68, 1.21]."""
ROUNDS = 5
MOST_ROUNDS = 100
CONSTANTS = {"step_size": 1e-3, "momentum": 0.95, "decay": 0.1, "eps": 1e-7}

SCALES: Mapping[str, Callable[[int, int], float]] = {
    "original": lambda rows, columns: sqrt(max(1.0, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * sqrt(max(rows, columns)),
}
"""What a step is multiplied with, by torch's names: Jordan's; and Liu's, which gives each element the root mean square
that AdamW's steps have, about 0.2, so that AdamW's step size and decay carry over."""

PRECISIONS = {"bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}
"""In which the rounds may be computed. The polynomial forgives rounding: bfloat16 turns the step by 1.4 %.

On two cores with bfloat16 units, float32 takes 0.3 times as long for one matrix of 64 x 64, 2 times for 48 of them in
batches, and 3 to 4 times from 256 x 256 on. On a CPU without such units bfloat16 takes 14 to 50 times as long.
"""

Terms = tuple[str, int, tuple[float, float, float], str | None]
"""How a step is made: its scale, the rounds, the coefficients, the precision of the rounds."""


def muon(
    p: Tensor, g: Tensor, b: Tensor, step_size: float, momentum: float, decay: float, eps: float, *, terms: Terms
) -> tuple[Tensor, Tensor]:
    """Step by the mean gradient, looking ahead, made orthogonal.

    Args:
        p: matrices [matrices, rows, columns].
        g: their gradients.
        b: the running means of gradients.
        step_size: [>= 0].
        momentum: memory of the mean [>= 0].
        decay: decoupled weight decay [1 per step size, >= 0].
        eps: the least norm that a gradient is divided by [unit of g].
        terms: see `Terms`.

    >>> p, b, g = torch.zeros(1, 2, 2), torch.zeros(1, 2, 2), torch.tensor([[[3.0, 0.0], [0.0, 0.003]]])
    >>> muon(p, g, b, 1.0, 0.95, 0.0, 1e-7, terms=("original", 5, COEFFICIENTS, "float32"))[0].diagonal(dim1=1, dim2=2)
    tensor([[-0.6964, -0.4705]])
    """
    b = torch.lerp(b, g, 1.0 - momentum)
    return _stepped(p, torch.lerp(g, b, momentum), step_size, decay, eps, terms), b


def muon_plain(
    p: Tensor, g: Tensor, b: Tensor, step_size: float, momentum: float, decay: float, eps: float, *, terms: Terms
) -> tuple[Tensor, Tensor]:
    """Step by the mean gradient, made orthogonal; see `muon`."""
    b = torch.lerp(b, g, 1.0 - momentum)
    return _stepped(p, b, step_size, decay, eps, terms), b


def _stepped(p: Tensor, u: Tensor, step_size: float, decay: float, eps: float, terms: Terms) -> Tensor:
    scale, rounds, coefficients, precision = terms
    step = orthogonal(u, eps, rounds, coefficients, precision)
    return torch.add(p * (1.0 - step_size * decay), step, alpha=-step_size * SCALES[scale](*p.shape[-2:]))


def orthogonal(
    u: Tensor, eps: float, rounds: int, coefficients: tuple[float, float, float], precision: str | None
) -> Tensor:
    """Return matrices with the singular vectors of the given ones and singular values of about 1.

    Each round takes x to a x + b x xᵀ x + c (x xᵀ)² x, which does to every singular value s what a s + b s³ + c s⁵
    does, and leaves the vectors. Of a tall matrix the transpose is taken: the products are then smaller.

    Args:
        u: matrices [matrices, rows, columns].
        eps: the least norm that they are divided by, so that no singular value is above 1.
        rounds: how many.
        coefficients: a, b and c.
        precision: of the rounds, one of `PRECISIONS`; None takes float32 on a CPU and bfloat16 elsewhere.
    """
    first, third, fifth = coefficients
    tall = u.size(-2) > u.size(-1)
    x = (u.mT if tall else u).to(PRECISIONS[precision or ("float32" if u.is_cpu else "bfloat16")])
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=eps)
    for _ in range(rounds):
        square = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=third, alpha=fifth), x, beta=first)
    return (x.mT if tall else x).to(u.dtype)


@lru_cache(maxsize=None, typed=True)  # 5.0 is no 5
def muon_rule(
    scale: str = "original",
    rounds: int = ROUNDS,
    coefficients: tuple[float, float, float] = COEFFICIENTS,
    precision: str | None = None,
    *,
    ahead: bool = True,
) -> MatrixRule:
    """Return Muon on some terms, always the same object for the same.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks" (kellerjordan.github.io); for
    the scale "match_rms_adamw" Liu et al. 2025 (arXiv:2502.16982), section 2.2. The buffer is a mean, as in Jordan's
    code and in torch's; Keras's is a sum, of the same direction.

    Args:
        scale: one of `SCALES`.
        rounds: of the polynomial [0 to 99].
        coefficients: of x, x³ and x⁵.
        precision: of the rounds, one of `PRECISIONS`; None takes float32 on a CPU and bfloat16 elsewhere.
        ahead: look ahead, as Nesterov does.

    Errors: `InvalidValue` naming every fault.
    """
    refuse("Muon", _faults(scale, rounds, coefficients, precision))
    formula, name = (muon, "muon") if ahead else (muon_plain, "muon_plain")
    together = 2**18 if precision == "bfloat16" else 2**16  # larger batches took up to 3 times as long in float32
    return MatrixRule(
        name, partial(formula, terms=(scale, rounds, coefficients, precision)), CONSTANTS, ("b",),
        "Jordan et al. 2024; scale: Liu et al. 2025.", (formula.__doc__ or "").split("\n")[0], together,
    )  # fmt: skip


def _faults(scale: object, rounds: Any, coefficients: tuple[float, float, float], precision: object) -> list[str]:
    faults = []
    if scale not in SCALES:
        faults.append(f"adjust_lr_fn is {scale!r}; it must be None or one of {', '.join(SCALES)}")
    if not isinstance(rounds, Integral) or not 0 <= int(rounds) < MOST_ROUNDS:
        faults.append(f"ns_steps is {rounds}; it must be a whole number, at least 0 and below {MOST_ROUNDS}")
    if len([*coefficients]) != 3:
        faults.append(f"ns_coefficients are {len(coefficients)} numbers; give 3, of x, its cube and its fifth power")
    if precision is not None and precision not in PRECISIONS:
        faults.append(f"precision is {precision!r}; it must be None or one of {', '.join(PRECISIONS)}")
    return faults
