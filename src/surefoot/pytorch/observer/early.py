"""The close look at a run's first steps: gradients followed, who holds what, units that cannot differ, layers cut."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import final

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from surefoot.diagnose.checks.loop import BARE, Backwards, backward_missing, step_never_called, zero_grad_missing
from surefoot.diagnose.checks.model import Rows, linear_after_linear, rows_findings
from surefoot.diagnose.checks.optimizer import (
    Cut,
    no_gradient,
    optimizer_of_another_model,
    parameters_not_optimized,
    stepped_twice,
)
from surefoot.diagnose.checks.precision import float16_underflow
from surefoot.diagnose.finding import Finding
from surefoot.pytorch.observer.graph import leaves, linear_pairs
from surefoot.pytorch.observer.holding import Holding
from surefoot.pytorch.observer.letters import Letters
from surefoot.pytorch.observer.modules import Run, titled, traceable, traced
from surefoot.pytorch.observer.rows import EqualRows
from surefoot.pytorch.observer.small import SmallGradients, in_float16
from surefoot.pytorch.observer.watch import Watch, any_gradient

SETTLED = 12
"""Steps after which it is known who gets gradients and who is stepped."""

_LOOKS = (2, 5, 8, 11)
"""Steps before which it is noted which parameters have a gradient."""


@final
class Early:
    """What is looked at closely until an optimizer has taken its first steps.

    Args:
        model: what is trained.
        names: of its parameters, by identity.
        watches: over its optimizers.
        letters: bring numbers from a device.
        say: takes a finding, or None.
    """

    def __init__(
        self,
        model: nn.Module,
        names: dict[int, str],
        watches: list[Watch],
        letters: Letters,
        say: Callable[[Finding | None], None],
    ) -> None:
        self._model, self._names, self._watches, self._letters, self._say = model, names, watches, letters, say
        self._held = {id(p) for watch in watches for p in watch.parameters}
        self._holding = Holding(model, set(self._held))
        self._rows = EqualRows(model, letters)
        self._facts: list[Rows] = []
        self._small: SmallGradients | None = None
        self._runs: list[Run] = []
        self._trace = ExitStack()
        self._shared = _shared(watches)
        self._steppers: set[int] = set()
        self._twice = 0
        self._compiled = any("_orig_mod" in module._modules for module in model.modules())
        self._others = register_optimizer_step_post_hook(self._other)

    def begin(self, penalty: Tensor) -> None:
        """Look at the first penalty's graph."""
        self._say(linear_after_linear(linear_pairs(penalty, self._names), 0))

    def follow(self, penalty: Tensor) -> None:
        """Follow one gradient of each optimizer, from the first penalty on that any of its parameters takes part in."""
        idle = [watch for watch in self._watches if watch.probe is None]
        part = {id(p): p for p in leaves(penalty) if p.requires_grad} if idle else {}
        for watch in idle:
            mine = [part[id(p)] for p in watch.parameters if id(p) in part]
            if mine:
                smallest = min(mine, key=Tensor.numel)
                watch.set_probe(smallest, self._names.get(id(smallest), "a parameter"))

    def precision(self, penalty: Tensor, *, cast: bool) -> None:
        """Look at a few gradients, if the forward pass was computed in float16."""
        if self._small is None and (cast or in_float16(list(self._model.parameters()))):
            weights = {name: p for name, p in self._model.named_parameters() if p.requires_grad and p.ndim > 1}
            some = [*weights][:1] + [*weights][len(weights) // 2 : len(weights) // 2 + 1] + [*weights][-1:]
            self._small = SmallGradients({name: weights[name] for name in some}, self._letters)
        if self._small is not None:
            self._small.look(penalty)

    def observed(self, step: int) -> None:
        """Note that a penalty has been computed: hooks on modules come off, and what they saw is judged."""
        self._trace.close()
        self._twice = self._twice + 1 if len(self._steppers) > 1 else 0
        self._steppers.clear()
        if self._twice == 3:
            self._say(stepped_twice([self._names[key] for key in self._shared if key in self._names], step))
        if self._small is not None:
            self._say(float16_underflow(self._small.found, step))
        for watch in self._watches:
            if watch.probe is not None and not watch.inside:
                self._never(watch, step)

    def before(self, watch: Watch) -> None:
        """Look at an optimizer that is about to step."""
        taken = watch.taken
        if watch.probe is not None:
            self._say(zero_grad_missing(Backwards(watch.probe.name, taken, carried=watch.carried)))
        if taken in _LOOKS:
            self._holding.note_gradients(watch.parameters)
        if taken == _LOOKS[1]:
            self._holding.suspect()
            self._begin_trace()
        if taken == SETTLED - 2 and watch.probe is not None and self._rows.moved:
            self._rows.rows(self._letters, self._facts)

    def after(self, watch: Watch) -> None:
        """Look at an optimizer that has stepped."""
        if not any(other.inside for other in self._watches):  # an optimizer inside another is one step of both
            self._steppers.add(id(watch))
        if watch.bare >= BARE and not any_gradient(self._model.parameters()):
            self._say(backward_missing(Backwards("", watch.taken, bare=watch.bare)))

    def judge(self, step: int) -> None:
        """Say what the first steps have shown, and let go of everything."""
        for finding in rows_findings(self._facts, step):
            self._say(finding)
        held = self._holding.held([p for watch in self._watches for p in watch.parameters], step)
        another = optimizer_of_another_model(held)
        self._say(another)
        if another is None:
            self._say(parameters_not_optimized(held))
        self._say(no_gradient(self._cut(step)))
        self.close()

    def close(self) -> None:
        """Take every hook away."""
        self._trace.close()
        self._others.remove()
        if self._small is not None:
            self._small.close()
        for watch in self._watches:
            watch.settle()

    def _other(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        self._holding.optimized |= {id(p) for group in optimizer.param_groups for p in group["params"]}

    def _never(self, watch: Watch, step: int) -> None:
        assert watch.probe is not None
        if watch.probe.discarded and not step:
            probe = watch.probe
            seen = Backwards(
                probe.name, step, discarded=probe.discarded, finite=probe.finite, moved=_moved(watch)
            )  # fmt: skip
            self._say(step_never_called(seen))

    def _begin_trace(self) -> None:
        """See which layers the next forward pass runs through, if some that are held have no gradient."""
        missing = [p for p in self._model.parameters() if self._missing(p)]
        if missing and not self._compiled and not self._runs:
            self._trace.enter_context(traced(traceable(self._model), self._runs))

    def _missing(self, parameter: Tensor) -> bool:
        held = parameter.requires_grad and id(parameter) in self._held
        return held and not self._holding.has_gradient(parameter)

    def _cut(self, step: int) -> Cut:
        """Return the layers at the beginning of the pass that made a graph and have no gradient."""
        layers = traceable(self._model) if self._runs else {}
        cut: list[str] = []
        for run in _first(self._runs):
            trained = [p for p in layers[run.name].parameters(recurse=False) if p.requires_grad]
            if trained and all(map(self._missing, trained)) and run.graph:
                cut.append(run.name)
            elif trained:
                ends = any(map(self._holding.has_gradient, trained))
                titles = tuple(titled(name, layers[name]) for name in cut)
                return Cut(step, tuple(cut) if ends else (), titled(run.name, layers[run.name]), titles)
        return Cut(step, (), "")


def _first(runs: Iterable[Run]) -> list[Run]:
    """Return the first run of each layer that made a graph, or else its first, in the order of calling.

    A validation may come before the pass that is to be seen.
    """
    found: dict[str, Run] = {}
    for run in runs:
        if run.name not in found or (run.graph and not found[run.name].graph):
            found[run.name] = run
    return [*found.values()]


def _moved(watch: Watch) -> bool:
    """Return whether the parameter that is followed has changed; unknown counts as changed."""
    probe = watch.probe
    if probe is None or probe.parameter.device.type != "cpu":
        return True
    return not torch.equal(probe.parameter.detach(), probe.begun)


def _shared(watches: Iterable[Watch]) -> list[int]:
    """Return the identities of parameters that two optimizers hold."""
    seen: set[int] = set()
    twice: list[int] = []
    for watch in watches:
        mine = {id(p) for p in watch.parameters}
        twice += mine & seen
        seen |= mine
    return twice
