"""The ward: everything that is seen of one run, joined; what it comes to is handed on as findings."""

from collections.abc import Callable
from itertools import islice
from typing import Any, TypeAlias, final

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.loop import scheduler_before_optimizer, scheduler_per_batch
from surefoot.diagnose.checks.optimizer import decay_on_vectors, frozen_unawares
from surefoot.diagnose.finding import Finding
from surefoot.pytorch.observer.calls import Call, Calls
from surefoot.pytorch.observer.early import SETTLED, Early
from surefoot.pytorch.observer.holding import decayed, frozen
from surefoot.pytorch.observer.letters import Letters
from surefoot.pytorch.observer.modules import named
from surefoot.pytorch.observer.passes import Modes
from surefoot.pytorch.observer.penalties import Penalties
from surefoot.pytorch.observer.schedulers import Lead, scheduled, schedulers_of
from surefoot.pytorch.observer.watch import Watch

_LOOKS = (1, 2, 3, 5, 8, 12, 16, 20)
"""Penalties whose graph is read (0.2 ms each); after them that at 30, 45, 67, ... each half as far again."""

DENSE = _LOOKS[-1]
"""Penalties until which gradients are followed, or longer where a step takes many."""

_READ = 50
"""Every so many penalties on a device one is fetched, to see whether it is finite: 30 us."""

_LED = 8
"""Every so many penalties it is read how far a scheduler has led the step size: 3 us."""

_CANARY = 4096
"""Most entries of the gradient that is tested before every step on the CPU (1 us)."""

Examine: TypeAlias = Callable[[list[Call], Tensor | None, torch.optim.Optimizer, int, float], Finding]
"""Explains what is not finite: from the last passes, the penalty if that is it, the optimizer, the steps taken, and
what the penalty was multiplied by before its backward."""


