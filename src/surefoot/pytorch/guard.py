"""The guard: a step whose penalty or gradients are not finite is not taken, and the run goes on with the next batch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Any, NamedTuple, Self, final

import torch
from torch import Tensor, nn
from torch._compile import _disable_dynamo

from surefoot.backends.eager import put
from surefoot.errors import refuse
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.work import Usual, Work, clip_factor, squares

MOST = 100
"""Steps that may wait for what their device has to tell, if nobody reads: one wait in a hundred steps costs nothing."""


@final
@dataclass(frozen=True)
class Skip:
    """One step that was not taken.

    Args:
        step: the run's step, from 0.
        parameters: those whose gradients were not finite, in the model's order; none if the penalty alone was not.
        penalty: whether the penalty that `observe` was told was not finite.
    """

    step: int
    parameters: tuple[str, ...] = ()
    penalty: bool = False

    def __str__(self) -> str:
        more = f" and of {len(self.parameters) - 1} more" if len(self.parameters) > 1 else ""
        gradients = [f"the gradient of {self.parameters[0]}{more}"] if self.parameters else []
        return f"{' and '.join(['the penalty'] * self.penalty + gradients)} not finite"


class _Pending(NamedTuple):
    """A step that was taken or not: only its device knows."""

    step: int
    work: list[tuple[Any, ...]]
    counts: list[Any]
    finite: list[Tensor]
    penalty: Tensor | None
    sound: Tensor


@final
class Guard:
    """Takes no step whose penalty or gradients are not finite: `guard = sf.Guard(optimizer, model)`.

    One bad batch would leave every weight nan, and the run lost. Under guard the parameters, their state and their
    counts stay what they were, the schedule goes on, and `read` says which steps were left out and where it began. The
    gradients are measured before each step, by the pass that clipping uses, once for both.

    On a CPU the decision is made at once. On another device nothing waits for it: the step is computed, and the device
    itself keeps the old values where the gradients are not finite. Until the next `read` the parameters' counts, and so
    the bias corrections, are then those of a step that was taken. Every hundred steps the guard reads for itself.

    Args:
        optimizer: one of ours.
        model: its buffers then go back too: a batch norm's running statistics have already seen the bad batch. One copy
            of the buffers is kept.

    Errors: InvalidValue naming every fault of the call: an optimizer of torch's, whose steps are out of reach, or one
    that has a guard.

    Laws: the weights are, bit for bit, those of a run without these steps but with the same schedule. Where all is
    finite, they are those of the run without a guard. A gradient that is huge but finite is no reason.

    >>> from surefoot.pytorch.rule_optimizer import RuleOptimizer
    >>> p = nn.Parameter(torch.ones(1)); optimizer = RuleOptimizer([p], "sgd"); guard = Guard(optimizer)
    >>> p.grad = torch.tensor([torch.nan]); optimizer.step()
    >>> p.item(), [str(skip) for skip in guard.read()]
    (1.0, ['the gradient of 0.0 not finite'])
    """

    def __init__(self, optimizer: Optimizer, model: nn.Module | None = None) -> None:
        refuse("Guard", _faults(optimizer, model))
        self._optimizer, self._model = optimizer, model
        self._told: list[Tensor] = []
        self._sound = True
        self._pending: list[_Pending] = []
        self._skips: list[Skip] = []
        self._kept: list[Tensor] = []
        self.skipped = 0
        self.renew()
        optimizer.way = self

    def observe(self, penalty: Tensor | float) -> None:
        """Take note of a penalty of the coming step: if it is not finite, the step is not taken.

        A step of several batches may be told each. What an optimizer's closure returns is observed without a call.
        Beside a gradient scaler, which leaves out steps of its own, observe nothing: the gradients tell enough.
        """
        if torch.compiler.is_compiling():
            _untraced(self, penalty)
        elif isinstance(penalty, Tensor) and not penalty.is_cpu:
            self._told.append(penalty.detach())
        else:
            value = penalty.item() if isinstance(penalty, Tensor) else penalty
            self._sound = self._sound and value - value == 0.0  # cheaper than isfinite: neither nan nor inf

    def read(self) -> list[Skip]:
        """Return the steps that were not taken since the last reading; the one place that waits for a device."""
        self.settle()
        skips, self._skips = self._skips, []
        return skips

    def renew(self) -> None:
        """Keep the model's buffers as they are now, after somebody has put others in: a checkpoint, say."""
        if self._model is not None:
            self._kept = [buffer.detach().clone() for buffer in self._model.buffers()]

    def close(self) -> None:
        """Let the optimizer step as usual again; what was skipped can still be read."""
        self.settle()
        if self._optimizer.way is self:
            self._optimizer.way = Usual()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What the optimizer calls

    def take(self, work: Sequence[Work], clip: float | None, penalty: object) -> float | None:
        """Take the step if all is finite; return the factor that clipping put on its gradients, or None."""
        if isinstance(penalty, Tensor | float):
            self.observe(penalty)
        if not at_once(work, clip):
            return self._promised(work)
        total = squares(work)
        if (self._told or not self._sound or total - total != 0.0) and self._left_out(work):
            return None
        scale = 1.0 if clip is None else clip_factor(total, clip)
        for cohort, gradients, reading, pace in work:
            cohort.step(gradients, reading, pace, scale)
        if self._kept:
            self._keep()
        return scale

    def _left_out(self, work: Sequence[Work]) -> bool:
        """Look closely, and leave the step out if there is a reason; squares that overflow are none."""
        wrong = not (self._sound and all(bool(each.isfinite().all()) for each in self._told))
        self._told, self._sound = [], True
        bad = [p for each in work for p in _bad(each)]
        if wrong or bad:
            self._skip(self._step(), bad, penalty=wrong)
            self._restore(None)
        return wrong or bool(bad)

    def settle(self) -> None:
        """Learn which of the steps since the last time were taken, and put the counts of the parameters right."""
        pending, self._pending = self._pending, []
        taken = torch.stack([each.sound for each in pending]).tolist() if pending else []
        if all(taken):
            return
        first = taken.index(False)
        for (cohort, *_), counts in zip(pending[first].work, pending[first].counts, strict=True):
            cohort.take_back(counts)
        for each, was_taken in zip(pending[first:], taken[first:], strict=True):
            if was_taken:
                for cohort, reading, pace in each.work:
                    cohort.counted_rows(reading, pace, 1.0)
            else:
                parameters = [p for cohort, *_ in each.work for p in cohort.parameters]
                finite = torch.cat([flags.cpu() for flags in each.finite]).tolist()
                bad = [p for p, good in zip(parameters, finite, strict=True) if not good]
                self._skip(each.step, bad, penalty=each.penalty is not None and not each.penalty)

    # Where the device decides

    def _promised(self, work: Sequence[Work]) -> float:
        where = work[0].gradients[0].device
        finite = [finite_of(each.gradients) for each in work]
        flags = [each.all().to(where) for each in finite]
        penalties = [each.isfinite().all().to(where) for each in self._told]
        penalties += [] if self._sound else [torch.tensor(False, device=where)]
        penalty = torch.stack(penalties).all() if penalties else None
        self._told, self._sound = [], True
        sound = torch.stack(flags if penalty is None else [*flags, penalty]).all()
        counts = [each.cohort.counts() for each in work]
        own = [(each.cohort, each.reading, each.pace) for each in work]
        self._pending.append(_Pending(self._step(), own, counts, finite, penalty, sound))
        for cohort, gradients, reading, pace in work:
            cohort.step(gradients, reading, pace, 1.0, sound)
        self._restore(~sound)
        self._keep()
        if len(self._pending) >= MOST:
            self.settle()
        return 1.0

    # Buffers

    @torch.no_grad()
    def _restore(self, bad: Tensor | None) -> None:
        """Put the buffers back that a bad batch has changed; where a device decides, if it says that it was bad."""
        if self._model is not None and self._kept:
            for buffer, kept in zip(self._model.buffers(), self._kept, strict=True):
                put(buffer, kept, bad)

    @torch.no_grad()
    def _keep(self) -> None:
        if self._model is not None:
            torch._foreach_copy_(self._kept, [*self._model.buffers()])

    # What is told

    def _step(self) -> int:
        return int(self._optimizer.param_groups[0]["t"])

    def _skip(self, step: int, bad: Sequence[Tensor], *, penalty: bool) -> None:
        self.skipped += 1
        self._skips.append(Skip(step, tuple(self._named(bad)), penalty))

    def _named(self, bad: Sequence[Tensor]) -> Iterable[str]:
        """Return the names of parameters in the model's order, or in the optimizer's where there is no model."""
        own = (p for group in self._optimizer.param_groups for p in group["params"])
        names = dict(zip(map(id, own), self._optimizer.names(), strict=True))
        if self._model is not None:
            first = {id(p): name for name, p in self._model.named_parameters()}
            names = {**first, **{key: name for key, name in names.items() if key not in first}}
        places = {id(p) for p in bad}
        return (name for key, name in names.items() if key in places)


