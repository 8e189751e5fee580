# ruff: noqa: ARG001 (a piece of a loop takes the parts, whether it needs them or not)
"""What is not finite: in the input, in a weight, in an operation of the model or of the penalty."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from benchmarks.stumble.catalogue import Planted, fault, layers, only
from benchmarks.stumble.faults.optimizers import SUPERVISED
from benchmarks.stumble.parts import Pair, Parts

AT = 30
"""The batch that is not finite: after the first close look."""

FLOATS = only("mlp", "gru", "autoencoder", "cnn", "transformer", "regression", "accumulation", "amp", "bfloat16")
SEQUENCES = only("mlp", "autoencoder", "regression", "amp", "accumulation")


def _rows(parts: Parts, strength: str) -> tuple[int, ...]:
    count = {"one row": 1, "a tenth of the rows": max(2, parts.size // 10)}.get(strength, parts.size)
    return tuple(range(2, 2 + count)) if count < parts.size else tuple(range(parts.size))


def _marred(parts: Parts, rows: tuple[int, ...], value: float, at: int = AT) -> None:
    """Put a value into rows of one batch."""
    batches = parts.batches

    def marred(parts: Parts) -> Iterator[Pair]:
        for x, y in batches(parts):
            if parts.taken == at:
                x = x.clone()
                x[list(rows), x.shape[1] // 2] = value
            yield x, y

    parts.batches = marred


@fault("not-finite", "one row", "a tenth of the rows", "all rows", suits=FLOATS)
def nan_in_the_input(parts: Parts, strength: str) -> Planted:
    rows = _rows(parts, strength)
    _marred(parts, rows, float("nan"))
    return Planted("", rows)


@fault("not-finite", "one row", "a tenth of the rows", suits=FLOATS)
def infinity_in_the_input_of_the_first_steps(parts: Parts, strength: str) -> Planted:
    rows = _rows(parts, strength)
    _marred(parts, rows, float("inf"), at=4)
    return Planted("", rows)


@fault("not-finite", "one row", suits=only("regression", "autoencoder"))
def nan_in_the_target(parts: Parts, strength: str) -> Planted:
    batches, rows = parts.batches, _rows(parts, strength)

    def marred(parts: Parts) -> Iterator[Pair]:
        for x, y in batches(parts):
            if parts.taken == AT:
                y = y.clone()
                y[list(rows)] = float("nan")
            yield x, y

    parts.batches = marred
    return Planted("", rows)


@fault("not-finite", "first layer", "head", suits=SUPERVISED)
def nan_in_a_weight(parts: Parts, strength: str) -> Planted:
    """Write nan into a weight between two steps, as a bad average or a damaged checkpoint does."""
    name, layer = layers(parts.model)[0 if strength == "first layer" else -1]
    batches = parts.batches

    def marred(parts: Parts) -> Iterator[Pair]:
        for batch in batches(parts):
            if parts.taken == AT:
                with torch.no_grad():
                    layer.weight[1 % len(layer.weight)] = float("nan")  # type: ignore[index,operator,arg-type]
            yield batch

    parts.batches = marred
    return Planted(name, None)


class _Standardised(nn.Module):
    """Divides each row by its standard deviation, which is 0 for a row of equal numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)


@fault("not-finite", "one row", "a tenth of the rows", suits=SEQUENCES)
def division_by_no_spread(parts: Parts, strength: str) -> Planted:
    rows = _rows(parts, strength)
    _levelled(parts, rows, 1.0)
    parts.model = nn.Sequential(_Standardised(), *parts.model)  # type: ignore[misc]
    return Planted("0", rows)


def _levelled(parts: Parts, rows: tuple[int, ...], value: float) -> None:
    """Give all numbers of some rows of one batch one value."""
    batches = parts.batches

    def level(parts: Parts) -> Iterator[Pair]:
        for x, y in batches(parts):
            if parts.taken == AT:
                x = x.clone()
                x[list(rows)] = value
            yield x, y

    parts.batches = level


class _Shrunk(nn.Module):
    """Scales each row by its norm, whose derivative at a row of zeros is not a number, though the row itself is 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.scale
        return 2 * x / (x.square().mean(1, keepdim=True).sqrt() + 1.0)


@fault("not-finite", "one row", "a tenth of the rows", suits=SEQUENCES)
def root_of_zero_in_backward(parts: Parts, strength: str) -> Planted:
    rows = _rows(parts, strength)
    _levelled(parts, rows, 0.0)
    parts.model = nn.Sequential(_Shrunk(parts.train[0].shape[1]), *parts.model)  # type: ignore[misc]
    return Planted("0", rows)


class _Masked(nn.Module):
    """Weighs eight pieces of a row by a softmax from which pieces of zeros are masked, even if all are."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        pieces = x.view(len(x), 8, 8)
        empty = (pieces == 0).all(2)
        weights = self.weigh(pieces).squeeze(2).masked_fill(empty, float("-inf")).softmax(1)
        return (8 * weights[:, :, None] * pieces).flatten(1)


@fault("not-finite", "one row", "a tenth of the rows", suits=only("mlp", "gru", "transformer", "amp"))
def all_of_a_row_masked(parts: Parts, strength: str) -> Planted:
    rows = _rows(parts, strength)
    _levelled(parts, rows, 0.0)
    parts.model = nn.Sequential(_Masked(), parts.model)
    return Planted("0", rows)


@fault("not-finite", "logarithm of a rounded probability", suits=only("mlp", "gru", "cnn", "transformer"))
def logarithm_of_zero_in_the_penalty(parts: Parts, strength: str) -> Planted:
    def penalty(output: Tensor, target: Tensor) -> Tensor:
        p = output.softmax(1)
        return -torch.log((p * 100).floor() / 100 + (p - p.detach())).gather(1, target[:, None]).mean()

    parts.penalty = penalty
    return Planted("", None)


@fault("not-finite", "1e4", "1e8", "1e12", suits=FLOATS, costs="finite")
def step_size_far_too_high(parts: Parts, strength: str) -> Planted:
    rule, by = parts.rule, float(strength)

    def wild(p: object) -> torch.optim.Optimizer:
        made = rule(p)
        for group in made.param_groups:
            group["lr"] *= by
        return made

    parts.rule = wild
    return Planted(None, None)


class _Loud(nn.Module):
    """Multiplies by more than float16 holds."""

    def forward(self, x: Tensor) -> Tensor:
        return (x.half() * 60000.0).square().float().sqrt() / 60000.0


@fault("not-finite", suits=only("mlp", "amp"))
def float16_overflow_in_a_layer(parts: Parts, strength: str) -> Planted:
    parts.model = nn.Sequential(*parts.model[:2], _Loud(), *parts.model[2:])  # type: ignore[index]
    return Planted("2", None)
