# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The tasks: real data, a net, a penalty and a loop each; half of them were at hand while checks were tuned."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

import surefoot as sf
from benchmarks.stumble import data, nets
from benchmarks.stumble.parts import Parts


@dataclass(frozen=True)
class Task:
    """One task.

    Args:
        name: of it.
        role: whether the doctor's checks were tuned with it at hand, or it is only reported on.
        make: makes the parts for a seed and a library of optimizers, torch.optim or surefoot.
        enough: the score that a healthy run must reach.
        margin: what a fault must cost of the sound twin's score to count.
    """

    name: str
    role: Literal["tuned", "report"]
    make: Callable[[Any], Parts]
    enough: float
    margin: float


def accuracy(output: Tensor, target: Tensor) -> float:
    """Return the share of right answers."""
    return float((output.argmax(1) == target).float().mean())


def binary_accuracy(output: Tensor, target: Tensor) -> float:
    """Return the share of right answers to yes or no."""
    return float(((output.reshape(-1) > 0) == (target.reshape(-1) > 0.5)).float().mean())


def known(kind: str, output: Tensor, target: Tensor) -> float | None:
    """Return the share of what there is to know that the outputs tell, read as logits or, if better, as probabilities.

    It is 1 less the mean penalty over that of knowing nothing, at least -1; None for what is no classification.
    """
    output = output.float()
    if kind == "classes":
        tables = [output.log_softmax(1)]
        if bool((output >= 0).all()) and bool(((output.sum(1) - 1).abs() < 1e-3).all()):
            tables.append(output.clamp(min=1e-6).log())
        penalties = [functional.nll_loss(each, target) / math.log(10) for each in tables]
    elif kind == "binary":
        output, target = output.reshape(-1), target.reshape(-1)
        penalties = [functional.binary_cross_entropy_with_logits(output, target) / math.log(2)]
        if bool(((output >= 0) & (output <= 1)).all()):
            penalties.append(functional.binary_cross_entropy(output.clamp(1e-6, 1 - 1e-6), target) / math.log(2))
    else:
        return None
    best = min(map(float, penalties))
    return max(-1.0, 1.0 - best) if math.isfinite(best) else None


def explained(output: Tensor, target: Tensor) -> float:
    """Return the share of the variance that is explained; at least -1, for a mean over tasks to mean something."""
    if output.shape != target.shape:
        output = output.reshape(target.shape)
    if not output.isfinite().all():
        return float("nan")
    return max(-1.0, float(1.0 - (output - target).square().mean() / (target - target.mean(0)).square().mean()))


def _mlp(o: Any) -> Parts:
    train, valid = data.digits()
    return Parts(
        nets.mlp(), "classes", train, valid, nn.CrossEntropyLoss(), accuracy, lambda p: o.Adam(p, lr=3e-3), 64, 8
    )


def _cnn(o: Any) -> Parts:
    train, valid = data.digits()
    rule = lambda p: o.SGD(p, lr=0.1, momentum=0.9)  # noqa: E731
    return Parts(nets.cnn(), "classes", train, valid, nn.CrossEntropyLoss(), accuracy, rule, 64, 6)


def warmed(parts: Parts) -> Any:
    """Return a schedule that climbs for a tenth of the run and then falls to nothing, stepped after every batch."""
    length = parts.length
    factor = lambda i: min((i + 1) / (0.1 * length), (length - i) / (0.9 * length))  # noqa: E731
    return torch.optim.lr_scheduler.LambdaLR(parts.made[0], factor)


def _transformer(o: Any) -> Parts:
    train, valid = data.digits()
    rule = lambda p: o.AdamW(p, lr=6e-3)  # noqa: E731
    parts = Parts(nets.Transformer(), "classes", train, valid, functional.cross_entropy, accuracy, rule, 64, 8)
    parts.schedule, parts.after_batch = warmed, lambda parts: parts.scheduler.step()
    return parts


def _gru(o: Any) -> Parts:
    train, valid = data.digits()
    rule = lambda p: o.RMSprop(p, lr=2e-3)  # noqa: E731
    parts = Parts(nets.Recurrent(), "classes", train, valid, nn.CrossEntropyLoss(), accuracy, rule, 64, 8)
    parts.clip = lambda parts: nn.utils.clip_grad_norm_(parts.model.parameters(), 1.0)
    return parts


def _autoencoder(o: Any) -> Parts:
    train, valid = data.pictures()
    rule = lambda p: o.Adam(p, lr=3e-3)  # noqa: E731
    return Parts(nets.autoencoder(), "pictures", train, valid, nn.MSELoss(), explained, rule, 64, 30)


def _regression(o: Any) -> Parts:
    (x, y), (u, v) = data.diabetes()
    rule = lambda p: o.SGD(p, lr=0.03, momentum=0.9, weight_decay=1e-3)  # noqa: E731
    parts = Parts(nets.dropped(10), "numbers", (x, y[:, None]), (u, v[:, None]), nn.MSELoss(), explained, rule, 32, 20)
    parts.schedule = lambda parts: torch.optim.lr_scheduler.StepLR(parts.made[0], 10, gamma=0.3)
    parts.after_epoch = lambda parts: parts.scheduler.step()
    return parts


def _bytes(o: Any) -> Parts:
    train, valid = data.source()
    rule = lambda p: o.AdamW(p, lr=5e-3, weight_decay=0.05)  # noqa: E731
    return Parts(nets.Reader(), "binary", train, valid, nn.BCEWithLogitsLoss(), binary_accuracy, rule, 128, 8)


