"""A probe: follows the gradient of one parameter from one step to the next, and knows who added to what."""

from typing import TYPE_CHECKING, TypeAlias, final
from weakref import ref

from torch import Tensor, nn

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

_Mark: TypeAlias = "tuple[ref[Tensor], int] | None"
"""A gradient as it stood: the tensor, and how often it had been written."""


@final
class Probe:
    """Two hooks on one parameter: before backward adds to its gradient, and after.

    A gradient tensor has a version that goes up whenever it is written. If it is the very tensor, at the very version,
    that the last step left, when backward comes to add to it, then nobody has cleared it. The tensor is held weakly, so
    that zero_grad frees it as ever.

    Args:
        parameter: a leaf that requires a gradient.
        name: what to call it.

    >>> import torch
    >>> p = nn.Parameter(torch.ones(2)); probe = Probe(p, "p")
    >>> p.sum().backward(); probe.stepped(); p.sum().backward(); probe.carried
    True
    >>> probe.stepped(); p.grad = None; p.sum().backward(); probe.carried
    False
    """

    def __init__(self, parameter: nn.Parameter, name: str) -> None:
        self.parameter, self.name = parameter, name
        self.discarded = self.finite = 0
        self._added = 0
        self._unbroken = self._was_finite = False
        self._mark: _Mark = None
        self._begun, self._version = parameter.detach().clone(), parameter._version
        self._handles: list[RemovableHandle] = [
            parameter.register_hook(self._before),  # type: ignore[no-untyped-call]
            parameter.register_post_accumulate_grad_hook(self._after),  # type: ignore[no-untyped-call]
        ]

    @property
    def carried(self) -> bool:
        """Whether backward has added to the gradient that the last step used, and nobody has written it between."""
        return self._unbroken and self._added > 0

    @property
    def begun(self) -> Tensor:
        """The parameter as it was when the probe was set."""
        return self._begun

    def stepped(self) -> None:
        """Note that an optimizer has just used the gradient."""
        self._mark = _mark_of(self.parameter)
        self._unbroken = self._mark is not None
        self._added = 0

    def close(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()

    def _before(self, _: Tensor) -> None:
        if not _same(self._mark, self.parameter.grad):
            self._unbroken = False
            if self._added and _cleared(self.parameter.grad):
                self.discarded += 1
                self.finite += self._was_finite

    def _after(self, parameter: Tensor) -> None:
        self._mark = _mark_of(parameter)
        self._added += 1
        gradient = parameter.grad
        on_cpu = gradient is not None and gradient.device.type == "cpu"
        self._was_finite = on_cpu and gradient is not None and bool(gradient.isfinite().all())


def _mark_of(parameter: Tensor) -> _Mark:
    gradient = parameter.grad
    return None if gradient is None else (ref(gradient), gradient._version)


def _cleared(gradient: Tensor | None) -> bool:
    return gradient is None or (gradient.device.type == "cpu" and not gradient.any())  # a GPU would have to be awaited


def _same(mark: _Mark, gradient: Tensor | None) -> bool:
    return mark is not None and gradient is not None and mark[0]() is gradient and mark[1] == gradient._version
