# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""The loop: what is called, in what order, and how often."""

import torch
from torch import Tensor

from benchmarks.stumble.catalogue import fault, kinds, only
from benchmarks.stumble.parts import Parts, plain_update

PLAIN = kinds("classes", "binary", "numbers", "pictures", but=["accumulation"])
"""Tasks with one optimizer and a step a batch."""

UNSCALED = kinds("classes", "binary", "numbers", "pictures", but=["accumulation", "amp", "transformer", "regression"])
"""The same, without a gradient scaler and without a schedule of their own."""


@fault("zero-grad-missing", "once an epoch", "in one of three steps", "never", suits=PLAIN)
def zero_grad_left_out(parts: Parts, strength: str) -> None:
    clears = {
        "once an epoch": lambda taken: taken % parts.epoch_length == 0,
        "in one of three steps": lambda taken: taken % 3 == 0,
        "never": lambda taken: False,
    }[strength]
    parts.clear = lambda parts: parts.optimizer.zero_grad() if clears(parts.taken) else None


@fault("zero-grad-missing", suits=only("accumulation"))
def zero_grad_left_out_while_accumulating(parts: Parts, strength: str) -> None:
    parts.clear = lambda parts: None


@fault("zero-grad-missing", "critic", "generator", suits=only("gan"))
def zero_grad_left_out_for_one_of_two(parts: Parts, strength: str) -> None:
    clear = parts.clear

    def after(parts: Parts) -> None:
        if strength == "critic":
            parts.made[1].zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign]
        else:
            parts.made[0].zero_grad = lambda set_to_none=True: None  # type: ignore[method-assign]
        clear(parts)

    parts.clear = after


@fault("zero-grad-missing", suits=UNSCALED)
def zero_grad_of_another_optimizer(parts: Parts, strength: str) -> None:
    other = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    parts.clear = lambda parts: other.zero_grad()


@fault("step-never-called")
def step_left_out(parts: Parts, strength: str) -> None:
    parts.step = lambda parts: None
    if parts.kind == "adversary":
        make = parts.optimizers

        def idle(parts: Parts) -> list[torch.optim.Optimizer]:
            made = make(parts)
            for each in made:
                each.step = lambda closure=None: None  # type: ignore[method-assign,assignment]
            return made

        parts.optimizers = idle


@fault("step-never-called", suits=only("amp"))
def scaler_left_in_overflow(parts: Parts, strength: str) -> None:
    """Scale so much that every step is skipped, and never update the scale."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**60)
    parts.backward = lambda parts, penalty: scaler.scale(penalty).backward()
    parts.step = lambda parts: (scaler.step(parts.optimizer), scaler._per_optimizer_states.clear())


@fault("backward-missing", suits=PLAIN)
def backward_left_out(parts: Parts, strength: str) -> None:
    parts.backward = lambda parts, penalty: None


@fault("backward-missing", suits=PLAIN)
def cleared_between_backward_and_step(parts: Parts, strength: str) -> None:
    parts.clip = lambda parts: parts.optimizer.zero_grad()


@fault("backward-missing", suits=PLAIN)
def penalty_made_a_new_tensor(parts: Parts, strength: str) -> None:
    judge = parts.penalty
    parts.penalty = lambda output, target: torch.tensor(judge(output, target).item(), requires_grad=True)


def _stepwise(parts: Parts, gamma: float) -> None:
    parts.schedule = lambda parts: torch.optim.lr_scheduler.ExponentialLR(parts.optimizer, gamma)


@fault("scheduler-before-optimizer", "slow decay", "fast decay", "first steps alone are large", suits=UNSCALED)
def scheduler_before_the_step(parts: Parts, strength: str) -> None:
    """Skip the first value of a schedule that suits the run's length: seldom a loss, but never what was meant."""
    _stepwise(parts, (0.5 if strength == "slow decay" else 0.01) ** (1 / parts.length))
    if strength == "first steps alone are large":
        parts.schedule = lambda parts: torch.optim.lr_scheduler.LambdaLR(
            parts.optimizer, lambda step: 1.0 if step < parts.length // 2 else 0.01
        )
    parts.clip = lambda parts: parts.scheduler.step()


@fault("scheduler-per-batch", "gamma 0.9", "gamma 0.5", "gamma 0.1", suits=UNSCALED)
def epochs_schedule_stepped_per_batch(parts: Parts, strength: str) -> None:
    _stepwise(parts, float(strength.split()[1]))
    parts.after_batch = lambda parts: parts.scheduler.step()


@fault("scheduler-per-batch", "4 epochs", "2 epochs", suits=UNSCALED)
def step_schedule_stepped_per_batch(parts: Parts, strength: str) -> None:
    every = int(strength.split()[0])
    parts.schedule = lambda parts: torch.optim.lr_scheduler.StepLR(parts.optimizer, every, gamma=0.1)
    parts.after_batch = lambda parts: parts.scheduler.step()


@fault("scheduler-per-batch", suits=UNSCALED)
def linear_schedule_stepped_per_batch(parts: Parts, strength: str) -> None:
    epochs = parts.epochs
    parts.schedule = lambda parts: torch.optim.lr_scheduler.LinearLR(parts.optimizer, 1.0, 0.0, total_iters=epochs)
    parts.after_batch = lambda parts: parts.scheduler.step()


@fault("scheduler-per-batch", suits=only("transformer"))
def warmed_schedule_of_a_tenth_of_the_run(parts: Parts, strength: str) -> None:
    """Compute the length of the schedule from the wrong number of batches."""

    def schedule(parts: Parts) -> object:
        length = parts.length / 10
        factor = lambda i: max(0.0, min((i + 1) / (0.1 * length), (length - i) / (0.9 * length)))  # noqa: E731
        return torch.optim.lr_scheduler.LambdaLR(parts.optimizer, factor)

    parts.schedule = schedule


@fault("scheduler-before-optimizer", suits=only("transformer"))
def schedule_first_then_step(parts: Parts, strength: str) -> None:
    def update(parts: Parts, x: Tensor, y: Tensor) -> Tensor:
        return plain_update(parts, x, y)

    parts.clip, parts.after_batch, parts.update = lambda parts: parts.scheduler.step(), lambda parts: None, update
