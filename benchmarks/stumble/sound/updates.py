# ruff: noqa: ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""How a step is taken: closures, several backwards, several optimizers, accumulation, gradients of gradients."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.stumble.catalogue import layers, only, sound
from benchmarks.stumble.faults.loops import UNSCALED
from benchmarks.stumble.parts import Parts, plain_update
from benchmarks.stumble.sound.paces import lead


@sound(only("mlp", "autoencoder", "regression"), enough=0.9)
def lbfgs_with_closure(parts: Parts) -> None:
    parts.rule = lambda p: torch.optim.LBFGS(p, lr=0.5, max_iter=4, line_search_fn="strong_wolfe")
    parts.size, parts.epochs = len(parts.train[0]), 3 if parts.kind == "numbers" else 30
    for each in parts.model.modules():
        if isinstance(each, nn.Dropout):
            each.p = 0.0

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        def closure() -> Tensor:
            parts.clear(parts)
            penalty = parts.penalty(parts.forward(parts, x), y)
            parts.watcher.observe(penalty)
            penalty.backward()
            return penalty

        found: Any = parts.optimizer.step(closure)
        return found

    parts.update = update


@sound(only("mlp", "cnn", "gru", "bytes", "regression"), enough=0.95)
def closure_and_a_schedule_per_batch(parts: Parts) -> None:
    closure_for_a_plain_rule(parts)
    lead(parts, lambda p: torch.optim.lr_scheduler.CosineAnnealingLR(p.made[0], p.length))


@sound(UNSCALED)
def closure_for_a_plain_rule(parts: Parts) -> None:
    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        def closure() -> Tensor:
            parts.clear(parts)
            penalty = parts.penalty(parts.forward(parts, x), y)
            parts.watcher.observe(penalty)
            penalty.backward()
            return penalty

        found: Any = parts.optimizer.step(closure)
        parts.after_batch(parts)
        return found

    parts.update = update


@sound(UNSCALED, enough=0.95)
def sharpness_aware(parts: Parts) -> None:
    """Climb a little, take the gradient there, go back and step with it."""

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        parts.clear(parts)
        first = parts.penalty(parts.forward(parts, x), y)
        parts.watcher.observe(first)
        first.backward()
        held = [p for p in parts.model.parameters() if p.grad is not None]
        norm = torch.stack([p.grad.norm() for p in held if p.grad is not None]).norm() + 1e-12
        climbs = [0.02 * p.grad / norm for p in held if p.grad is not None]
        with torch.no_grad():
            torch._foreach_add_(held, climbs)
        parts.clear(parts)
        second = parts.penalty(parts.forward(parts, x), y)
        second.backward()
        with torch.no_grad():
            torch._foreach_sub_(held, climbs)
        parts.step(parts)
        parts.after_batch(parts)
        return first

    parts.update = update


