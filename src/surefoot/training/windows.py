"""Windows of one long sequence, for models that predict what comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from surefoot.errors import refuse
from surefoot.training.batches import Epochs, draws


@final
@dataclass(frozen=True, eq=False)
class Windows(Epochs):
    """Random windows of a sequence; the target of each is what stands one place later.

    Args:
        sequence: ids of tokens, or bytes [n], of any whole-number dtype.
        context: length of a window [1 to n - 1].
        size: windows in a batch [>= 1].
        batches: batches in an epoch [>= 1]: windows overlap, so a sequence has no epoch of its own.

    Errors: InvalidValue naming every fault.

    Laws: the windows of an epoch depend on the seed and the epoch's number alone.

    >>> windows = Windows(torch.arange(10), context=3, size=2, batches=4)
    >>> all(torch.equal(given + 1, target) for given, target in windows.epoch(seed=0, number=0))
    True
    """

    sequence: Tensor
    context: int
    size: int = 32
    batches: int = 100

    def __post_init__(self) -> None:
        counts = {"context": self.context, "size": self.size, "batches": self.batches}
        faults = [f"{name} is {n}; it must be at least 1" for name, n in counts.items() if n < 1]
        refuse("Windows", [*_sequence_faults(self.sequence, self.context), *faults])

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Go through the first epoch of seed 0; for windows that cover the sequence evenly see `spread`."""
        return self.epoch(0, 0)

    def epoch(self, seed: int, number: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Return the batches of one epoch; nothing is drawn from torch's global generator."""
        most, generator = len(self.sequence) - self.context, draws(seed, number)
        for batch in range(self.batches):
            starts = torch.randint(most, (self.size,), generator=generator)  # drawn for batches left out as well
            if batch >= start:
                yield cut(self.sequence, starts, self.context)


def spread(sequence: Tensor, context: int, count: int) -> tuple[Tensor, Tensor]:
    """Return windows at even distances over a whole sequence and their targets, for judging.

    Args:
        sequence: ids of tokens, or bytes [n].
        context: length of a window [1 to n - 1].
        count: how many windows [>= 1]; fewer if they would overlap.

    >>> spread(torch.arange(9), context=3, count=2)[0].tolist()
    [[0, 1, 2], [5, 6, 7]]
    """
    refuse("spread", _sequence_faults(sequence, context))
    most = len(sequence) - context
    count = max(1, min(count, (len(sequence) - 1) // context))
    return cut(sequence, torch.arange(count) * (most - 1) // max(1, count - 1), context)


def cut(sequence: Tensor, starts: Tensor, context: int) -> tuple[Tensor, Tensor]:
    """Return the windows that begin at the starts [b], as int64 [b, context], and those one place later."""
    places = starts[:, None] + torch.arange(context + 1)
    taken = sequence[places.to(sequence.device)].long()
    return taken[:, :-1], taken[:, 1:]


def _sequence_faults(sequence: Tensor, context: int) -> list[str]:
    if sequence.ndim != 1 or sequence.is_floating_point():
        return [f"sequence is {sequence.dtype} of shape {tuple(sequence.shape)}; give whole numbers in one row"]
    if len(sequence) <= context:
        return [f"sequence has {len(sequence)} tokens and context is {context}; give one token more than that at least"]
    return []
