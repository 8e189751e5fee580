"""The forward passes of a model, seen by one hook on its root: their mode, and what the last two were given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.modes import UNGRADED, Census, Passes
from surefoot.pytorch.observer.modules import census, tensors

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

_Kept: TypeAlias = tuple[tuple[Any, ...], dict[str, Any], Tensor | None, Tensor | None, dict[str, torch.dtype] | None]
"""A call as it is kept at every step: making a `Call` takes longer than all the rest."""

MANY = 5
"""Passes with gradients in a row after which passes without them are something else, such as validation: a GAN's
generator makes one pass of each kind in turn."""


@final
@dataclass(frozen=True, eq=False)
class Call:
    """What one forward pass of the root was given.

    Args:
        args: its arguments; the tensors themselves.
        kwargs: those by name.
        draws: state of torch's generator on the CPU before the pass; None if the model does not draw.
        device_draws: that of the device the arguments are on.
        precision: autocast as it was on, by device.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    draws: Tensor | None = None
    device_draws: Tensor | None = None
    precision: dict[str, torch.dtype] | None = None


@final
class Calls:
    """Counts of what the passes were like, and the last two that made a graph.

    Args:
        model: whose passes they are.
    """

    blind = False

    def __init__(self, model: nn.Module) -> None:
        self.draws = True
        self._last: _Kept | None = None
        self._before: _Kept | None = None
        self.graded = self.ungraded = self.bursts = self.alone = 0
        self.repeated = False
        self.resting = self.trained = self.single = self.alike = 0
        self.useless = 0
        self.modules: Census | None = None
        self._burst = False
        self._print: object = None
        self._given: Tensor | None = None
        self._handles: list[RemovableHandle] = [model.register_forward_pre_hook(self._about_to, with_kwargs=True)]
        self._model = model

    def __reduce__(self) -> tuple[Callable[[], "Calls"], tuple[()]]:
        """Return what a copy or a pickle of the model takes along with its hook: one that sees nothing."""
        return _blind, ()

    @property
    def kept(self) -> list[Call]:
        """The last two passes that made a graph, the latest first."""
        return [Call(*each) for each in (self._last, self._before) if each is not None]

    def close(self) -> None:
        """Take all hooks away, and let go of the inputs."""
        self._last = self._before = None
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def passes(self, step: int) -> Passes:
        """Return what the passes have been like."""
        return Passes(
            step, self.resting, self.trained, self.ungraded, self.bursts, self.repeated, self.useless, self.single
        )

    def observed(self) -> None:
        """Note that the penalty of the last pass has been given: a step may follow."""
        self.alone = self.useless = 0
        if self._model.training:
            self.resting, self.trained = 0, self.trained + 1
        else:
            self.resting += 1

    def learn_draws(self) -> None:
        """Keep the generators' states no longer if the last pass drew nothing on the CPU, nor can on a device."""
        if self._last is not None and self._last[2] is not None and self._last[3] is None:
            self.draws = not torch.equal(self._last[2], torch.get_rng_state())

    def look(self) -> None:
        """Look at the last input: whether it is the one before, and has one row."""
        given = None if self._last is None else next(tensors(self._last[:2]), None)
        if given is None or given.device.type != "cpu":
            return
        trace = _print_of(given)
        self.alike = self.alike + 1 if trace == self._print else 1
        self._print = trace
        self.single = self.single + 1 if given.ndim > 1 and len(given) == 1 and self._model.training else 0

    def _about_to(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self.blind:
            return
        if torch.is_grad_enabled():
            self.graded += 1
            self._burst = False
            draws, elsewhere = self._states(args) if self.draws else (None, None)
            self._before = self._last
            cast = _autocast() if torch._C._is_any_autocast_enabled() else None
            self._last = args, kwargs, draws, elsewhere, cast
            if not model.training:
                self._resting_pass()
            elif len(self._handles) > 1:
                self._handles.pop().remove()
        else:
            if model.training:
                self._ungraded_pass(args)
            self.graded = 0

    def _ungraded_pass(self, args: tuple[Any, ...]) -> None:
        """Count passes without gradients that come after many with them, and note whether an input comes twice."""
        if self.graded >= MANY:
            self._burst, self.ungraded, self.repeated, self._given = True, 0, False, None
        if self._burst:
            first = next(tensors(args), None)
            self.ungraded += 1
            self.repeated = self.repeated or (first is not None and first is self._given)
            self._given = first
            if self.ungraded == UNGRADED:
                self.bursts += 1
                self.modules = census(self._model)

    def _resting_pass(self) -> None:
        """Watch for a backward through the output, once two passes in eval mode have come without a penalty."""
        self.alone += 1
        if self.alone >= 2 and len(self._handles) == 1:
            self._handles.append(self._model.register_forward_hook(self._output))

    def _output(self, model: nn.Module, _: Any, output: Any) -> None:
        if self.blind or model.training:
            return
        graph = next((each for each in tensors(output) if each.requires_grad), None)
        self.useless = 0 if graph is None else self.useless + 1
        if graph is not None and graph.grad_fn is not None:
            graph.grad_fn.register_prehook(self._used)

    def _used(self, _: Any) -> None:
        self.useless = self.alone = 0

    def _states(self, args: tuple[Any, ...]) -> tuple[Tensor, Tensor | None]:
        first = next(tensors(args), None)
        if first is None or not first.is_cuda or torch.cuda.is_current_stream_capturing():
            return torch.get_rng_state(), None
        return torch.get_rng_state(), torch.cuda.get_rng_state(first.device)


def _blind() -> Calls:
    found = Calls.__new__(Calls)
    found.blind = True
    return found


def _autocast() -> dict[str, torch.dtype]:
    return {kind: torch.get_autocast_dtype(kind) for kind in ("cpu", "cuda") if torch.is_autocast_enabled(kind)}


def _print_of(given: Tensor) -> object:
    """Return what tells one input from another: its shape, its sum and some 64 of its numbers.

    The stride is odd: rows have even lengths as a rule, and a column of an image may be empty in all of them.
    """
    flat = given.detach().reshape(-1) if given.is_contiguous() else given.detach()[:1].reshape(-1)
    return given.shape, given.detach().sum().item(), tuple(flat[:: max(1, len(flat) // 64) | 1].tolist())
