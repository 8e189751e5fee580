# ruff: noqa: ARG001 (a piece of a loop takes the parts, whether it needs them or not)
"""What is wrong before the first step: the data, the labels, the split, the weights at the start."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.stumble.catalogue import fault, kinds, layers, only
from benchmarks.stumble.faults.finite import FLOATS
from benchmarks.stumble.parts import Pair, Parts

CLASSES = kinds("classes")
PLAIN = only(
    "mlp", "gru", "cnn", "regression", "autoencoder", "amp", "bfloat16", "transformer", "accumulation", "bytes"
)


@fault("inputs-not-finite", "one row", "1 % of the rows", "10 % of the rows", suits=FLOATS, moment="start")
def nan_in_the_data(parts: Parts, strength: str) -> None:
    x, y = parts.train
    count = {"one row": 1, "1 % of the rows": max(1, len(x) // 100)}.get(strength, len(x) // 10)
    x = x.clone()
    x[torch.randperm(len(x))[:count], 3] = float("nan")
    parts.train = x, y


@fault("labels-suspicious", "training rows", suits=CLASSES, moment="start")
def all_labels_one_class(parts: Parts, strength: str) -> None:
    parts.train = parts.train[0], torch.zeros_like(parts.train[1])


@fault("labels-suspicious", "-1 and 1", "1 and 2", suits=kinds("binary"), moment="start", also=("labels-out-of-range",))
def binary_labels_of_another_code(parts: Parts, strength: str) -> None:
    x, y = parts.train
    parts.train = x, 2 * y - 1 if strength == "-1 and 1" else y + 1


@fault("labels-sorted", "wholly", "in two runs", suits=CLASSES, moment="start")
def rows_in_order_of_their_labels(parts: Parts, strength: str) -> None:
    x, y = parts.train
    order = torch.argsort(y, stable=True)
    if strength == "in two runs":
        order = torch.cat([torch.argsort(y[::2], stable=True) * 2, torch.argsort(y[1::2], stable=True) * 2 + 1])
    parts.train = x[order], y[order]

    def in_order(parts: Parts) -> Iterator[Pair]:
        x, y = parts.train
        for at in range(0, parts.epoch_length * parts.size, parts.size):
            yield x[at : at + parts.size], y[at : at + parts.size]

    parts.batches = in_order
    parts.loader = DataLoader(TensorDataset(*parts.train), batch_size=parts.size)


@fault("rows-in-both", "5 %", "30 %", "all", suits=PLAIN, moment="start", costs="report")
def training_rows_in_validation(parts: Parts, strength: str) -> None:
    parts.held_out = parts.valid
    (x, y), (u, v) = parts.train, parts.valid
    count = {"5 %": len(u) // 20, "30 %": len(u) * 3 // 10}.get(strength, min(len(u), len(x)))
    parts.valid = torch.cat([x[:count], u[count:]]), torch.cat([y[:count], v[count:]])


@fault(
    "initial-penalty", "times 10", "times 100", "times 1000", suits=CLASSES, moment="start",
    also=("overconfident-outputs",),
)  # fmt: skip
def head_begun_too_large(parts: Parts, strength: str) -> None:
    with torch.no_grad():
        layers(parts.model)[-1][1].weight.mul_(float(strength.split()[1]))  # type: ignore[operator,union-attr]


@fault("initial-penalty", "times 30", "times 300", suits=only("regression"), moment="start")
def targets_in_their_own_unit(parts: Parts, strength: str) -> None:
    by = float(strength.split()[1])
    (x, y), (u, v) = parts.train, parts.valid
    parts.train, parts.valid = (x, by * (y + 2)), (u, by * (v + 2))


@fault(
    "initial-penalty", "times 100", "times 10000", suits=only("mlp", "gru", "regression", "accumulation", "amp"),
    moment="start", also=("overconfident-outputs", "activation-scale", "inputs-not-scaled"),
)  # fmt: skip
def inputs_in_their_own_unit(parts: Parts, strength: str) -> None:
    by = float(strength.split()[1])
    (x, y), (u, v) = parts.train, parts.valid
    parts.train, parts.valid = (by * (x + 1), y), (by * (u + 1), v)


@fault("activation-scale", "6 layers", "12 layers", suits=only("mlp", "amp"), moment="start", also=("initial-penalty",))
def deep_sigmoids(parts: Parts, strength: str) -> None:
    more = [each for _ in range(int(strength.split()[0])) for each in (nn.Linear(64, 64), nn.Sigmoid())]
    parts.model = nn.Sequential(*parts.model[:-1], *more, parts.model[-1])  # type: ignore[index]


@fault(
    "activation-scale", "times 8", "times 40", suits=only("mlp", "cnn", "autoencoder"), moment="start",
    also=("initial-penalty", "overconfident-outputs"),
)  # fmt: skip
def every_layer_begun_too_large(parts: Parts, strength: str) -> None:
    with torch.no_grad():
        for _, each in layers(parts.model):
            each.weight.mul_(float(strength.split()[1]))  # type: ignore[operator,union-attr]


class _Mixing(nn.Module):
    """Reshapes where it should transpose, which mixes the rows of a batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x.t().reshape(x.shape)


@fault("batch-mixing", "at the input", "within", suits=only("mlp", "regression", "autoencoder"), moment="start")
def rows_mixed_by_a_reshape(parts: Parts, strength: str) -> None:
    at = 0 if strength == "at the input" else 1
    parts.model = nn.Sequential(*parts.model[:at], _Mixing(), *parts.model[at:])  # type: ignore[index]


@fault(
    "cannot-overfit-one-batch", "-3", "-30", suits=only("mlp", "cnn", "autoencoder", "accumulation"), moment="start",
    also=("activation-scale",),
)  # fmt: skip
def units_that_never_fire(parts: Parts, strength: str) -> None:
    for name, each in parts.model.named_modules():
        if isinstance(each, (nn.Linear, nn.BatchNorm2d)) and name != layers(parts.model)[-1][0]:
            nn.init.constant_(each.bias, float(strength))
