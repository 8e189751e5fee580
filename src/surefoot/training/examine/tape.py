"""A tape of a replay: each operation whose output was not finite, and which of its operands explain that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from surefoot.training.examine.call import Call, cures
from surefoot.training.examine.kinds import KINDS, kinds
from surefoot.training.examine.operands import said
from surefoot.training.examine.rows import rows
from surefoot.training.examine.spots import Modules, Spot
from surefoot.training.examine.things import Named, memory

Phase: TypeAlias = Literal["forward", "penalty", "gradient"]

MOST_TRIALS = 2000
"""Operations that are done again with their operands mended, at about a millisecond each; of later ones every operand
that is not finite counts as an explanation. By then the fault itself is long on the tape."""

_COPIES = ("clone", "_to_copy", "contiguous")
"""Operations after which a tensor still counts as made by the one before."""


@final
@dataclass(frozen=True, eq=False)
class Link:
    """An operand that was not finite, and what made it so.

    Args:
        origin: the operation that last wrote such a number there, or a tensor that was there before the replay.
        kind: nan, inf or -inf.
        place: of the operand among the operands.
    """

    origin: "Op | Named"
    kind: str
    place: int = 0


@final
@dataclass(frozen=True, eq=False)
class Op:
    """An operation whose output was not finite.

    Args:
        number: among all operations.
        name: torch's, such as "log" or "_softmax".
        phase: forward, penalty or gradient.
        spot: where it was called; in a gradient, where the operation was whose gradient this is.
        node: in a gradient, the node of the graph that was running, such as "SqrtBackward0".
        sequence: that node's number; else the last that was given out.
        kinds: how many numbers of each kind it put out.
        rows: of the batch that hold them, by kind.
        links: operands that were not finite.
        cures: for each link, how many numbers of each kind the output loses if it is mended, and if all are; None if
            the operation cannot be done twice, as one that draws random numbers.
        constant: whether a plain number that is not finite was among its arguments.
        operands: what it was given, in words.
        after: what made its first operand, such as "_softmax"; "" if the replay did not.
        outputs: kept, so that their memory is given to nothing else.
    """

    number: int
    name: str
    phase: Phase
    spot: Spot
    node: str
    sequence: int
    kinds: dict[str, int]
    rows: dict[str, tuple[int, ...]]
    links: tuple[Link, ...]
    cures: tuple[list[dict[str, int]], dict[str, int]] | None
    constant: bool
    operands: str
    after: str
    outputs: list[Tensor] = field(repr=False)

    @property
    def dtype(self) -> torch.dtype:
        """Its first output's."""
        return self.outputs[0].dtype

    def makes(self, kind: str) -> bool:
        """Return whether some of its numbers of a kind are left if all operands are mended."""
        return self.cures is not None and self.kinds.get(kind, 0) > self.cures[1].get(kind, 0)

    def explained(self, kind: str) -> list[Link]:
        """Return the operands by which its numbers of a kind are explained; none if it made them itself."""
        if self.cures is None:
            return [*self.links]
        alone, joint = self.cures
        found = [link for link, lost in zip(self.links, alone, strict=True) if lost.get(kind)]
        return found or ([*self.links] if joint.get(kind) else [])


