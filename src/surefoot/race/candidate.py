"""What runs in a race: lines of step sizes, candidates on them, and what became of each."""

import math
from dataclasses import dataclass, field
from typing import final

from surefoot.errors import refuse

NOTCHES = 4
"""Notches in a decade: the grid has every second one."""


@final
@dataclass(frozen=True)
class Line:
    """Step sizes of one rule and one decay, on a logarithmic scale with notches a quarter of a decade apart.

    Args:
        rule: the rule's name.
        decay: decoupled weight decay of the matrices [per step size, at least 0].
        centre: the step size of notch 0, where the grid is placed [above 0].
        usual: the step size that the rule does well with on most tasks [above 0], which wins unless the race says
            something quite different; None if there is none, as for rules whose steps grow with the gradient.

    Errors: InvalidValue if a bound above is broken.

    >>> Line("adamw", 0.1, centre=0.01).step_size(2)
    0.0316
    """

    rule: str
    decay: float
    centre: float
    usual: float | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.usual is not None and not (math.isfinite(self.usual) and self.usual > 0.0):
            faults.append(f"usual is {self.usual}; it must be above 0 and finite")
        if not (math.isfinite(self.centre) and self.centre > 0.0):
            faults.append(f"centre is {self.centre}; it must be above 0 and finite")
        if not (math.isfinite(self.decay) and self.decay >= 0.0):
            faults.append(f"decay is {self.decay}; it must be at least 0 and finite")
        refuse("Line", faults)

    def step_size(self, notch: float) -> float:
        """Return the step size at a notch, to three digits, so that what is printed is what was tried."""
        return float(f"{self.centre * 10.0 ** (notch / NOTCHES):.3g}")


@final
@dataclass(frozen=True, order=True)
class Candidate:
    """One short run that is to be tried; two are in the order of their line, step size and length.

    Args:
        line: the number of its line.
        notch: its place on it.
        length: steps it takes [>= 1].
        rule: its line's.
        step_size: the peak [> 0].
        decay: its line's.
    """

    line: int
    notch: int
    length: int
    rule: str = field(compare=False)
    step_size: float = field(compare=False)
    decay: float = field(compare=False)


@final
@dataclass(frozen=True, order=True)
class Result:
    """What became of a candidate.

    Args:
        candidate: which.
        penalty: the validation penalty at its end; whatever is not finite is held as inf.
    """

    candidate: Candidate
    penalty: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.penalty):
            object.__setattr__(self, "penalty", math.inf)