def _accumulating(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
    """Take a step after every fourth batch."""
    penalty = parts.penalty(parts.forward(parts, x), y) / 4
    parts.watcher.observe(penalty)
    parts.backward(parts, penalty)
    parts.watcher.after_backward()
    if parts.taken % 4 == 3:
        parts.clip(parts)
        parts.step(parts)
        parts.clear(parts)
        parts.after_batch(parts)
    return 4 * penalty


def _accumulation(o: Any) -> Parts:
    (x, y), (u, v) = data.cancer()
    rule = lambda p: o.AdamW(p, lr=5e-3, weight_decay=0.01)  # noqa: E731
    parts = Parts(
        nets.dropped(30), "binary", (x, y[:, None]), (u, v[:, None]), functional.binary_cross_entropy_with_logits,
        binary_accuracy, rule, 16, 10,
    )  # fmt: skip
    parts.update = _accumulating
    return parts


def _amp(o: Any) -> Parts:
    """Return float16 under autocast with a gradient scaler."""
    train, valid = data.digits()
    rule = lambda p: o.AdamW(p, lr=3e-3)  # noqa: E731
    parts = Parts(nets.mlp(), "classes", train, valid, nn.CrossEntropyLoss(), accuracy, rule, 64, 8)
    scaler = torch.amp.GradScaler("cpu")
    parts.cast = lambda: torch.autocast("cpu", dtype=torch.float16)
    parts.backward = lambda parts, penalty: scaler.scale(penalty).backward()
    parts.step = lambda parts: (scaler.step(parts.optimizer), scaler.update())
    return parts


def _bfloat16(o: Any) -> Parts:
    train, valid = data.digits()
    rule = lambda p: o.SGD(p, lr=0.05, momentum=0.9)  # noqa: E731
    parts = Parts(nets.cnn(), "classes", train, valid, nn.CrossEntropyLoss(), accuracy, rule, 64, 5)
    parts.cast = lambda: torch.autocast("cpu", dtype=torch.bfloat16)
    return parts


def _plane() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the digits' two principal components, standardised."""
    (x, y), (u, v) = data.digits()
    directions = torch.linalg.svd(x - x.mean(0), full_matrices=False)[2][:2].T
    a, b = (x - x.mean(0)) @ directions, (u - x.mean(0)) @ directions
    return (a / a.std(0), y), (b / a.std(0), v)


def _adversarial(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
    """Step the critic, then the generator."""
    model, (generator, critic) = parts.model, parts.made
    zeros, ones = torch.zeros(len(x), 1), torch.ones(len(x), 1)
    for _ in range(2):
        fake = model.generator(torch.randn(len(x), 8))
        parts.clear(parts)
        told = parts.penalty(parts.forward(parts, x), 0.9 * ones) + parts.penalty(
            parts.forward(parts, fake.detach()), zeros
        )
        parts.watcher.observe(told)
        parts.backward(parts, told)
        parts.watcher.after_backward()
        critic.step()
    generator.zero_grad()
    penalty = parts.penalty(parts.forward(parts, model.generator(torch.randn(len(x), 8))), ones)
    parts.watcher.observe(penalty)
    parts.backward(parts, penalty)
    parts.watcher.after_backward()
    generator.step()
    return told


@torch.no_grad()
def _likeness(parts: Parts) -> float:
    """Return 1 minus the energy distance of what is generated to the held-out points, per its value for one point."""
    parts.model.eval()
    real = parts.valid[0]
    made = parts.model.generator(torch.randn(len(real), 8, generator=torch.Generator().manual_seed(0)))
    if not made.isfinite().all():
        return float("nan")
    between, within, own = (
        torch.cdist(real, made).mean(),
        torch.cdist(real, real).mean(),
        torch.cdist(made, made).mean(),
    )
    single = 2 * real.norm(dim=1).mean() - within
    return max(-1.0, float(1 - (2 * between - within - own) / single))


def _gan(o: Any) -> Parts:
    train, valid = _plane()
    rule = lambda p: o.Adam(p, lr=2e-3, betas=(0.5, 0.99))  # noqa: E731
    parts = Parts(nets.Adversaries(), "adversary", train, valid, nn.BCEWithLogitsLoss(), lambda *_: 0.0, rule, 128, 15)
    parts.optimizers = lambda parts: [
        parts.rule(parts.model.generator.parameters()), parts.rule(parts.model.critic.parameters())
    ]  # fmt: skip
    parts.clear = lambda parts: parts.made[1].zero_grad()
    parts.update = _adversarial
    parts.measured = _likeness

    def validate(parts: Parts) -> float:
        parts.begin_validation(parts)
        return _likeness(parts)

    parts.validate = validate
    return parts


TASKS: dict[str, Task] = {
    each.name: each
    for each in (
        Task("mlp", "tuned", _mlp, 0.93, 0.02),
        Task("gru", "tuned", _gru, 0.85, 0.03),
        Task("autoencoder", "tuned", _autoencoder, 0.45, 0.05),
        Task("bytes", "tuned", _bytes, 0.75, 0.03),
        Task("gan", "tuned", _gan, 0.8, 0.1),
        Task("cnn", "report", _cnn, 0.95, 0.02),
        Task("transformer", "report", _transformer, 0.9, 0.02),
        Task("regression", "report", _regression, 0.25, 0.05),
        Task("accumulation", "report", _accumulation, 0.94, 0.02),
        Task("amp", "report", _amp, 0.93, 0.02),
        Task("bfloat16", "report", _bfloat16, 0.93, 0.02),
    )
}
LIBRARIES = {"torch": torch.optim, "surefoot": sf}
