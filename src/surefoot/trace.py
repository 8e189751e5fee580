"""What one run records: named columns of numbers by step, and events in words.

A trace is a value. A run makes it in pieces, one at each reading, and `joined` makes one of them; a record on disk
holds the same pieces. A value at step k belongs to the weights after k steps: the penalty at step k is what the batch
of that step cost before the step was taken, and the validation penalty at step k was found after k steps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import refuse

SCHEMA = 2
"""The version of what a trace holds; a reader refuses a higher one."""

UNITS: Mapping[str, str] = {
    "penalty": "unit of the penalty, mean over the batch",
    "step_size": "unit of p per unit of the rule's direction",
    "validation_penalty": "unit of the penalty, mean over the validation set",
}
"""The columns that every run has a use for, with their units; a metric's column has the metric's own name and unit."""

LAYER_UNITS: Mapping[str, str] = {
    "gradient_norm": "unit of g, before clipping",
    "weight_norm": "unit of p, after the step",
    "update_norm": "unit of p",
    "not_finite": "elements of the gradient and of the tensor after the step",
    "dead_share": "share of the tensor's outputs that got no gradient, at the last step that was looked at",
}
"""The figures of every tensor at every step, with their units; NaN where a tensor was not stepped, or has no outputs.

Records of older versions end before the last.
"""

DETAIL = "detail"
"""The kind of event that holds a finding in full, as JSON; the event before it tells of the finding in a sentence."""

Scalar: TypeAlias = int | float | str | bool | None


@final
@dataclass(frozen=True, eq=False)
class Series:
    """One column: a value for some of the steps.

    Args:
        steps: whole numbers [n], never falling.
        values: floats [n]; NaN and infinities are values like others.

    Errors: InvalidValue if the two differ in length or are not flat, or if the steps fall.

    >>> len(Series([0, 1], [2.0, 1.5]))
    2
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __init__(self, steps: ArrayLike, values: ArrayLike) -> None:
        object.__setattr__(self, "steps", np.asarray(steps, dtype=np.int64))
        object.__setattr__(self, "values", np.asarray(values, dtype=np.float64))
        faults = []
        if self.steps.ndim != 1 or self.steps.shape != self.values.shape:
            faults.append(f"steps have shape {self.steps.shape} and values {self.values.shape}; give two equal lengths")
        elif np.any(np.diff(self.steps) < 0):
            faults.append("the steps fall; give them in the order of the run")
        refuse("Series", faults)

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, step: int) -> float:
        """Return the last value recorded at a step.

        Errors: KeyError if there is none.
        """
        places = np.flatnonzero(self.steps == step)
        if not len(places):
            raise KeyError(step)
        return float(self.values[places[-1]])


@final
@dataclass(frozen=True)
class Event:
    """Something that happened once: a best check, a stop, an end.

    Args:
        step: steps taken when it happened.
        kind: one word, such as "best" or "stopped".
        text: a sentence for people.
    """

    step: int
    kind: str
    text: str


@final
@dataclass(frozen=True, eq=False)
class Trace:
    """All that one run recorded, or one piece of it.

    Args:
        series: the columns by name.
        events: what happened, in order.
    """

    series: Mapping[str, Series] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    def __getitem__(self, name: str) -> Series:
        """Return a column, an empty one if nothing was recorded under the name."""
        return self.series.get(name, Series([], []))

    def last(self, kind: str) -> Event | None:
        """Return the latest event of a kind, or None."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)


def joined(pieces: Iterable[Trace]) -> Trace:
    """Return the pieces of one run as one trace; joining is associative.

    >>> parts = [Trace({"penalty": Series([0], [2.0])}), Trace({"penalty": Series([1], [1.0])})]
    >>> joined(parts)["penalty"].values.tolist()
    [2.0, 1.0]
    """
    whole = list(pieces)
    names = dict.fromkeys(chain.from_iterable(piece.series for piece in whole))
    series = {name: _end_to_end([piece.series[name] for piece in whole if name in piece.series]) for name in names}
    return Trace(series, tuple(chain.from_iterable(piece.events for piece in whole)))


def _end_to_end(parts: list[Series]) -> Series:
    return Series(np.concatenate([part.steps for part in parts]), np.concatenate([part.values for part in parts]))