@final
class Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the operations under it, and hands on each tensor from outside before an operation changes it.

    Args:
        modules: says which module is running.
        outside: tensors that are there before: inputs, targets, weights, buffers.
        size: rows of the batch.
        about_to_write: is called with a tensor that lives outside before it is written.

    Its `ops` are what was recorded; `spots` say where each node of the graph was made, by the node's number; `refused`
    are the operands that are not finite of an operation that raised an error.
    """

    def __init__(
        self, modules: Modules, outside: Sequence[Named], size: int, about_to_write: Callable[[Tensor], None]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.phase: Phase = "forward"
        self.ops: list[Op] = []
        self.spots: dict[int, Spot] = {}
        self.refused: tuple[Link, ...] = ()
        self._modules, self._size, self._about_to_write = modules, size, about_to_write
        self._outside = {memory(named.tensor): named for named in reversed(outside)}
        self._of_batch = {memory(named.tensor) for named in outside if named.role in ("input", "target")}
        self._made: dict[int | None, str] = {}
        self._writers: dict[int | None, list[Op]] = {}
        self._number = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would import its compiler, which takes seconds, to be told to leave this alone."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do the operation and record it if its output is not finite."""
        call = Call(func, args, kwargs or {})
        for tensor in call.written:
            if memory(tensor) not in self._made:
                self._about_to_write(tensor)
        call.keep()
        links = self._links(call) if call.written else None
        sequence = self._noted()
        try:
            result = func(*args, **call.kwargs)
        except Exception:
            self.refused = self._links(call)
            raise
        outputs = [leaf for leaf in tree_flatten(result)[0] if isinstance(leaf, Tensor)] or call.written
        self._number += 1
        if call.written or not self._only_views(call, outputs):
            self._judged(call, outputs, links, sequence)
        return result

    def origin(self, tensor: Tensor, kind: str) -> "Op | Named":
        """Return what last wrote numbers of a kind into a tensor's memory, or the tensor from outside that holds it."""
        key = memory(tensor)
        writers = self._writers.get(key, [])
        found = next((op for op in reversed(writers) if kind in op.kinds), writers[-1] if writers else None)
        return found or self._outside.get(key) or Named("", tensor, "constant")

    def _links(self, call: Call) -> tuple[Link, ...]:
        """Return the operands that are not finite, each kind for itself."""
        return tuple(
            Link(self.origin(tensor, kind), kind, place)
            for place, tensor in enumerate(call.given)
            if place not in call.unread
            for kind in kinds(tensor)
        )

    def _noted(self) -> int:
        """Note where the node of the graph that was made last comes from, and return its number."""
        sequence = int(torch._C._autograd._get_sequence_nr()) - 1
        if (self.phase != "gradient" or self._modules.inside) and sequence not in self.spots:
            self.spots[sequence] = self._modules.spot(self.phase)
        return sequence

    def _only_views(self, call: Call, outputs: list[Tensor]) -> bool:
        """Return whether all outputs are views of operands: whoever wrote into their memory answers for it."""
        known = {memory(tensor) for tensor in call.given}
        return all(memory(tensor) in known for tensor in outputs)

    def _judged(self, call: Call, outputs: list[Tensor], links: tuple[Link, ...] | None, sequence: int) -> None:
        operands = call.given
        after = self._made.get(memory(operands[0]), "") if operands else ""
        of_batch = self._placed(call, outputs, after)
        held = [(tensor, kinds(tensor)) for tensor in outputs]
        found = {kind: sum(each.get(kind, 0) for _, each in held) for kind in KINDS}
        found = {kind: count for kind, count in found.items() if count}
        if not found:
            return
        links = self._links(call) if links is None else links
        bad = [tensor for tensor, each in held if each]
        node, sequence, spot = self._running(sequence)
        where = {kind: rows(bad[0], kind, self._size) if of_batch else () for kind in found}
        trials = [(link.place, link.kind) for link in links]
        mended = cures(call, outputs, trials) if len(self.ops) < MOST_TRIALS else None
        op = Op(
            self._number, call.name, self.phase, spot, node, sequence, found, where, links, mended, call.constant,
            said(call, bad[0]), after, outputs,
        )  # fmt: skip
        self.ops.append(op)
        for tensor in bad:
            self._writers.setdefault(memory(tensor), []).append(op)

    def _placed(self, call: Call, outputs: list[Tensor], after: str) -> bool:
        """Note the outputs' memory, and return whether they depend on the batch."""
        of_batch = any(memory(tensor) in self._of_batch for tensor in call.given)
        written = {memory(tensor) for tensor in call.written}
        for key in map(memory, outputs):
            if key not in written:  # new, perhaps where something else was before
                self._of_batch.discard(key)
            if key in self._made or key not in written:
                self._made[key] = after if call.name in _COPIES else call.name
            if of_batch:
                self._of_batch.add(key)
        return of_batch

    def _running(self, sequence: int) -> tuple[str, int, Spot]:
        """Return the node of the graph that is running, if one is, its number, and where the code is from."""
        node, here = torch._C._current_autograd_node(), self._modules.spot(self.phase)
        if node is None or self._modules.inside:
            return "", sequence, here
        number = int(node._sequence_nr())
        there = self.spots.get(number, Spot())
        if here.file:  # a backward that the user wrote
            there = replace(there, file=here.file, line=here.line, function=here.function)
        return node.name(), number, there
