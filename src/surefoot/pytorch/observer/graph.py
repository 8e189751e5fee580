"""The autograd graph of a penalty, read before backward: which penalties stand in it, and what each was given.

Nothing is computed and nothing is kept but small tensors that the graph saved. A compiled penalty is one node, of which
nothing is said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, final

from torch import Tensor, nn

from surefoot.diagnose.checks.model import Pair
from surefoot.diagnose.checks.penalty import Judged

Node: TypeAlias = Any
"""A node of the graph: torch makes a class for each operation and names none of them to type checkers."""

_SHAPES = frozenset((
    "View", "ReshapeAlias", "UnsafeView", "T", "Transpose", "Permute", "Squeeze", "Unsqueeze", "Clone", "ToCopy",
    "Slice", "Select", "Alias", "Expand", "Index", "Flatten", "Unflatten", "AsStrided", "Movedim", "Contiguous",
    "Split", "Unbind", "Narrow",
))  # fmt: skip
"""Operations that hand on the numbers they are given, or some of them."""

_SUMS = frozenset((
    "Mean", "Sum", "Div", "Mul", "Neg", "Add", "Where", "MaskedFill", "Gather", "MaskedSelect", "KlDiv", "NllLoss",
    "NllLoss2D", "Sub", "Rsub", "Pow", "Abs",
))  # fmt: skip
"""Operations by which the penalties of items and terms become one number."""

_ERRORS = {"MseLoss": "mse_loss", "SmoothL1Loss": "smooth_l1_loss", "HuberLoss": "huber_loss"}
_BINARY = {
    "BinaryCrossEntropy": "binary_cross_entropy",
    "BinaryCrossEntropyWithLogits": "binary_cross_entropy_with_logits",
}
_GIVERS = {
    "Softmax": "softmax", "Sigmoid": "sigmoid", "Relu": "relu", "LogSoftmax": "log_softmax", "Log": "log",
    "Log1P": "log", "LogSigmoid": "log", "Logsumexp": "log", "Addmm": "linear", "Mm": "linear", "Baddbmm": "linear",
    "Linear": "linear", "Convolution": "linear",
}  # fmt: skip
_MOST = 400
"""Nodes looked at for penalties: more terms than any penalty has."""


@final
@dataclass(frozen=True, eq=False)
class Core:
    """One penalty in the graph, and the tensors whose range says more.

    Args:
        judged: what it is and what made its input.
        given: its input, where its range matters.
        target: its target, where it has one of numbers.
    """

    judged: Judged
    given: Tensor | None = None
    target: Tensor | None = None


@cache
def _plain(name: str) -> str:
    return re.sub(r"Backward\w*$", "", name.rpartition("::")[2])


def operation(node: Node) -> str:
    """Return the name of a node's operation: "Softmax" for SoftmaxBackward0."""
    return _plain(node.name())


def cores(penalty: Tensor) -> list[Core]:
    """Return the penalties that stand in a graph; none if there is no graph or it is compiled.

    >>> import torch
    >>> output = torch.zeros(4, 3, requires_grad=True).softmax(1)
    >>> [each.judged for each in cores(torch.nn.functional.cross_entropy(output, torch.zeros(4, dtype=torch.long)))][1]
    Judged(operation='log_softmax', given_by='softmax', classes=3, stretched=(), step=0, inputs=None, targets=None)
    """
    found: list[Core] = []
    fresh, seen = [penalty.grad_fn], {penalty.grad_fn}
    while fresh and len(seen) < _MOST:
        node = fresh.pop()
        if node is None:
            continue
        core, name = _readable(node), operation(node)
        found += [] if core is None else [core]
        goes_on = name in _SUMS or name in _SHAPES
        below = [child for child, _ in node.next_functions if child not in seen] if goes_on else []
        seen.update(below)
        fresh += below
    return found


def _readable(node: Node) -> Core | None:
    """Return a node's core, or None if backward has been there before and freed what it saved."""
    try:
        return _core(node)
    except RuntimeError:
        return None


def _core(node: Node) -> Core | None:
    name = operation(node)
    if name == "LogSoftmax":
        shape = node._saved_result.shape
        classes = shape[_signed(node._saved_dim)] if shape else 0
        return Core(Judged("log_softmax", given_by(node), classes))
    if name in ("NllLoss", "NllLoss2D"):
        return Core(Judged("nll_loss", given_by(node)), node._saved_self)
    if name in _BINARY:
        return Core(Judged(_BINARY[name], given_by(node)), None, node._saved_target)
    if name in _ERRORS:
        return Core(Judged(_ERRORS[name], given_by(node), stretched=_stretched(node)), None, node._saved_target)
    if name in ("Pow", "Abs", "Mul"):
        return _difference(node)
    return None


def _signed(dimension: int) -> int:
    return dimension - 2**64 if dimension >= 2**63 else dimension  # saved as an unsigned number


