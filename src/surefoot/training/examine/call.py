"""One call of an operation below autograd: its operands, which of them it writes, and what it would give once more."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten

from surefoot.training.examine.kinds import KINDS, PLAIN_ERRORS, constant, kinds, mask, plain, without

_STAND_INS = (0.5, 2.0)
"""Finite numbers put where an operand was not: 0.5 suits log, sqrt, atanh and division, 2 what wants more than 1."""


@final
class Call:
    """A call of an operation.

    Args:
        func: the operation, as torch dispatches it.
        args: its arguments.
        kwargs: those by name.
    """

    def __init__(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.func, self.args, self.kwargs = func, args, kwargs
        self.name: str = func._overloadpacket.__name__
        self.leaves, self._tree = tree_flatten((args, dict(kwargs)))
        self.written = [tensor for value in self._changed() for tensor in _tensors(value)]
        self._before: dict[int, Tensor] = {}

    @property
    def given(self) -> list[Tensor]:
        """The tensors among the arguments."""
        return [leaf for leaf in self.leaves if isinstance(leaf, Tensor)]

    @property
    def unread(self) -> frozenset[int]:
        """The places among the tensors of running statistics that a batch norm in training writes and does not read."""
        names = [argument.name for argument in self.func._schema.arguments]
        values = {**dict(zip(names, self.args, strict=False)), **self.kwargs}
        if "running_mean" not in names or not values.get("training", "with_update" in self.name):
            return frozenset()
        own = {id(values.get(name)) for name in ("running_mean", "running_var")}
        return frozenset(place for place, tensor in enumerate(self.given) if id(tensor) in own)

    @property
    def operands(self) -> list[Tensor]:
        """The tensors among the arguments, as they were before the call if `keep` was called."""
        return [self._was(tensor) for tensor in self.given]

    @property
    def constant(self) -> bool:
        """Whether a plain number among the arguments is not finite, as -inf in `masked_fill`."""
        return any(constant(leaf) for leaf in self.leaves)

    def named(self) -> dict[str, Any]:
        """Return the arguments by their names in the operation's schema."""
        names = [argument.name for argument in self.func._schema.arguments]
        found = {**dict(zip(names, self.args, strict=False)), **self.kwargs}
        return {name: self._was(value) if isinstance(value, Tensor) else value for name, value in found.items()}

    def keep(self) -> None:
        """Keep what the operation will write over."""
        self._before = {id(tensor): tensor.clone() for tensor in self.written}

    def again(self, gone: Mapping[int, frozenset[str]], finite: float) -> list[Tensor] | None:
        """Return what the call gives if kinds of numbers are finite instead in some operands; None if that fails.

        Args:
            gone: kinds, by the operand's place among the operands.
            finite: the number in their places.
        """
        if torch.Tag.nondeterministic_seeded in self.func.tags:
            return None  # it would draw, and give something else
        own = {id(tensor) for tensor in self.written}
        leaves, place = [], -1
        for leaf in self.leaves:
            if isinstance(leaf, Tensor):
                place += 1
                was = self._was(leaf)
                leaf = without(was, gone[place], finite) if place in gone else was.clone() if id(leaf) in own else was
            leaves.append(leaf)
        args, kwargs = tree_unflatten(leaves, self._tree)
        try:
            return _tensors(self.func(*args, **kwargs))
        except PLAIN_ERRORS:
            return None

    def _was(self, tensor: Tensor) -> Tensor:
        return self._before.get(id(tensor), tensor)

    def _changed(self) -> list[Any]:
        """Return the arguments that the operation writes; batch norm does not say so of its running statistics."""
        found = []
        for number, argument in enumerate(self.func._schema.arguments):
            marked = argument.alias_info is not None and argument.alias_info.is_write
            if marked or argument.name in ("running_mean", "running_var"):
                found.append(self.args[number] if number < len(self.args) else self.kwargs.get(argument.name))
        return found


def cures(
    call: Call, outputs: Sequence[Tensor], links: Sequence[tuple[int, str]]
) -> tuple[list[dict[str, int]], dict[str, int]] | None:
    """Return how many numbers of each kind the output loses if one operand is mended, for each, and if all are.

    Args:
        call: the call.
        outputs: what it gave.
        links: places and kinds of operands that are not finite.

    Returns None if the operation cannot be done twice.
    """
    found = _plainly(call, outputs, links)
    if found is not None:
        return found
    alone = [_lost(outputs, call.again({place: frozenset({kind})}, _STAND_INS[0])) for place, kind in links]
    known = [each for each in alone if each is not None]
    if len(known) < len(alone):
        return None
    whole = _counts(outputs)
    if whole in known or not links:  # one operand explains all
        return known, whole if links else {}
    together = {place: frozenset(kind for at, kind in links if at == place) for place, _ in links}
    joint: dict[str, int] = {}
    for finite in _STAND_INS:
        for kind, count in (_lost(outputs, call.again(together, finite)) or {}).items():
            joint[kind] = max(count, joint.get(kind, 0))
    return known, joint


def _plainly(
    call: Call, outputs: Sequence[Tensor], links: Sequence[tuple[int, str]]
) -> tuple[list[dict[str, int]], dict[str, int]] | None:
    """Return what needs no trial: an operand without one finite number explains an output without one."""
    one_kind = {kind for _, kind in links} == {"nan"} or len(links) == 1  # else one may stand for another, as in where
    whole = _counts(outputs)
    if not one_kind or sum(whole.values()) < sum(output.numel() for output in outputs):
        return None
    operands = call.operands
    empty = [kinds(operands[place])[kind] == operands[place].numel() for place, kind in links]
    return ([whole if each else {} for each in empty], whole) if any(empty) else None


def _counts(outputs: Sequence[Tensor]) -> dict[str, int]:
    held = [kinds(output) for output in outputs]
    return {kind: sum(each.get(kind, 0) for each in held) for kind in KINDS}


def _lost(before: Sequence[Tensor], after: Sequence[Tensor] | None) -> dict[str, int] | None:
    if after is None or [tensor.shape for tensor in before] != [tensor.shape for tensor in after]:
        return None
    found: dict[str, int] = {}
    for old, new in zip(before, after, strict=True):
        was, now = plain(old), plain(new)
        if was is not None and now is not None:
            for kind in KINDS if kinds(old) else ():
                found[kind] = found.get(kind, 0) + int((mask(was, kind) & ~mask(now, kind)).sum())
    return found


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in tree_flatten(value)[0] if isinstance(leaf, Tensor)]
