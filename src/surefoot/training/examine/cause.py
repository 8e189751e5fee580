"""The cause: from the penalty or a gradient back along the tape to what first was not finite and reached it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, final

from surefoot.training.examine.kinds import extremes
from surefoot.training.examine.operands import plain_op
from surefoot.training.examine.rows import rows
from surefoot.training.examine.tape import Link, Op
from surefoot.training.examine.things import Named

Fault: TypeAlias = Literal["input", "target", "weight", "buffer", "constant", "operation"]

_Chain: TypeAlias = "tuple[Op, _Chain] | None"
"""Operations from the first that took a number to the end; linked, since a tape may hold thousands."""

_RANK: dict[str, int] = {"input": 0, "target": 1, "weight": 2, "buffer": 3, "operation": 4, "constant": 5}
"""The order of cause: what the batch brought, what the steps before left, what happened in this one."""

_SWALLOW = ("_softmax", "_log_softmax", "_safe_softmax", "_masked_softmax", "logsumexp", "exp", "_scaled_dot_product")
"""Operations for whose sake people write -inf into a mask."""

_MIX = ("mm", "addmm", "bmm", "convolution", "native_")
"""Operations that nobody gives a mask to."""


@final
@dataclass(frozen=True, eq=False)
class Source:
    """Something that was not finite of itself, and the operations by which it reached the end.

    Args:
        origin: an operation, or a tensor that was there before.
        kind: nan, inf or -inf.
        path: from the operation that took it first to the end.
    """

    origin: Op | Named
    kind: str
    path: tuple[Op, ...] = ()

    @property
    def meant(self) -> bool:
        """Whether this is an infinity that somebody wrote on purpose, as in a mask."""
        if self.kind == "nan":
            return False
        if isinstance(self.origin, Op):
            return self.origin.constant
        if self.origin.role in ("input", "buffer"):
            return self.kind == "-inf" and self._mask_like
        return self.origin.role == "constant"

    @property
    def maker(self) -> Op | None:
        """The first operation on its way that gave nan."""
        return next((op for op in self.path if "nan" in op.kinds), None)

    @property
    def _mask_like(self) -> bool:
        """Whether a tensor of -inf is used as people use a mask: softmax takes it, or it holds zeros beside."""
        if self.maker is not None and self.maker.name.startswith(_SWALLOW):
            return True
        plain = isinstance(self.origin, Named) and extremes(self.origin.tensor) in ("from 0 to 0", "nothing finite")
        return plain and (self.maker is None or not self.maker.name.startswith(_MIX))


@final
@dataclass(frozen=True, eq=False)
class Cause:
    """What was at fault.

    Args:
        fault: the input, the target, a weight, a buffer, a tensor from elsewhere, or an operation.
        kind: nan, inf or -inf.
        op: the operation; None where it is a tensor's fault.
        tensor: the tensor, or the mask whose -inf an operation could not take.
        mask: the operation that wrote that mask.
        others: further causes found, in words.
        reached: rows of the batch that stayed not finite on the whole way through the forward; None if that is not
            known.
    """

    fault: Fault
    kind: str
    op: Op | None = None
    tensor: Named | None = None
    mask: Op | None = None
    others: tuple[str, ...] = ()
    reached: frozenset[int] | None = None

    def within(self, found: tuple[int, ...]) -> tuple[int, ...]:
        """Return those of some rows that reached the end, or all if none is known to."""
        return tuple(row for row in found if self.reached is None or row in self.reached) or found


def sources(ends: Sequence[Link]) -> list[Source]:
    """Return all that was not finite of itself and reached one of the ends.

    Args:
        ends: the penalty, or gradients, with what made them.
    """
    found: list[Source] = []
    seen: set[tuple[int, str]] = set()
    left: list[tuple[Link, _Chain]] = [(link, None) for link in reversed(ends)]
    while left:
        link, path = left.pop()
        key = (id(link.origin), link.kind)
        if key in seen:
            continue
        seen.add(key)
        origin = link.origin
        further = origin.explained(link.kind) if isinstance(origin, Op) and link.kind in origin.kinds else []
        if isinstance(origin, Op) and further:
            left += [(each, (origin, path)) for each in reversed(further)]
        if not (isinstance(origin, Op) and further and not origin.makes(link.kind)):
            found.append(Source(origin, link.kind, tuple(_each(path))))
    return found


def _each(chain: "_Chain") -> Iterator[Op]:
    while chain is not None:
        op, chain = chain
        yield op


def cause(ends: Sequence[Link], size: int) -> Cause | None:
    """Return what was at fault, or None if nothing is found: the ends hold what was meant, or nothing was recorded.

    Args:
        ends: the penalty, or gradients, with what made them.
        size: rows of the batch.
    """
    found = [_cause(each) for each in sources(ends)]
    known = [each for each in found if each is not None]
    if not known:
        return None
    first = min(known, key=lambda each: (_lost(each, size), *_order(each)))
    others = dict.fromkeys(_words(each) for each in known if not _lost(each, size))
    others.pop(_words(first), None)
    return replace(first, others=tuple(others))


def _cause(source: Source) -> Cause | None:
    origin = source.origin
    if not source.meant:
        if isinstance(origin, Op):
            return Cause("operation", source.kind, origin, reached=_reached(source.path))
        return Cause(_role(origin), source.kind, tensor=origin, reached=_reached(source.path))
    mask = origin if isinstance(origin, Op) else None
    tensor = origin if isinstance(origin, Named) else None
    if source.maker is not None:
        return Cause("operation", "nan", source.maker, tensor, mask)
    taker = next((op for op in source.path if _shrinks(op)), None)
    return None if taker is None else Cause("operation", source.kind, taker, tensor, mask)


def _reached(path: Sequence[Op]) -> frozenset[int] | None:
    held = [frozenset[int]().union(*op.rows.values()) for op in path if op.phase != "gradient"]
    held = [each for each in held if each]  # a sum has none, and in a gradient a weight's rows are not the batch's
    return frozenset.intersection(*held) if held else None


def _lost(each: Cause, size: int) -> bool:
    """Return whether none of a cause's rows stayed not finite on the way, as where padding is masked out later."""
    found = each.op.rows.get(each.kind, ()) if each.op is not None else ()
    found = rows(each.tensor.tensor, each.kind, size) if each.op is None and each.tensor is not None else found
    return bool(found) and each.reached is not None and each.reached.isdisjoint(found)


def _role(tensor: Named) -> Fault:
    roles: dict[str, Fault] = {"input": "input", "target": "target", "weight": "weight", "buffer": "buffer"}
    return roles.get(tensor.role, "constant")


def _shrinks(op: Op) -> bool:
    """Return whether an operation sums or picks, so that what stood beside others now stands for them."""
    sizes = [link.origin.outputs[0] if isinstance(link.origin, Op) else link.origin.tensor for link in op.links]
    return any(tensor.numel() > op.outputs[0].numel() for tensor in sizes)


def _order(each: Cause) -> tuple[int, int]:
    return (_RANK[each.fault], 0 if each.op is None else each.op.number)


def _words(each: Cause) -> str:
    if each.op is not None:
        return f"{plain_op(each.op.name)} in {each.op.spot.module or each.op.phase}"
    return "" if each.tensor is None else f"{each.fault} {each.tensor.name}".strip()
