# ruff: noqa: ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""What a model is made of and how it begins: frozen, zero at first, tied, sparse, masked, recomputed."""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from benchmarks.stumble import nets
from benchmarks.stumble.catalogue import kinds, layers, only, sound
from benchmarks.stumble.parts import Parts, trained

STACKED = only("mlp", "cnn", "autoencoder", "regression", "accumulation", "amp", "bfloat16")
SUPERVISED = kinds("classes", "binary", "numbers", "pictures")


@sound(only("transformer"))
def zero_initialised_branches(parts: Parts) -> None:
    for name, p in parts.model.named_parameters():
        if name.endswith(("mlp.2.weight", "out_proj.weight", "mlp.2.bias", "out_proj.bias")):
            nn.init.zeros_(p)


@sound(SUPERVISED, enough=0.95)
def head_begun_at_zero(parts: Parts) -> None:
    for p in layers(parts.model)[-1][1].parameters():
        nn.init.zeros_(p)


@sound(SUPERVISED, enough=0.7)
def frozen_first_layer_still_in_the_optimizer(parts: Parts) -> None:
    layers(parts.model)[0][1].requires_grad_(False)


@sound(only("mlp", "cnn", "transformer", "amp"), enough=0.5)
def frozen_body(parts: Parts) -> None:
    """Train the head alone; what is frozen is left out of the optimizer."""
    parts.model.requires_grad_(False)
    layers(parts.model)[-1][1].requires_grad_(True)
    parts.held = lambda parts: [p for p in parts.model.parameters() if p.requires_grad]


def _pretrained(parts: Parts) -> None:
    """Train a copy without anyone watching, and load its weights."""
    before = copy.deepcopy(parts)
    before.epochs = 3
    trained(before)
    parts.model.load_state_dict(before.model.state_dict())


@sound(only("mlp", "cnn", "transformer", "bytes", "gru"), enough=0.8)
def fine_tuned_at_a_low_step_size(parts: Parts) -> None:
    _pretrained(parts)
    parts.rule = lambda p: torch.optim.AdamW(p, lr=1e-4)


@sound(only("cnn", "bfloat16"), enough=0.97)
def fine_tuned_with_fixed_batch_norm(parts: Parts) -> None:
    _pretrained(parts)

    def begin(parts: Parts) -> None:
        parts.model.train()
        for each in parts.model.modules():
            if isinstance(each, nn.BatchNorm2d):
                each.eval()

    parts.begin_training = begin


@sound(only("cnn"), enough=0.97)
def fine_tuned_in_eval_mode(parts: Parts) -> None:
    """Keep the batch norms' statistics by the whole model's mode, as much code does."""
    _pretrained(parts)
    parts.begin_training = lambda parts: parts.model.eval()