def given_by(node: Node) -> str:
    """Return what made a node's first input, shapes aside; "" for a leaf or anything unknown."""
    maker = _maker(node)
    if maker is None:
        return ""
    return "softmax" if _softmax_by_hand(maker) else _GIVERS.get(operation(maker), "")


def _softmax_by_hand(node: Node) -> bool:
    """Return whether a node divides exponentials by their own sum along the last dimension."""
    if operation(node) != "Div" or len(node.next_functions) < 2:
        return False
    above, below = _maker(node, 0), _maker(node, 1)
    if above is None or below is None or operation(above) != "Exp" or operation(below) != "Sum":
        return False
    shape = _shape(above, 0)
    over = {each % len(shape) for each in map(_signed, below._saved_dim)} if shape and _summed(below) else set()
    return _maker(below) is above and over == {len(shape) - 1}


def _summed(node: Node) -> bool:
    """Return whether a sum was taken along some dimensions, of which a sum of all has kept none."""
    return getattr(node, "_saved_dim", None) is not None


def _maker(node: Node, place: int = 0) -> Node | None:
    """Return the node that made an input, passing those that only reshape or copy."""
    if place >= len(node.next_functions):
        return None
    maker = node.next_functions[place][0]
    while maker is not None and operation(maker) in _SHAPES and maker.next_functions:
        maker = maker.next_functions[0][0]
    return maker


def _stretched(node: Node) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of output and target if [N, 1] and [N] were stretched to [N, N].

    A tensor that was stretched to another shape has stride 0 there; the output's own shape stands in its Expand node.
    """
    child = node.next_functions[0][0]
    target = node._saved_target
    if child is None or operation(child) != "Expand" or target.ndim != 2 or target.shape[0] != target.shape[1]:
        return ()
    n, before = target.shape[0], tuple(child._saved_self_sym_sizes)
    rows = target.stride()
    if n < 2 or 0 not in rows or rows == (0, 0):
        return ()
    if before == (n, 1) and rows[0] == 0:
        return before, (n,)
    return (before, (n, 1)) if before == (n,) and rows[1] == 0 else ()


def _difference(node: Node) -> Core | None:
    """Return the core of a squared or absolute difference from a target that was written by hand."""
    child = node.next_functions[0][0]
    if child is None or operation(child) not in ("Sub", "Rsub"):
        return None
    if operation(node) == "Mul":
        other = node.next_functions[1][0] if len(node.next_functions) > 1 else None
        if other is None or operation(other) != operation(child):
            return None
    sides = [(side, index) for side, index in child.next_functions if side is not None]
    shape = _shape(child, 0)
    if len(sides) != 1 or len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        return None
    side, index = sides[0]
    before = tuple(side._saved_self_sym_sizes) if operation(side) == "Expand" else _shape(side, index)
    n = shape[0]
    pairs = {(n, 1): (n,), (n,): (n, 1)}
    return Core(Judged("difference", stretched=(before, pairs[before]))) if before in pairs else None


def _shape(node: Node, index: int) -> tuple[int, ...]:
    """Return the shape of what a node made, which autograd keeps to check gradients by."""
    metadata = getattr(node, "_input_metadata", ())
    return tuple(metadata[index].shape) if index < len(metadata) else ()


def nodes(penalty: Tensor, most: int = 20_000) -> Iterator[Node]:
    """Yield the nodes of a graph, from the penalty down, at most so many."""
    fresh, seen = [penalty.grad_fn], {penalty.grad_fn}
    while fresh and len(seen) < most:
        node = fresh.pop()
        if node is not None:
            yield node
            below = [child for child, _ in node.next_functions if child is not None and child not in seen]
            seen.update(below)
            fresh += below


def leaves(penalty: Tensor) -> list[nn.Parameter]:
    """Return the parameters that take part in a penalty, as far as its graph shows them."""
    found = (node.variable for node in nodes(penalty) if operation(node) == "AccumulateGrad")
    return [each for each in found if isinstance(each, nn.Parameter)]


def linear_pairs(penalty: Tensor, names: dict[int, str]) -> list[Pair]:
    """Return linear layers that follow one another with nothing between, by the names of their weights."""
    return [pair for node in nodes(penalty) if (pair := _pair(node, names)) is not None]


def _pair(second: Node, names: dict[int, str]) -> Pair | None:
    place = {"Addmm": 1, "Mm": 0}.get(operation(second))
    first = None if place is None else _maker(second, place)
    below = {"Addmm": 1, "Mm": 0}.get(operation(first)) if first is not None else None
    if place is None or below is None:
        return None
    after, before = _weight(second, place + 1), _weight(first, below + 1)
    if after is None or before is None or after is before or not {id(after), id(before)} <= names.keys():
        return None
    width = before.shape[1], before.shape[0], after.shape[0]
    return Pair(names[id(before)], names[id(after)], *width)


def _weight(node: Node, place: int) -> Tensor | None:
    maker = _maker(node, place)
    if maker is None or operation(maker) != "AccumulateGrad":
        return None
    found: Tensor = maker.variable
    return found if found.ndim == 2 else None
