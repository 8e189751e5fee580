"""One quiet line that says where a run is; nothing at all where nobody watches."""

import sys
from shutil import get_terminal_size
from time import perf_counter
from typing import TextIO, final

import numpy as np

from surefoot.trace import Trace

REDRAWN = 0.2
"""Seconds between two drawings of the line: quick enough to look alive, too slow to cost anything."""


@final
class Progress:
    """A line on a terminal, redrawn in place; on anything but a terminal it prints nothing.

    It only shows what was read already, so it never waits for the device.

    Args:
        name: what runs.
        steps: steps of the whole run; None if nobody knows.
        stream: where to draw; standard error if None, so that standard output stays free for results.

    >>> Progress("digits", 1000, sys.stdout).line(250)
    'digits 250/1000 ━━──────'
    """

    def __init__(self, name: str, steps: int | None, stream: TextIO | None = None) -> None:
        self._name, self._steps = name, steps
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._first: tuple[int, float] | None = None
        self._next = perf_counter() + REDRAWN
        self._penalty: float | None = None
        self._judged: float | None = None
        self._best: float | None = None

    def tick(self, taken: int) -> None:
        """Redraw the line if it is time to."""
        if self._live and (now := perf_counter()) >= self._next:
            self._next = now + REDRAWN
            self._draw(self.line(taken, self._left(taken, now)))

    def tell(self, piece: Trace) -> None:
        """Take in what was read."""
        if len(read := piece["penalty"]):
            self._penalty = float(np.mean(read.values))
        if len(judged := piece["validation_penalty"]):
            self._judged = float(judged.values[-1])
            self._best = self._judged if piece.last("best") else self._best

    def line(self, taken: int, left: str = "") -> str:
        """Return the line as it stands after so many steps; what a narrow terminal cuts off stands last."""
        parts = [f"{self._name} {taken}{self._bar(taken)}{left}"]
        if self._penalty is not None:
            parts.append(f"penalty {self._penalty:.3g}")
        if self._judged is not None:
            best = f" (best {self._best:.3g})" if self._best is not None else ""
            parts.append(f"validation {self._judged:.3g}{best}")
        return "  ".join(parts)

    def raced(self, outcome: str) -> None:
        """Show what a search has just tried."""
        if self._live:
            self._draw(f"{self._name} looking for the step size  {outcome}")

    def _bar(self, taken: int) -> str:
        if self._steps is None:
            return " steps"
        done = 8 * taken // self._steps
        return f"/{self._steps} {'━' * done}{'─' * (8 - done)}"

    def _left(self, taken: int, now: float) -> str:
        """Return the time left, at the pace since the first drawing: first steps load kernels and are slow."""
        self._first = self._first or (taken, now)
        steps, seconds = taken - self._first[0], now - self._first[1]
        if not steps or self._steps is None:
            return ""
        left = seconds / steps * (self._steps - taken)
        return f" {left:.0f} s left" if left < 120 else f" {left / 60:.0f} min left"

    def close(self) -> None:
        """Take the line away."""
        if self._live:
            self._draw("")

    def _draw(self, text: str) -> None:
        width = get_terminal_size().columns - 1
        try:
            self._stream.write(f"\r{text[:width]:<{width}}" + ("" if text else "\r"))
            self._stream.flush()
        except (OSError, ValueError):  # the terminal went away, or cannot write these letters: the run goes on
            self._live = False