@final
class Ward:
    """One run under observation.

    Args:
        model: what is trained.
        optimizers: what steps it.
        say: takes a finding.
        examine: explains what is not finite; called once.
        give_up: called with whatever error the observation itself raises; nothing is raised into the run.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizers: list[torch.optim.Optimizer],
        say: Callable[[Finding], None],
        examine: Examine,
        give_up: Callable[[Exception], None],
    ) -> None:
        self._model, self._report, self._examine, self._give_up = model, say, examine, give_up
        self._letters = Letters()
        self._names = named(model)
        self._watches = [Watch(each, self._before_step, self._after_step, self._canary_died) for each in optimizers]
        self._calls = Calls(model)
        self._modes = Modes(model, self._calls, self._say)
        self._penalties = Penalties(self._letters, self._say)
        self._early: Early | None = Early(model, self._names, self._watches, self._letters, self._say)
        self._leads: list[Lead] = []
        self._scale: Tensor | None = None
        self._seen, self._due, self._begun, self._dead, self._closed = 0, 1, False, False, False
        self._say_what_stands()

    @property
    def steps(self) -> int:
        """Steps taken since the observation began."""
        return self._taken()

    def observe(self, penalty: Tensor) -> None:
        """Take note of a penalty, before its backward."""
        if self._closed:
            return
        try:
            self._seen += 1
            if penalty.requires_grad:
                if self._seen >= self._due or self._early is not None:
                    self._look(penalty)
                elif self._leads and not self._seen % _LED:
                    self._led(self._taken())
                calls = self._calls
                if calls.resting or calls.alone or calls.modules is not None:
                    self._modes.observed(self._taken)
                else:  # nothing of a pass is news: the way of nearly every step
                    calls.observed()
            if penalty.is_cpu:
                value = penalty.item()
                if value - value != 0.0:  # cheaper than isfinite: inf and nan
                    self._died(penalty, self._watches[0])
            elif self._seen % _READ == 0:
                self._letters.post(penalty, self._arrived)
        except Exception as error:  # whatever it is, the run goes on
            self._give_up(error)

    def catch_up(self) -> None:
        """Say what can be said only now: what has arrived from a device, and passes after the last penalty."""
        if not self._closed:
            self._letters.collect()
            self._modes.judge(self.steps)

    def close(self) -> None:
        """Take every hook away and let go of the inputs."""
        self._closed = True
        if self._early is not None:
            self._early.close()
        self._early = None
        for watch in self._watches:
            watch.close()
        self._modes.close()
        self._calls.close()

    def _taken(self) -> int:
        return max(watch.taken for watch in self._watches)

    # At every penalty

    def _look(self, penalty: Tensor) -> None:
        early, step = self._early, self.steps
        if early is not None:
            early.observed(step)
            for lead in self._leads if not any(watch.inside for watch in self._watches) else ():
                lead.observed()
        if self._seen < self._due:
            return
        self._due = next((each for each in _LOOKS if each > self._seen), self._seen + self._seen // 2)
        self._letters.collect()
        if early is not None and not self._begun:
            self._begin(early, penalty)
        if early is not None:
            early.follow(penalty)
        if early is not None and self._seen <= DENSE:
            call = next(iter(self._calls.kept), None)
            early.precision(penalty, cast=call is not None and torch.float16 in (call.precision or {}).values())
            self._calls.learn_draws()
        self._find_schedulers(step)
        self._penalties.look(penalty, step)
        self._modes.look(step)
        self._led(step)
        if penalty.grad_fn is not None:
            penalty.register_hook(self._note_scale)  # type: ignore[no-untyped-call]
        if early is not None and self._seen >= DENSE and step >= SETTLED:
            self._settle(early, step)

    def _begin(self, early: Early, penalty: Tensor) -> None:
        self._begun = True
        early.begin(penalty)
        small = (p for p in self._model.parameters() if p.requires_grad and p.is_cpu and p.numel() <= _CANARY)
        first = [*islice(small, 2)]  # of the first layer: nan spreads to it from wherever backward met it
        for watch in self._watches:
            watch.canary = min(first, key=Tensor.numel, default=None)

    def _settle(self, early: Early, step: int) -> None:
        self._early = None
        early.judge(step)

    def _led(self, step: int) -> None:
        for lead in self._leads:
            self._say(scheduler_per_batch(lead.led(step)))

    def _note_scale(self, scale: Tensor) -> None:
        """Keep what a penalty was multiplied by on its way to its backward: the gradient by the penalty itself."""
        self._scale = scale.detach()

    def _find_schedulers(self, step: int) -> None:
        if self._seen in (1, 2, DENSE) and not self._leads:
            for watch in self._watches:
                if scheduled(watch.optimizer):
                    self._leads += [Lead(each, step) for each in schedulers_of(watch.optimizer)]

    # At every step

    def _before_step(self, watch: Watch) -> None:
        try:
            if self._early is not None:
                self._early.before(watch)
                for lead in self._leads:
                    lead.before_step()
                    self._say(scheduler_before_optimizer(lead.led(watch.taken)))
        except Exception as error:
            self._give_up(error)

    def _after_step(self, watch: Watch) -> None:
        try:
            if self._early is not None:
                self._early.after(watch)
        except Exception as error:
            self._give_up(error)

    def _canary_died(self, watch: Watch, error: Exception | None) -> None:
        try:
            if error is not None:
                self._give_up(error)
            elif not self._dead and not _scaled(watch.optimizer):
                self._died(None, watch)
        except Exception as another:
            self._give_up(another)

    # Findings

    def _say(self, finding: Finding | None) -> None:
        if finding is not None:
            self._report(finding)

    def _say_what_stands(self) -> None:
        for watch in self._watches:
            self._say(frozen_unawares(frozen(watch.parameters, self._names)))
            self._say(decay_on_vectors(*decayed(watch.optimizer.param_groups, self._names)))

    def _arrived(self, value: Tensor) -> None:
        if not value.isfinite().all():
            self._died(None, self._watches[0])

    def _died(self, penalty: Tensor | None, watch: Watch) -> None:
        """Have it explained, once, why a penalty or a gradient is not finite: the one place where that is done."""
        if not self._dead:
            self._dead = True
            self._say(self._examine(self._calls.kept, penalty, watch.optimizer, self.steps, _number(self._scale)))


def _scaled(optimizer: Any) -> bool:
    """Return whether a gradient scaler has left it to the step itself to skip what is not finite."""
    return getattr(optimizer, "found_inf", None) is not None


def _number(scale: Tensor | None) -> float:
    """Return a scale that is a finite number above 0, else 1; it is only asked for once a run has failed."""
    found = 1.0 if scale is None or scale.numel() != 1 else float(scale)
    return found if 0.0 < found < float("inf") else 1.0
