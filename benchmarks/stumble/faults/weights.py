# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The weights: layers that cannot learn, and gradients that float16 cannot hold."""

import torch
from torch import Tensor, nn

from benchmarks.stumble.catalogue import fault, layers, only
from benchmarks.stumble.parts import Parts

NETS = only("mlp", "cnn", "autoencoder", "regression", "bytes", "accumulation", "amp", "bfloat16")

UNDROPPED = only("mlp", "cnn", "autoencoder", "amp", "bfloat16")


def _filled(layer: nn.Module, value: float) -> None:
    for p in layer.parameters(recurse=False):
        nn.init.constant_(p, value if p.ndim > 1 else 0.0)


@fault("equal-units", "one layer", "several", "all", suits=UNDROPPED, also=("all-zero-layer",))
def layers_begun_at_a_constant(parts: Parts, strength: str) -> None:
    """Give a layer and the one after it one value each: units that are equal in and out stay so, without dropout."""
    found = [each for _, each in layers(parts.model)]
    for each in {"one layer": found[:2], "several": found[:-1], "all": found}[strength]:
        _filled(each, 0.05)


@fault("equal-units", "all", suits=only("transformer"))
def feed_forward_begun_at_a_constant(parts: Parts, strength: str) -> None:
    for name, each in layers(parts.model):
        if ".mlp." in name:
            _filled(each, 0.05)


@fault("all-zero-layer", "two layers", "all", suits=NETS, also=("equal-units",))
def layers_begun_at_zero(parts: Parts, strength: str) -> None:
    found = [each for _, each in layers(parts.model)]
    for each in {"two layers": found[-2:], "all": found}[strength]:
        _filled(each, 0.0)


@fault("all-zero-layer", suits=only("transformer"), also=("equal-units",))
def both_layers_of_a_branch_begun_at_zero(parts: Parts, strength: str) -> None:
    for name, each in layers(parts.model):
        if ".mlp." in name:
            _filled(each, 0.0)


@fault("all-zero-layer", suits=only("gan"), also=("equal-units",))
def critic_begun_at_zero(parts: Parts, strength: str) -> None:
    for _, each in layers(parts.model.critic):
        _filled(each, 0.0)


SMALL = only("mlp", "gru", "autoencoder", "bytes", "regression", "cnn")


def _shrunk(parts: Parts, by: float) -> None:
    """Compute in float16, and multiply the penalty by a small number, as a weight of a term or a mean over many does.

    The optimizer makes up for it, so in float32 this run is the sound one: what it costs is float16's.
    """
    judge, rule = parts.penalty, parts.rule
    parts.cast = lambda: torch.autocast("cpu", dtype=torch.float16)

    def penalty(output: Tensor, target: Tensor) -> Tensor:
        return by * judge(output, target)

    def made(p: object) -> torch.optim.Optimizer:
        optimizer = rule(p)
        for group in optimizer.param_groups:
            if "eps" in group:  # of Adam and its like, whose steps do not grow with the gradient
                group["eps"] *= by
            else:
                group["lr"] /= by
                group["weight_decay"] *= by
        return optimizer

    parts.penalty, parts.rule = penalty, made


@fault("float16-underflow", "1e-4", "1e-6", "1e-8", suits=SMALL)
def float16_without_a_scaler(parts: Parts, strength: str) -> None:
    _shrunk(parts, float(strength))


@fault("float16-underflow", "1e-9", "1e-10", "1e-12", suits=only("mlp", "amp", "bytes", "cnn"))
def float16_with_a_scaler_that_is_too_low(parts: Parts, strength: str) -> None:
    """Begin at the usual scale, which is too low here and grows only after 2000 steps."""
    _shrunk(parts, float(strength))
    scaler = torch.amp.GradScaler("cpu")
    parts.backward = lambda parts, penalty: scaler.scale(penalty).backward()
    parts.step = lambda parts: (scaler.step(parts.optimizer), scaler.update())
