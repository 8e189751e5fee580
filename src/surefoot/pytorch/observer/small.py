"""Gradients that are computed in float16: how much of them is too small for it."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, final

import torch
from torch import Tensor, nn

from surefoot.diagnose.checks.precision import LOST, QUANTUM, SUBNORMAL, Small
from surefoot.pytorch.observer.graph import Node, operation
from surefoot.pytorch.observer.letters import Letters

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

Expected: TypeAlias = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]
"""Compares a gradient that was made with the one that was given, and a number by which it was to be multiplied."""

_NEAR = 60
"""Nodes of a penalty's graph among which it is looked for where float32 ends and float16 begins."""

_WEIGHTS = frozenset(("Addmm", "Mm", "Bmm", "Baddbmm", "Linear", "Convolution", "AccumulateGrad"))
"""Operations at which a model begins: what is small below them may be small on purpose."""


def in_float16(parameters: Sequence[Tensor]) -> bool:
    """Return whether a forward pass that began now would be computed in float16."""
    kinds = {p.device.type for p in parameters[:1]}
    cast = any(torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) == torch.float16 for kind in kinds)
    return cast or any(p.dtype == torch.float16 for p in parameters[:1])


@final
class SmallGradients:
    """Looks at gradients as backward leaves them, before anybody unscales or clips them.

    Between the penalty and the model it is seen what is rounded away where float16 begins and where a number shrinks
    them. Of a few weights it is seen how much of their gradients is too small, at every backward.

    Args:
        weights: the weights, by name.
        letters: bring numbers from a device.
    """

    def __init__(self, weights: dict[str, nn.Parameter], letters: Letters) -> None:
        self._found = {name: Small(name, 0.0, 0) for name in ["", *weights]}
        self._letters, self._squares = letters, [0.0, 0.0]
        self._handles: list[RemovableHandle] = [
            weight.register_post_accumulate_grad_hook(self._noting(name))  # type: ignore[no-untyped-call]
            for name, weight in weights.items()
        ]

    @property
    def found(self) -> list[Small]:
        """What has been seen of the output and of each weight."""
        return [*self._found.values()]

    def look(self, penalty: Tensor) -> None:
        """See what becomes of the gradient in this penalty's backward, where it enters float16 or shrinks in it."""
        away, size = self._squares
        self._note("", math.sqrt(away), math.sqrt(size))
        self._squares = [0.0, 0.0]
        for node in _above_weights(penalty):
            expected = _EXPECTED.get(operation(node)) if _in_half(node) else None
            if expected is not None:
                node.register_hook(self._compared(node, expected))

    def close(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()

    def _compared(self, node: Node, expected: Expected) -> Callable[[Any, Any], None]:
        """Return a hook that compares what a node makes of a gradient with what it would make in float32."""
        own = _saved(node)

        def compared(made: tuple[Any, ...], given: tuple[Any, ...]) -> None:
            if made[0] is not None and given[0] is not None:
                got, wanted = expected(made[0].detach().float(), given[0].detach().float(), own)
                self._letters.post(torch.stack([(got - wanted).norm(), wanted.norm()]), then)

        def then(norms: Tensor) -> None:
            for place, norm in enumerate(norms.tolist()):
                self._squares[place] += norm * norm  # of all terms: a small one beside a large one may be lost

        return compared

    def _noting(self, name: str) -> Callable[[Tensor], None]:
        def note(weight: Tensor) -> None:
            if weight.grad is not None:
                size = weight.grad.detach().float()
                few = ((size != 0) & (size.abs() < SUBNORMAL)).sum()
                away = torch.stack([QUANTUM * (few / 12).sqrt(), size.norm()])  # rounding is even between two numbers
                self._letters.post(away, lambda norms: self._note(name, *norms.tolist()))

        return note

    def _note(self, name: str, away: float, size: float) -> None:
        lost = away / size if 0.0 < size < float("inf") else 0.0
        low = LOST < lost <= 1.0  # above 1 it is none of rounding: inf
        self._found[name] = Small(name, lost, self._found[name].times + 1 if low else 0)


def _above_weights(penalty: Tensor) -> Iterator[Node]:
    """Yield the nodes between a penalty and the first that compute with weights or leave float32 for float16."""
    fresh, seen = [penalty.grad_fn], {penalty.grad_fn}
    while fresh and len(seen) < _NEAR:
        node = fresh.pop()
        if node is None or operation(node) in _WEIGHTS:
            continue
        yield node
        if operation(node) != "ToCopy" or not _in_half(node):
            below = [each for each, _ in node.next_functions if each not in seen]
            seen.update(below)
            fresh += below


def _in_half(node: Node) -> bool:
    """Return whether a node's backward makes a gradient in float16, of one that is not on its way to a weight."""
    below, index = node.next_functions[0] if node.next_functions else (None, 0)
    return below is not None and _dtype(below, index) is torch.float16


def _dtype(node: Node, index: int) -> torch.dtype | None:
    metadata = getattr(node, "_input_metadata", ())
    return metadata[index].dtype if index < len(metadata) else None


def _saved(node: Node) -> Tensor | None:
    """Return the number by which a node multiplies, kept in float32, if it is one."""
    other = getattr(node, "_saved_other", None)
    return other.detach().float() if isinstance(other, Tensor) and not other.ndim else None


_EXPECTED: dict[str, Expected] = {
    "ToCopy": lambda made, given, _: (made, given),
    "Mean": lambda made, given, _: (made, made) if given.ndim else (made.sum(), given),
    "Mul": lambda made, given, by: (made, made if by is None else given * by),
}
"""By operation, two tensors that are equal if nothing is rounded away: what the gradient is, and what it should be."""
