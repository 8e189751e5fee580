"""Letters: small numbers read from a device without waiting for it; from the CPU at once."""

from collections import deque
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor


@final
class Letters:
    """Numbers on their way from a device.

    Each is copied into pinned memory behind the work that is queued there, and handed over when `collect` finds that it
    has arrived. Nothing ever waits.

    >>> arrived = []
    >>> Letters().post(torch.tensor([1.0, 2.0]), lambda values: arrived.append(values.sum().item()))
    >>> arrived
    [3.0]
    """

    def __init__(self) -> None:
        self._way: deque[tuple[torch.cuda.Event, Tensor, Callable[[Tensor], None]]] = deque()

    def post(self, values: Tensor, then: Callable[[Tensor], None]) -> None:
        """Have a function called with these values on the CPU, at once or when they have arrived."""
        values = values.detach()
        if values.device.type == "cpu":
            then(values)
        elif values.device.type == "cuda" and not torch.cuda.is_current_stream_capturing():
            there = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            there.copy_(values, non_blocking=True)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(torch.cuda.current_stream(values.device))
            self._way.append((event, there, then))

    def collect(self) -> None:
        """Hand over what has arrived."""
        while self._way and self._way[0][0].query():  # type: ignore[no-untyped-call]
            _, values, then = self._way.popleft()
            then(values)
