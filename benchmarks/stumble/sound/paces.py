# ruff: noqa: ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""How the step size is led, and how gradients are cleared and limited."""

from typing import Any

import torch
from torch import nn

from benchmarks.stumble.catalogue import kinds, only, sound
from benchmarks.stumble.faults.loops import PLAIN, UNSCALED
from benchmarks.stumble.parts import Parts

SUPERVISED = kinds("classes", "binary", "numbers", "pictures")


def lead(parts: Parts, schedule: Any) -> None:
    """Give the parts a scheduler that is stepped after every batch."""
    parts.schedule = schedule
    parts.after_batch, parts.after_epoch = lambda parts: parts.scheduler.step(), lambda parts: None


def faster(parts: Parts, by: float) -> None:
    """Multiply every step size."""
    rule = parts.rule

    def made(p: Any) -> torch.optim.Optimizer:
        optimizer = rule(p)
        for group in optimizer.param_groups:
            group["lr"] *= by
        return optimizer

    parts.rule = made


@sound()
def as_it_is(parts: Parts) -> None:
    """Change nothing."""


@sound(enough=0.97)
def high_step_size(parts: Parts) -> None:
    faster(parts, 2.5)


@sound(SUPERVISED, enough=0.8)
def low_step_size(parts: Parts) -> None:
    faster(parts, 0.3)


@sound(PLAIN, enough=0.97)
def warmed_up_from_zero(parts: Parts) -> None:
    """Begin with a step size of exactly 0."""
    lead(parts, lambda p: torch.optim.lr_scheduler.LambdaLR(p.made[0], lambda i: min(1.0, i / (0.2 * p.length))))


@sound(PLAIN, enough=0.97)
def warmed_up_for_long_from_next_to_nothing(parts: Parts) -> None:
    lead(parts, lambda p: torch.optim.lr_scheduler.LinearLR(p.made[0], 1e-6, 1.0, total_iters=p.length // 2))


@sound(PLAIN, enough=0.97)
def one_cycle(parts: Parts) -> None:
    def schedule(p: Parts) -> Any:
        peak = 2 * p.made[0].param_groups[0]["lr"]
        return torch.optim.lr_scheduler.OneCycleLR(p.made[0], peak, total_steps=p.length + 1)

    lead(parts, schedule)


@sound(PLAIN, enough=0.97)
def cosine_per_batch(parts: Parts) -> None:
    lead(parts, lambda p: torch.optim.lr_scheduler.CosineAnnealingLR(p.made[0], p.length))


@sound(PLAIN, enough=0.97)
def warm_restarts(parts: Parts) -> None:
    lead(parts, lambda p: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(p.made[0], max(2, p.length // 5)))


@sound(UNSCALED, enough=0.95)
def plateau_scheduler(parts: Parts) -> None:
    parts.schedule = lambda p: torch.optim.lr_scheduler.ReduceLROnPlateau(p.made[0], mode="max", patience=1, factor=0.5)
    parts.after_epoch = lambda p: p.scheduler.step(p.reported[-1] if p.reported else 0.0)


@sound(UNSCALED, enough=0.95)
def exponential_per_epoch(parts: Parts) -> None:
    parts.schedule = lambda p: torch.optim.lr_scheduler.ExponentialLR(p.made[0], 0.9)
    parts.after_epoch = lambda p: p.scheduler.step()


@sound(UNSCALED, enough=0.95)
def steep_decay_over_the_run(parts: Parts) -> None:
    """Fall by the same factor at every batch, to a hundredth at the end."""
    lead(parts, lambda p: torch.optim.lr_scheduler.ExponentialLR(p.made[0], 0.01 ** (1 / p.length)))


@sound(UNSCALED, enough=0.8)
def fallen_to_little_and_held(parts: Parts) -> None:
    """Fall to a two-hundredth over a third of the run, and go on with that."""
    lead(
        parts,
        lambda p: torch.optim.lr_scheduler.LambdaLR(p.made[0], lambda i: max(0.005, 0.005 ** (3 * i / p.length))),
    )


@sound(UNSCALED, enough=0.95)
def trained_on_after_the_schedule(parts: Parts) -> None:
    """Anneal to nothing over the first 70 %, and let the rest run out."""
    lead(parts, lambda p: torch.optim.lr_scheduler.LambdaLR(p.made[0], lambda i: max(0.0, 1 - i / (0.7 * p.length))))


@sound(SUPERVISED, enough=0.8)
def clipping_always_on(parts: Parts) -> None:
    parts.clip = lambda parts: nn.utils.clip_grad_norm_(parts.model.parameters(), 0.05)


@sound(UNSCALED, enough=0.95)
def clipping_by_value(parts: Parts) -> None:
    parts.clip = lambda parts: nn.utils.clip_grad_value_(parts.model.parameters(), 0.01)


@sound(PLAIN)
def cleared_by_hand(parts: Parts) -> None:
    def clear(parts: Parts) -> None:
        for p in parts.model.parameters():
            p.grad = None

    parts.clear = clear


@sound(PLAIN)
def cleared_to_zeros(parts: Parts) -> None:
    parts.clear = lambda parts: parts.optimizer.zero_grad(set_to_none=False)


@sound(PLAIN)
def cleared_through_the_model_after_the_step(parts: Parts) -> None:
    parts.clear = lambda parts: None
    parts.after_batch = _then(parts.after_batch, lambda parts: parts.model.zero_grad())


def _then(first: Any, second: Any) -> Any:
    return lambda parts: (first(parts), second(parts))


@sound(UNSCALED)
def gradients_of_each_layer_normalised(parts: Parts) -> None:
    def clip(parts: Parts) -> None:
        for p in parts.model.parameters():
            if p.grad is not None:
                p.grad /= p.grad.norm() + 1e-8
                p.grad *= 0.3

    parts.clip = clip


@sound(UNSCALED, enough=0.9)
def noise_on_gradients(parts: Parts) -> None:
    def clip(parts: Parts) -> None:
        for p in parts.model.parameters():
            if p.grad is not None:
                p.grad.add_(torch.randn_like(p.grad), alpha=1e-4)

    parts.clip = clip


@sound(only("mlp", "gru", "bytes", "regression", "autoencoder", "cnn"), enough=0.95)
def float16_without_a_scaler_in_range(parts: Parts) -> None:
    """Compute in float16 what is large enough for it."""
    parts.cast = lambda: torch.autocast("cpu", dtype=torch.float16)


@sound(only("amp"))
def scaler_that_begins_far_too_high(parts: Parts) -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**28)
    parts.backward = lambda parts, penalty: scaler.scale(penalty).backward()
    parts.step = lambda parts: (scaler.step(parts.optimizer), scaler.update())


@sound(only("amp"))
def scaler_with_clipping(parts: Parts) -> None:
    scaler = torch.amp.GradScaler("cpu", growth_interval=10)
    parts.backward = lambda parts, penalty: scaler.scale(penalty).backward()

    def clip(parts: Parts) -> None:
        scaler.unscale_(parts.optimizer)
        nn.utils.clip_grad_norm_(parts.model.parameters(), 1.0)

    parts.clip, parts.step = clip, lambda parts: (scaler.step(parts.optimizer), scaler.update())
