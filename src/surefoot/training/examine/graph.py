"""What a penalty's graph still shows when the penalty cannot be replayed: the operands that its operations kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.autograd.graph import Node

from surefoot.training.examine.kinds import kinds, mask, plain, short
from surefoot.training.examine.rows import rows


@final
@dataclass(frozen=True)
class Remains:
    """The first operation of a graph whose kept operands are finite and whose result is not.

    Args:
        name: such as "log".
        kind: nan, inf or -inf.
        operands: what it was given, in words.
        rows: of the batch.
    """

    name: str
    kind: str
    operands: str
    rows: tuple[int, ...]


def remains(penalty: Tensor, size: int) -> Remains | None:
    """Return the first operation in a penalty's graph that made what is not finite, if its operands were kept.

    Read before `penalty.backward()`, which frees them.

    Args:
        penalty: the penalty.
        size: rows of the batch.

    >>> x = torch.tensor([0.5, 0.0], requires_grad=True)
    >>> remains(-x.log().mean(), 2)
    Remains(name='log', kind='-inf', operands='log(0)', rows=(1,))
    """
    for node in sorted(_nodes(penalty), key=lambda node: node._sequence_nr()):
        name = node.name().rstrip("0123456789").removesuffix("Backward")
        if name in _RESULTS:
            found = _judged(node, _snake(name), _RESULTS[name], size)
            if found is not None:
                return found
    return None


def _judged(node: Node, name: str, result: Callable[[Any], list[Any]], size: int) -> Remains | None:
    try:
        *operands, output = result(node)
    except (RuntimeError, AttributeError, TypeError):  # freed by a backward, or not kept
        return None
    output = output.detach()
    found, real = kinds(output), plain(output)
    if not found or real is None or any(each is not None and kinds(each) for each in operands):
        return None
    kind = next(iter(found))
    words = ""
    if operands:
        place = tuple(mask(real, kind).nonzero()[0].tolist())
        numbers = [
            "..." if each is None else short(float(each.detach().expand(real.shape)[place])) for each in operands
        ]
        words = f"{name}({', '.join(numbers)})"
    return Remains(name, kind, words, rows(output, kind, size))


def _nodes(penalty: Tensor) -> Iterator[Any]:
    left, seen = [penalty.grad_fn], set()
    while left:
        node = left.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            left += [each for each, _ in node.next_functions]


def _snake(name: str) -> str:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.removeprefix("_")


def _nll(node: Any) -> list[Tensor]:
    total = node._saved_total_weight  # the mean is over the targets that are kept, 0 / 0 if none is
    return [1.0 / total] if node._saved_reduction == 1 else [total]


def _quotient(node: Any) -> list[Any]:
    above, below = node._saved_self, node._saved_other  # what is above is kept only if what is below has a gradient
    return [above, below, (1.0 if above is None else above) / below]


def _power(node: Any) -> list[Tensor]:
    base, exponent = node._saved_self, node._saved_exponent
    exponent = exponent if isinstance(exponent, Tensor) else torch.tensor(float(exponent))
    return [base, exponent, torch.pow(base, exponent)]


_RESULTS: dict[str, Callable[[Any], list[Any]]] = {
    "Log": lambda node: [node._saved_self, torch.log(node._saved_self)],
    "Log2": lambda node: [node._saved_self, torch.log2(node._saved_self)],
    "Log10": lambda node: [node._saved_self, torch.log10(node._saved_self)],
    "Log1p": lambda node: [node._saved_self, torch.log1p(node._saved_self)],
    "Acos": lambda node: [node._saved_self, torch.acos(node._saved_self)],
    "Asin": lambda node: [node._saved_self, torch.asin(node._saved_self)],
    "Div": _quotient,
    "Mul": lambda node: [node._saved_self, node._saved_other, node._saved_self * node._saved_other],
    "Pow": _power,
    "Sqrt": lambda node: [node._saved_result],
    "Rsqrt": lambda node: [node._saved_result],
    "Reciprocal": lambda node: [node._saved_result],
    "Exp": lambda node: [node._saved_result],
    "LogSoftmax": lambda node: [node._saved_result],
    "Softmax": lambda node: [node._saved_result],
    "NllLoss": _nll,
}
"""By node, the operands that it keeps and its result, or its result alone; a node that keeps less is passed over."""