_untraced = _disable_dynamo(Guard.observe)


def at_once(work: Sequence[Work], clip: float | None) -> bool:
    """Tell whether a step is decided on before it is taken: on a CPU, and where clipping waits for the norm anyway."""
    if clip is not None or not work:
        return True
    gradient = work[0].gradients[0]
    return gradient.is_cpu or type(gradient) not in (Tensor, nn.Parameter)


def finite_of(gradients: Sequence[Tensor]) -> Tensor:
    """Return which of some gradients have finite numbers alone [n, bool], on their device.

    >>> finite_of([torch.ones(2), torch.tensor([1.0, torch.nan]), torch.ones(0), torch.full((2,), 3e38)]).tolist()
    [True, False, True, True]
    """
    some = [g.detach() if g.numel() else g.new_zeros(1) for g in gradients]
    where = some[0].device
    return torch.stack([norm.isfinite().to(where) for norm in torch._foreach_norm(some, inf)])


def _bad(work: Work) -> list[Tensor]:
    return [p for p, g in zip(work.cohort.parameters, work.gradients, strict=True) if not g.isfinite().all()]


def _faults(optimizer: object, model: object) -> list[str]:
    if not isinstance(optimizer, Optimizer):
        what = f"{type(optimizer).__module__.split('.')[0]}'s {type(optimizer).__name__}"
        faults = [f"optimizer is {what}, whose steps cannot be left out; use one of ours, such as sf.AdamW"]
    else:
        guarded = isinstance(optimizer.way, Guard)
        faults = ["the optimizer has a guard already; close that one first"] if guarded else []
    if model is not None and not isinstance(model, nn.Module):
        faults.append(f"model is a {type(model).__name__}; give the nn.Module")
    return faults
