"""What an average keeps of the weights it has seen: the mean itself, or copies to take it of."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, final

import torch
from torch import Tensor

from surefoot.averaging import Exponential, Last, Tail


class Store(ABC):
    """Weights by name, as an average needs them; abstract.

    Args:
        device: where they are kept; where the weights are at their first snapshot if None.
    """

    def __init__(self, device: torch.device | None) -> None:
        self.device = device

    @property
    @abstractmethod
    def average(self) -> Exponential | Last | Tail:
        """What is kept, as weights of a sum."""

    @property
    @abstractmethod
    def names(self) -> frozenset[str]:
        """Whose weights are kept."""

    @abstractmethod
    def add(self, weights: Mapping[str, Tensor], seen: int) -> None:
        """Take in a snapshot, the latest of so many; weights met for the first time have not moved before it."""

    @abstractmethod
    def means(self) -> Iterator[tuple[str, Tensor]]:
        """Return the mean of each, one after the other, in float32 or what is wider."""

    @abstractmethod
    def state(self) -> list[dict[str, Tensor]]:
        """Return what is kept; it goes on changing with the average."""

    @abstractmethod
    def load(self, state: list[dict[str, Tensor]], homes: Mapping[str, torch.device]) -> None:
        """Take over copies of what `state` gave."""

    def _copied(self, tensor: Tensor, home: torch.device, dtype: torch.dtype) -> Tensor:
        return tensor.detach().to(device=self.device or home, dtype=dtype, copy=True)


@final
class RunningMean(Store):
    """The mean alone: one copy of the weights, in float32 at least, since a small part of a bfloat16 is lost in it."""

    def __init__(self, average: Exponential | Tail, device: torch.device | None) -> None:
        super().__init__(device)
        self._average = average
        self._means: dict[str, Tensor] = {}

    @property
    def average(self) -> Exponential | Tail:
        """What is kept, as weights of a sum."""
        return self._average

    @property
    def names(self) -> frozenset[str]:
        """Whose weights are kept."""
        return frozenset(self._means)

    def add(self, weights: Mapping[str, Tensor], seen: int) -> None:
        """Take in a snapshot, the latest of so many."""
        for name in [name for name in weights if name not in self._means]:  # in the model's order, which a set loses
            self._means[name] = self._copied(weights[name], weights[name].device, wide(weights[name].dtype))
        means = [self._means[name] for name in weights]
        given = [weight.detach() for weight in weights.values()]
        entry = self._average.entry(seen)
        if means and all(m.dtype == g.dtype and m.device == g.device for m, g in zip(means, given, strict=True)):
            torch._foreach_lerp_(means, given, entry)
            return
        for mean, weight in zip(means, given, strict=True):  # one at a time: no second copy of the whole
            mean.lerp_(weight.to(mean), entry)

    def means(self) -> Iterator[tuple[str, Tensor]]:
        """Return the mean of each, one after the other."""
        yield from self._means.items()

    def state(self) -> list[dict[str, Tensor]]:
        """Return what is kept; it goes on changing with the average."""
        return [self._means]

    def load(self, state: list[dict[str, Tensor]], homes: Mapping[str, torch.device]) -> None:
        """Take over copies of what `state` gave."""
        (means,) = state
        self._means = {name: self._copied(mean, homes[name], mean.dtype) for name, mean in means.items()}


@final
class LastCopies(Store):
    """A copy of the weights for each snapshot, as they are."""

    def __init__(self, average: Last, device: torch.device | None) -> None:
        super().__init__(device)
        self._average = average
        self._copies: deque[dict[str, Tensor]] = deque(maxlen=average.count)

    @property
    def average(self) -> Last:
        """What is kept, as weights of a sum."""
        return self._average

    @property
    def names(self) -> frozenset[str]:
        """Whose weights are kept."""
        return frozenset(self._copies[-1]) if self._copies else frozenset()

    def add(self, weights: Mapping[str, Tensor], seen: int) -> None:
        """Take in a snapshot; the oldest leaves first, so that there are never more copies than asked for."""
        if self._average.leaves(seen) is not None:
            self._copies.popleft()
        copies = {name: self._copied(weight, weight.device, weight.dtype) for name, weight in weights.items()}
        for older in self._copies:
            older.update({name: copies[name] for name in copies if name not in older})
        self._copies.append(copies)

    def means(self) -> Iterator[tuple[str, Tensor]]:
        """Return the mean of each, one after the other."""
        for name, newest in (self._copies[-1] if self._copies else {}).items():
            mean = newest.to(wide(newest.dtype), copy=True)
            for number, copies in enumerate(self._copies, 1):
                mean.lerp_(copies[name].to(mean), 1.0 / number)  # of equal weights exactly themselves
            yield name, mean

    def state(self) -> list[dict[str, Tensor]]:
        """Return what is kept, the oldest first."""
        return list(self._copies)

    def load(self, state: list[dict[str, Tensor]], homes: Mapping[str, torch.device]) -> None:
        """Take over copies of what `state` gave."""
        self._copies.clear()
        for copies in state:
            self._copies.append({n: self._copied(tensor, homes[n], tensor.dtype) for n, tensor in copies.items()})


def store_of(average: Exponential | Last | Tail, device: str | torch.device | None) -> Store:
    """Return a place to keep an average in."""
    home = None if device is None else torch.device(device)
    return LastCopies(average, home) if isinstance(average, Last) else RunningMean(average, home)


def wide(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which a mean is taken: float32 for what is narrower, else its own.

    >>> wide(torch.bfloat16), wide(torch.float64)
    (torch.float32, torch.float64)
    """
    return torch.promote_types(dtype, torch.float32)


def plain(state: list[dict[str, Tensor]]) -> list[dict[str, Any]]:
    """Return dicts that are nobody's but the caller's; the tensors in them are shared, as in torch's states."""
    return [dict(tensors) for tensors in state]
