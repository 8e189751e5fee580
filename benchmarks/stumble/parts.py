# ruff: noqa: ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The parts of a hand-written training loop, so that a fault is one small change of one of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

Pair: TypeAlias = tuple[Tensor, Tensor]
Kind: TypeAlias = Literal["classes", "binary", "numbers", "pictures", "adversary"]
Piece: TypeAlias = Callable[["Parts"], object]


class Watcher:
    """Sees a run as a user would show it; whoever watches overrides what it needs."""

    def begin(self, parts: "Parts") -> None:
        """The optimizers have been made."""

    def observe(self, penalty: Tensor) -> None:
        """A penalty has been computed; backward comes next."""

    def after_backward(self) -> None:
        """Gradients are there."""

    def stepped(self, penalty: float) -> None:
        """One update of the loop is over."""

    def validated(self, score: float) -> None:
        """A validation pass is over."""

    def end(self) -> None:
        """The run is over, or has raised."""


@dataclass
class Parts:
    """What a training loop is made of. Every piece takes the parts, so that a fault may replace any of them.

    Args:
        model: what is trained.
        kind: what the targets are.
        train: inputs and targets.
        valid: the same, held out.
        penalty: of output and target.
        score: of output and target; more is better.
        rule: makes the optimizer of parameters.
        size: rows of a batch.
        epochs: passes over the training data.
        validation_size: rows of a batch in validation.
        held_out: rows that are truly unseen, if `valid` is not.
        loader: what an examination is shown to train on, if it is not shuffled batches of `train`.
        asks: whether the loop lets a doctor compute the penalty, where the doctor can.
    """

    model: nn.Module
    kind: Kind
    train: Pair
    valid: Pair
    penalty: Callable[[Tensor, Tensor], Tensor]
    score: Callable[[Tensor, Tensor], float]
    rule: Callable[[Any], torch.optim.Optimizer]
    size: int
    epochs: int
    validation_size: int = 64

    held: Callable[["Parts"], Iterable[Any]] = lambda parts: parts.model.parameters()
    optimizers: Callable[["Parts"], list[torch.optim.Optimizer]] = lambda parts: [parts.rule(parts.held(parts))]
    schedule: Callable[["Parts"], Any] = lambda parts: None
    batches: Callable[["Parts"], Iterator[Pair]] = lambda parts: shuffled(parts)
    forward: Callable[["Parts", Tensor], Tensor] = lambda parts, x: parts.model(x)
    cast: Callable[[], AbstractContextManager[Any]] = nullcontext
    clear: Piece = lambda parts: parts.optimizer.zero_grad()
    backward: Callable[["Parts", Tensor], object] = lambda parts, penalty: penalty.backward()
    clip: Piece = lambda parts: None
    step: Piece = lambda parts: parts.optimizer.step()
    after_batch: Piece = lambda parts: None
    after_epoch: Piece = lambda parts: None
    begin_training: Piece = lambda parts: parts.model.train()
    begin_validation: Piece = lambda parts: parts.model.eval()
    ungraded: Callable[[], AbstractContextManager[Any]] = torch.no_grad
    update: Callable[["Parts", Tensor, Tensor], Tensor] = lambda parts, x, y: plain_update(parts, x, y)
    measured: Callable[["Parts"], float] = lambda parts: measured(parts)
    validate: Callable[["Parts"], float] = lambda parts: validated(parts)

    watcher: Watcher = field(default_factory=Watcher)
    made: list[torch.optim.Optimizer] = field(default_factory=list)
    scheduler: Any = None
    asks: bool = False
    held_out: Pair | None = None
    loader: Any = None
    taken: int = 0
    epoch: int = 0
    reported: list[float] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The only optimizer, or the first."""
        return self.made[0]

    @property
    def epoch_length(self) -> int:
        """Batches of an epoch."""
        return max(1, len(self.train[0]) // self.size)

    @property
    def length(self) -> int:
        """Batches of the run."""
        return self.epoch_length * self.epochs


def shuffled(parts: Parts) -> Iterator[Pair]:
    """Yield batches in a new order each epoch; the last rows that fill no batch are left out."""
    x, y = parts.train
    order = torch.randperm(len(x))
    for index in range(parts.epoch_length):
        rows = order[index * parts.size : (index + 1) * parts.size]
        yield x[rows], y[rows]


def plain_update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
    """Take one step as the tutorials do."""
    parts.clear(parts)
    with parts.cast():
        penalty = parts.penalty(parts.forward(parts, x), y)
    parts.watcher.observe(penalty)
    parts.backward(parts, penalty)
    parts.watcher.after_backward()
    parts.clip(parts)
    parts.step(parts)
    parts.after_batch(parts)
    return penalty


def validated(parts: Parts) -> float:
    """Return the score as the user's loop computes it."""
    parts.begin_validation(parts)
    x, y = parts.valid
    outputs = []
    with parts.ungraded():
        for begin in range(0, len(x), parts.validation_size):
            output = parts.model(x[begin : begin + parts.validation_size])
            outputs.append(output.detach())
            parts.kept.append(output.requires_grad)
    return parts.score(torch.cat(outputs), y)


@torch.no_grad()
def measured(parts: Parts) -> float:
    """Return the score of the finished model, measured as it should be."""
    parts.model.eval()
    x, y = parts.held_out or parts.valid
    return parts.score(parts.model(x), y)


def trained(parts: Parts) -> None:
    """Train, with a validation after each epoch."""
    parts.made = parts.optimizers(parts)
    parts.scheduler = parts.schedule(parts)
    parts.watcher.begin(parts)
    for epoch in range(parts.epochs):
        parts.epoch = epoch
        parts.begin_training(parts)
        for x, y in parts.batches(parts):
            penalty = parts.update(parts, x, y)
            parts.taken += 1
            parts.watcher.stepped(float(penalty.detach()))
        parts.after_epoch(parts)
        parts.reported.append(parts.validate(parts))
        parts.watcher.validated(parts.reported[-1])
