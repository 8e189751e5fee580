"""Torch's schedulers: found among what lives, and seen leading the step size before or after each step."""

import gc
from typing import final
from weakref import ReferenceType, ref

import torch
from torch.optim.lr_scheduler import LRScheduler

from surefoot.diagnose.checks.loop import NOTHING, Led


def scheduled(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether a scheduler has been made for an optimizer: each wraps its step, to know of it."""
    return bool(getattr(optimizer.step, "_wrapped_by_lr_sched", False))


def schedulers_of(optimizer: torch.optim.Optimizer) -> list[LRScheduler]:
    """Return the living schedulers of an optimizer; a walk over all objects (50 ms), so it is made once."""
    found = [each for each in gc.get_objects() if issubclass(type(each), LRScheduler)]
    return [each for each in found if getattr(each, "optimizer", None) is optimizer]


@final
class Lead:
    """One scheduler and the step sizes that it makes.

    Args:
        scheduler: a scheduler of torch's.
        step: steps taken so far.

    >>> p = torch.nn.Parameter(torch.zeros(1)); optimizer = torch.optim.SGD([p], lr=0.1)
    >>> lead = Lead(torch.optim.lr_scheduler.StepLR(optimizer, 1))
    >>> lead.led(0).now
    0.1
    """

    def __init__(self, scheduler: LRScheduler, step: int = 0) -> None:
        self._scheduler: ReferenceType[LRScheduler] = ref(scheduler)
        self._kind = type(scheduler).__name__
        self._observed: int | None = None
        self._early = 0
        self._peak, self._now = 0.0, 0.0
        self._ended: int | None = None
        self._every, self._last = True, (step, self._count())
        self.led(step)

    def observed(self) -> None:
        """Note that a penalty has been computed, outside of any step: a closure's is computed within one."""
        self._observed = self._count()

    def before_step(self) -> None:
        """Note that the optimizer is about to step: has the scheduler moved on since the penalty?"""
        moved = self._observed is not None and self._count() > self._observed
        self._early, self._observed = self._early + 1 if moved else 0, None

    def led(self, step: int) -> Led:
        """Return how the step size has been led, so many steps after the watch began."""
        scheduler = self._scheduler()
        if scheduler is not None:
            self._now = max(float(group["lr"]) for group in scheduler.optimizer.param_groups)
            self._peak = max(self._peak, self._now)
            steps, moved = step - self._last[0], self._count() - self._last[1]
            if steps >= 1:
                self._every = self._every and abs(moved - steps) <= 1
                self._last = step, self._count()
            below = self._now <= NOTHING * self._peak and self._peak > 0.0  # before a warm-up nothing has fallen
            self._ended = (step if self._ended is None else self._ended) if below else None
        return Led(self._kind, step, self._early, self._peak, self._now, self._ended, self._every)

    def _count(self) -> int:
        scheduler = self._scheduler()
        return 0 if scheduler is None else int(getattr(scheduler, "_step_count", 0))
