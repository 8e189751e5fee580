"""A watch over one optimizer: its steps, and its parameters' gradients before and after each."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, final

import torch
from torch import Tensor, nn

from surefoot.pytorch.observer.probe import Probe
from surefoot.pytorch.optimizer import Optimizer as Ours

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

Step: TypeAlias = Callable[["Watch"], None]

Alarm: TypeAlias = Callable[["Watch", Exception | None], None]
"""Told that a canary's gradient is not finite, or of an error while it was tested."""


@final
class Watch:
    """The steps of one optimizer.

    At first each step is seen by two hooks. After `settle` only a canary's gradient is tested before each: by one hook
    of torch's, which counts the steps; by the witness of our own optimizers, whose hooks would cost 6 us, and whose
    clock counts them.

    Args:
        optimizer: any of torch's kind.
        before: called before each step, until `settle`.
        after: called after each step, until `settle`.
        alarm: called before a step if the canary's gradient is not finite.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, before: Step, after: Step, alarm: Alarm) -> None:
        self.optimizer = optimizer
        self.probe: Probe | None = None
        self.carried = self.bare = 0
        self.early = True
        self.inside = False
        self.canary: Tensor | None = None
        self._before, self._after, self._alarm = before, after, alarm
        self._bare = False
        self._taken, self._clock = 0, self._now()
        self._handles: list[RemovableHandle] = []
        self.hook()

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters that it steps, group by group."""
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    @property
    def taken(self) -> int:
        """Steps taken since the watch began."""
        unseen = 0 if self._handles or not isinstance(self.optimizer, Ours) else self._now() - self._clock
        return self._taken + unseen

    @property
    def ours(self) -> bool:
        """Whether the optimizer is one of surefoot's."""
        return isinstance(self.optimizer, Ours)

    def hook(self) -> None:
        """See every step."""
        if not self._handles:
            self._taken = self.taken
            self._handles = [
                self.optimizer.register_step_pre_hook(self._about_to),
                self.optimizer.register_step_post_hook(self._done),
            ]

    def settle(self) -> None:
        """Look no closer any more: follow no gradient, and ask nothing of a step but that it begins."""
        self._let_go()
        if isinstance(self.optimizer, Ours):
            self.optimizer.witness = self._sing
        else:
            self._handles = [self.optimizer.register_step_pre_hook(self._begins)]

    def close(self) -> None:
        """Take all hooks away."""
        self._let_go()
        self.canary = None
        if isinstance(self.optimizer, Ours):
            self.optimizer.witness = None

    def set_probe(self, parameter: nn.Parameter, name: str) -> None:
        """Follow the gradient of one parameter."""
        self.probe = Probe(parameter, name)

    def _let_go(self) -> None:
        """See no step any more; only a clock of ours goes on counting."""
        self.early = False
        if self.probe is not None:
            self.probe.close()
        self.probe = None
        self._taken = self.taken
        for handle in self._handles:
            handle.remove()
        self._handles, self._clock = [], self._now()

    def _now(self) -> int:
        return int(self.optimizer.param_groups[0].get("t", 0))

    def _begins(self, *_: Any) -> None:
        self._sing()
        self._taken += 1

    def _sing(self) -> None:
        """Test one small gradient: nan spreads to it from wherever backward met it."""
        canary = self.canary
        if canary is None or (gradient := canary.grad) is None:
            return
        try:
            total = (gradient.dot(gradient) if gradient.ndim == 1 else gradient.sum()).item()
            if total - total != 0.0 and not gradient.isfinite().all():  # the first is cheap, and true of few
                self._alarm(self, None)
        except Exception as error:  # whatever it is, the step goes on
            self._alarm(self, error)

    def _about_to(self, *_: Any) -> None:
        self.inside = True
        if self.probe is not None:
            self.carried = self.carried + 1 if self.probe.carried else 0
        if self.early:
            self._bare = not any_gradient(self.parameters)
        self._before(self)
        self._sing()

    def _done(self, *_: Any) -> None:
        self.inside = False
        self._taken += 1
        if self.early:
            self.bare = self.bare + 1 if self._bare and not any_gradient(self.parameters) else 0
        if self.probe is not None:
            self.probe.stepped()
        self._after(self)


def any_gradient(parameters: Iterable[Tensor]) -> bool:
    """Return whether any of these has a gradient."""
    return any(p.grad is not None for p in parameters)