class _Tied(nn.Module):
    """An autoencoder whose decoder is its encoder transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.shift = nn.Linear(64, 24), nn.Parameter(torch.zeros(64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(torch.relu(self.encode(x)) @ self.encode.weight + self.shift)


@sound(only("autoencoder"))
def tied_weights(parts: Parts) -> None:
    parts.model = _Tied()


@sound(only("mlp", "accumulation", "amp"), enough=0.97)
def one_layer_used_twice(parts: Parts) -> None:
    width = 64 if parts.kind == "classes" else 48
    parts.model = nets.mlp(parts.train[0].shape[1], 10 if parts.kind == "classes" else 1, width)
    parts.model.insert(3, parts.model[2])  # type: ignore[operator,index]
    parts.model.insert(3, nn.ReLU())  # type: ignore[operator]


@sound(kinds("classes", "binary", "numbers", but=["gru", "transformer", "bytes"]), enough=0.9)
def sparse_relu(parts: Parts) -> None:
    """Begin with biases that switch most units off."""
    for _, each in layers(parts.model)[:-1]:
        if each.bias is not None:
            nn.init.constant_(each.bias, -0.3)  # type: ignore[arg-type]


class _Low(nn.Module):
    """A linear layer that is frozen, with a low-rank change that begins at 0."""

    def __init__(self, layer: nn.Linear, rank: int = 8) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.down, self.up = nn.Linear(layer.in_features, rank, bias=False), nn.Linear(rank, layer.out_features)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + self.up(self.down(x))


@sound(only("mlp", "autoencoder", "regression", "accumulation"), enough=0.5)
def low_rank_adaptation(parts: Parts) -> None:
    for name, each in layers(parts.model):
        parts.model[int(name)] = _Low(each)  # type: ignore[operator,index,arg-type]


@sound(only("mlp", "autoencoder", "regression"), enough=0.9)
def weight_norm(parts: Parts) -> None:
    for _, each in layers(parts.model):
        parametrizations.weight_norm(each)


@sound(only("mlp", "gan", "accumulation"), enough=0.8)
def spectral_norm(parts: Parts) -> None:
    inner = parts.model.critic if parts.kind == "adversary" else parts.model
    for _, each in layers(inner)[:-1]:  # type: ignore[arg-type]
        parametrizations.spectral_norm(each)


class _Recomputed(nn.Module):
    """Computes its body anew in backward."""

    def __init__(self, body: nn.Module, head: nn.Module, reentrant: bool) -> None:
        super().__init__()
        self.body, self.head, self.reentrant = body, head, reentrant

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.head(self.body(x))
        return self.head(checkpoint(self.body, x.requires_grad_(self.reentrant), use_reentrant=self.reentrant))


@sound(STACKED, enough=0.95)
def gradient_checkpointing(parts: Parts) -> None:
    parts.model = _Recomputed(parts.model[:-1], parts.model[-1], reentrant=False)  # type: ignore[index]


@sound(only("mlp", "cnn", "regression"), enough=0.95)
def reentrant_checkpointing(parts: Parts) -> None:
    parts.model = _Recomputed(parts.model[:-1], parts.model[-1], reentrant=True)  # type: ignore[index]


class _Cropped(nets.Transformer):
    """Hides the last rows of some digits from attention by minus infinity."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.rows(x.view(-1, 8, 8)) + self.place
        hide = torch.zeros(len(x), 8)
        hide[::4, 6:] = float("-inf")
        for block in self.blocks:
            y = block.norm(x)
            x = x + block.attention(y, y, y, key_padding_mask=hide, need_weights=False)[0]
            x = x + block.mlp(block.norm2(x))
        return self.head(self.norm(x).mean(1))


@sound(only("transformer"), enough=0.95)
def infinite_attention_masks(parts: Parts) -> None:
    parts.model = _Cropped()


@sound(only("transformer"), enough=0.9)
def causal_attention_by_hand(parts: Parts) -> None:
    mask = torch.full((8, 8), -math.inf).triu(1)
    for block in parts.model.blocks:  # type: ignore[union-attr]
        attend: Any = block.attention.forward
        block.attention.forward = lambda q, k, v, need_weights, attend=attend: attend(  # type: ignore[union-attr]
            q, k, v, attn_mask=mask, need_weights=False
        )


@sound(only("bytes"))
def embedding_with_padding(parts: Parts) -> None:
    parts.model.embedding = nn.Embedding(128, 16, padding_idx=32)


class _Several(nn.Module):
    """One body and two heads, of which one is never asked."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body, self.spare = body, nn.Linear(10, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


@sound(only("mlp", "cnn", "gru", "transformer", "amp"))
def unused_head(parts: Parts) -> None:
    parts.model = _Several(parts.model)


class _Experts(nn.Module):
    """Mixes the answers of three nets by the softmax of a fourth, and gives logarithms of probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.nets = nn.Linear(64, 3), nn.ModuleList(nets.mlp(width=32) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        told = torch.stack([net(x).softmax(1) for net in self.nets], 2)
        return (told @ self.gate(x).softmax(1)[:, :, None]).squeeze(2).add(1e-9).log()


@sound(only("mlp"), enough=0.95)
def mixture_of_experts(parts: Parts) -> None:
    parts.model, parts.penalty = _Experts(), nn.NLLLoss()


@sound(only("mlp", "regression", "autoencoder"), enough=0.5)
def deep_and_linear(parts: Parts) -> None:
    """Train linear layers in a row, as people do who study them."""
    parts.model = nn.Sequential(
        *(nn.Identity() if isinstance(each, nn.ReLU) else each for each in parts.model)  # type: ignore[union-attr]
    )