@sound(UNSCALED, enough=0.9)
def accumulation_over_eight(parts: Parts) -> None:
    parts.size = max(4, parts.size // 8)
    parts.epochs = max(2, parts.epochs // 2)

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        penalty = parts.penalty(parts.forward(parts, x), y) / 8
        parts.watcher.observe(penalty)
        penalty.backward()
        if (parts.taken + 1) % 8 == 0:
            parts.step(parts)
            parts.clear(parts)
        return penalty * 8

    parts.update = update


@sound(UNSCALED)
def backward_of_two_halves(parts: Parts) -> None:
    """Take two backwards before each step, of which both are observed."""

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        parts.clear(parts)
        half = len(x) // 2
        for a, b in ((x[:half], y[:half]), (x[half:], y[half:])):
            penalty = 0.5 * parts.penalty(parts.forward(parts, a), b)
            parts.watcher.observe(penalty)
            penalty.backward()
        parts.step(parts)
        parts.after_batch(parts)
        return 2 * penalty

    parts.update = update


@sound(UNSCALED)
def penalties_added_before_backward(parts: Parts) -> None:
    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        total, half = torch.zeros(()), len(x) // 2
        for a, b in ((x[:half], y[:half]), (x[half:], y[half:])):
            total = total + 0.5 * parts.penalty(parts.forward(parts, a), b)
        parts.watcher.observe(total)
        parts.clear(parts)
        total.backward()
        parts.step(parts)
        parts.after_batch(parts)
        return total

    parts.update = update


@sound(only("mlp", "gru", "cnn", "transformer", "bytes"), enough=0.97)
def two_optimizers_share_the_model(parts: Parts) -> None:
    """Step matrices and the rest by rules of their own."""

    def optimizers(parts: Parts) -> list[torch.optim.Optimizer]:
        every = [*parts.model.parameters()]
        vectors = [p for p in every if p.ndim < 2]
        return [parts.rule([p for p in every if p.ndim > 1]), torch.optim.Adam(vectors, lr=3e-3)]

    def step(parts: Parts) -> None:
        for each in parts.made:
            each.step()

    parts.optimizers, parts.step = optimizers, step
    parts.clear = lambda parts: [each.zero_grad() for each in parts.made]


@sound(only("mlp", "cnn", "autoencoder"))
def stepped_within_backward(parts: Parts) -> None:
    """Give every parameter its own optimizer, which steps and clears as soon as the gradient is there."""

    def optimizers(parts: Parts) -> list[torch.optim.Optimizer]:
        made = {p: parts.rule([p]) for p in parts.model.parameters()}

        def hook(p: Tensor) -> None:
            made[p].step()
            made[p].zero_grad()

        for p in made:
            p.register_post_accumulate_grad_hook(hook)
        return [*made.values()]

    parts.optimizers = optimizers
    parts.clear = parts.step = lambda parts: None


@sound(only("mlp", "cnn", "transformer"), enough=0.95)
def mixup(parts: Parts) -> None:
    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        share, order = float(torch.distributions.Beta(0.4, 0.4).sample()), torch.randperm(len(x))
        parts.clear(parts)
        output = parts.forward(parts, share * x + (1 - share) * x[order])
        penalty = share * parts.penalty(output, y) + (1 - share) * parts.penalty(output, y[order])
        parts.watcher.observe(penalty)
        penalty.backward()
        parts.step(parts)
        parts.after_batch(parts)
        return penalty

    parts.update = update


@sound(only("mlp", "regression", "accumulation", "autoencoder"), enough=0.9)
def gradient_penalty(parts: Parts) -> None:
    """Add the squared gradient by the input, through a double backward."""

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        parts.clear(parts)
        x = x.requires_grad_()
        task = parts.penalty(parts.forward(parts, x), y)
        (slope,) = torch.autograd.grad(task, x, create_graph=True)
        penalty = task + 0.1 * slope.square().sum(1).mean()
        parts.watcher.observe(penalty)
        penalty.backward()
        parts.step(parts)
        return penalty

    parts.update = update


@sound(only("mlp", "bytes", "gru"), enough=0.97)
def adversarial_examples(parts: Parts) -> None:
    """Find a worse weight first by a backward of its own, as fast adversarial training does."""

    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        if x.is_floating_point():
            x = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(parts.penalty(parts.forward(parts, x), y), x)
            x = (x + 0.02 * slope.sign()).detach()
        return plain_update(parts, x, y)

    parts.update = update


@sound(only("mlp", "cnn"), enough=0.9)
def gradual_unfreezing(parts: Parts) -> None:
    """Begin with the head alone, and give the rest to the optimizer later."""
    body = [p for _, each in layers(parts.model)[:-1] for p in each.parameters()]
    for p in body:
        p.requires_grad_(False)
    parts.held = lambda parts: [p for p in parts.model.parameters() if p.requires_grad]
    begin = parts.begin_training

    def thaw(parts: Parts) -> None:
        begin(parts)
        if parts.epoch == 2:
            for p in body:
                p.requires_grad_(True)
            parts.optimizer.add_param_group({"params": body})

    parts.begin_training = thaw
