# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The optimizer: what it holds, and what is cut off from the penalty."""

import copy

import torch
from torch import Tensor, nn

from benchmarks.stumble.catalogue import fault, kinds, layers, only
from benchmarks.stumble.faults.loops import PLAIN
from benchmarks.stumble.parts import Parts

STACKED = only("mlp", "cnn", "autoencoder", "regression", "accumulation", "amp", "bfloat16")
"""Tasks whose net is a plain sequence."""

SUPERVISED = kinds("classes", "binary", "numbers", "pictures")


@fault("parameters-not-optimized", "one layer", "half", "all but the head", suits=SUPERVISED)
def parameters_left_out(parts: Parts, strength: str) -> None:
    found = [each for _, each in layers(parts.model)]
    out = {
        "one layer": found[:1],
        "half": found[: max(1, len(found) // 2)],
        "all but the head": found[:-1] or found[:1],
    }
    left = {id(p) for each in out[strength] for p in each.parameters()}
    if strength == "all but the head":
        left = {id(p) for p in parts.model.parameters()} - {id(p) for p in found[-1].parameters()}
    parts.held = lambda parts: [p for p in parts.model.parameters() if id(p) not in left]


@fault("parameters-not-optimized", "biases alone", "norms alone", suits=only("transformer", "cnn", "mlp", "gru"))
def only_vectors_given(parts: Parts, strength: str) -> None:
    wanted = "bias" if strength == "biases alone" else "norm"
    names = {name for name, p in parts.model.named_parameters() if wanted in name or (wanted == "norm" and p.ndim < 2)}
    parts.held = lambda parts: [p for name, p in parts.model.named_parameters() if name in names]


class _Listed(nn.Module):
    """Keeps its layers in a plain list, where torch does not see them."""

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        self.body, self.head = [*model[:-1]], model[-1]

    def forward(self, x: Tensor) -> Tensor:
        for each in self.body:
            x = each(x)
        return self.head(x)


@fault("parameters-not-optimized", suits=only("mlp", "regression", "accumulation", "amp"))
def layers_in_a_plain_list(parts: Parts, strength: str) -> None:
    assert isinstance(parts.model, nn.Sequential)
    parts.model = _Listed(parts.model)


@fault("parameters-not-optimized", suits=only("gan"))
def generator_given_twice_critic_never(parts: Parts, strength: str) -> None:
    parts.optimizers = lambda parts: [
        parts.rule(parts.model.generator.parameters()), parts.rule(parts.model.generator.parameters())
    ]  # fmt: skip


@fault("parameters-not-optimized", suits=STACKED)
def layer_replaced_after_the_optimizer(parts: Parts, strength: str) -> None:
    """Change a layer's width or start it anew once the optimizer is made."""
    make = parts.optimizers

    def late(parts: Parts) -> list[torch.optim.Optimizer]:
        made = make(parts)
        at = next(name for name, each in layers(parts.model))
        parts.model[int(at)] = copy.deepcopy(parts.model[int(at)])
        return made

    parts.optimizers = late


@fault("optimizer-of-another-model", suits=PLAIN)
def optimizer_of_a_copy(parts: Parts, strength: str) -> None:
    parts.held = lambda parts: copy.deepcopy(parts.model).parameters()


@fault("optimizer-of-another-model", "at once", suits=PLAIN)
def model_replaced_after_the_optimizer(parts: Parts, strength: str) -> None:
    make = parts.optimizers

    def late(parts: Parts) -> list[torch.optim.Optimizer]:
        made = make(parts)
        parts.model = copy.deepcopy(parts.model)
        return made

    parts.optimizers = late


class _Cut(nn.Module):
    """Cuts the graph, in one of the ways in which people do."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        if self.way == "numpy":
            return torch.from_numpy(x.detach().float().numpy())
        return torch.tensor(x.detach().tolist()) if self.way == "tensor" else x.detach()


@fault("no-gradient", "after the first layer", "before the head", "by numpy", "by a new tensor", suits=STACKED)
def graph_cut(parts: Parts, strength: str) -> None:
    assert isinstance(parts.model, nn.Sequential)
    found = [int(name) for name, _ in layers(parts.model)]
    at = found[-1] if strength == "before the head" else found[0] + 1
    way = {"by numpy": "numpy", "by a new tensor": "tensor"}.get(strength, "detach")
    parts.model = nn.Sequential(*parts.model[:at], _Cut(way), *parts.model[at:])


@fault("no-gradient", suits=only("transformer", "gru", "bytes"))
def features_without_gradients(parts: Parts, strength: str) -> None:
    """Compute all but the head under no_grad or detach it, in a net with its own forward."""
    head = [each for _, each in layers(parts.model)][-1]
    head.register_forward_pre_hook(lambda module, inputs: (inputs[0].detach(),))


@fault("no-gradient", suits=only("gan"))
def generator_detached(parts: Parts, strength: str) -> None:
    """Detach what the generator made in its own step too."""
    forward = parts.forward
    parts.forward = lambda parts, x: forward(parts, x.detach())
