# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The penalty: what it is given."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.stumble.catalogue import fault, kinds, only
from benchmarks.stumble.parts import Parts
from benchmarks.stumble.tasks import binary_accuracy

CLASSES = kinds("classes")
BINARY = kinds("binary")


def _after(parts: Parts, last: nn.Module) -> None:
    """Put a module after the model's last layer."""
    parts.model = nn.Sequential(parts.model, last)


def _halved(output: Tensor, target: Tensor) -> float:
    """Return the accuracy of probabilities."""
    return binary_accuracy(output - 0.5, target)


@fault("softmax-twice", "module", "function", "over all terms", suits=CLASSES)
def softmax_before_cross_entropy(parts: Parts, strength: str) -> None:
    judge = parts.penalty
    if strength == "module":
        _after(parts, nn.Softmax(1))
    elif strength == "function":
        parts.penalty = lambda output, target: judge(torch.softmax(output, dim=-1), target)
    else:
        parts.penalty = lambda output, target: judge(output.softmax(1), target) + 1e-3 * output.square().mean()


@fault("softmax-twice", suits=CLASSES)
def softmax_by_hand_before_cross_entropy(parts: Parts, strength: str) -> None:
    judge = parts.penalty

    def penalty(output: Tensor, target: Tensor) -> Tensor:
        powers = (output - output.amax(1, keepdim=True)).exp()
        return judge(powers / powers.sum(1, keepdim=True), target)

    parts.penalty = penalty


@fault("sigmoid-twice", "module", "function", suits=BINARY)
def sigmoid_before_logits_penalty(parts: Parts, strength: str) -> None:
    judge = parts.penalty
    if strength == "module":
        _after(parts, nn.Sigmoid())
        parts.score = _halved
    else:
        parts.penalty = lambda output, target: judge(output.sigmoid(), target)


@fault("sigmoid-twice", suits=only("gan"))
def critic_ends_in_sigmoid(parts: Parts, strength: str) -> None:
    parts.model.critic.append(nn.Sigmoid())


@fault("nll-on-logits", "logits", "probabilities", suits=CLASSES)
def nll_without_logarithm(parts: Parts, strength: str) -> None:
    if strength == "probabilities":
        parts.penalty = lambda output, target: functional.nll_loss(output.softmax(1), target)
    else:
        parts.penalty = nn.NLLLoss()


@fault("bce-on-logits", "soon out of range", "at first in range", suits=BINARY, also=("not-finite",))
def bce_without_sigmoid(parts: Parts, strength: str) -> None:
    parts.penalty = nn.BCELoss()
    if strength == "at first in range":
        head = [each for each in parts.model.modules() if isinstance(each, nn.Linear)][-1]
        nn.init.zeros_(head.weight)
        nn.init.constant_(head.bias, 0.5)


@fault("one-class-cross-entropy", suits=BINARY)
def cross_entropy_of_one_output(parts: Parts, strength: str) -> None:
    parts.penalty = lambda output, target: functional.cross_entropy(output.reshape(-1, 1), target.reshape(-1, 1))


@fault("one-class-cross-entropy", suits=only("regression"))
def softmax_over_one_class_of_numbers(parts: Parts, strength: str) -> None:
    parts.penalty = lambda output, target: functional.cross_entropy(output, torch.zeros(len(output), dtype=torch.long))


@fault("shapes-broadcast", "mse", "l1", "huber", "by hand", "target is the column", suits=only("regression"))
def output_against_every_target(parts: Parts, strength: str) -> None:
    judge = {
        "mse": nn.MSELoss(), "l1": nn.L1Loss(), "huber": nn.HuberLoss(),
        "by hand": lambda output, target: ((output - target) ** 2).mean(),
        "target is the column": lambda output, target: functional.mse_loss(output.squeeze(1), target[:, None]),
    }[strength]  # fmt: skip
    parts.penalty = lambda output, target: judge(output, target.squeeze(1))


@fault("shapes-broadcast", suits=BINARY)
def squared_error_of_probabilities_broadcast(parts: Parts, strength: str) -> None:
    def penalty(output: Tensor, target: Tensor) -> Tensor:
        return (output.sigmoid().reshape(-1, 1) - target.reshape(-1)).square().mean()

    parts.penalty = penalty


@fault("labels-out-of-range", "-1 and 1", "1 and 2", "0 and 255", suits=BINARY)
def binary_labels_beyond_one(parts: Parts, strength: str) -> None:
    judge = parts.penalty
    made = {"-1 and 1": lambda y: 2 * y - 1, "1 and 2": lambda y: y + 1, "0 and 255": lambda y: 255 * y}[strength]
    parts.penalty = lambda output, target: judge(output, made(target))


@fault("relu-on-logits", "module", "function", suits=CLASSES)
def relu_after_the_head(parts: Parts, strength: str) -> None:
    judge = parts.penalty
    if strength == "module":
        _after(parts, nn.ReLU())
    else:
        parts.penalty = lambda output, target: judge(functional.relu(output), target)
