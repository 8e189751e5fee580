"""The path that a rule takes over a landscape, computed by the formulas that train networks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import final

import numpy as np

from surefoot.averaging import Last
from surefoot.backends.reference import walk
from surefoot.errors import refuse
from surefoot.landscapes.surface import Floats, Point, Surface
from surefoot.rules import RULES, unknown
from surefoot.schedules import Schedule

STEPS = 10_000
"""Of a path, at most."""

FAR = 1e4
"""How many widths of the window a path may leave it by; it has diverged then, and goes no further."""


@final
@dataclass(frozen=True, eq=False)
class Path:
    """Where a rule went.

    Args:
        rule: its name.
        settings: its constants, `step_size` among them.
        positions: of the start and after each step [1 + steps taken, 2].
        values: the penalty there [1 + steps taken], without errors of the gradient.
        diverged: whether it left for good, before its last step.
    """

    rule: str
    settings: Mapping[str, float]
    positions: Floats
    values: Floats
    diverged: bool

    @property
    def end(self) -> Point:
        """Where it is after its last step."""
        return float(self.positions[-1, 0]), float(self.positions[-1, 1])

    @property
    def steps(self) -> int:
        """How many steps it took."""
        return len(self.positions) - 1

    @cached_property
    def turns(self) -> float:
        """The share of its steps that turn back, by more than a right angle and a half [0 to 1]."""
        moved = np.diff(self.positions, axis=0)
        lengths = np.hypot(moved[:, 0], moved[:, 1])
        both = lengths[1:] * lengths[:-1]
        back = np.einsum("ij,ij->i", moved[1:], moved[:-1]) < -0.7 * both
        return float(np.mean(back & (both > 0.0))) if len(both) else 0.0


def path(
    surface: Surface,
    rule: str,
    start: Point,
    steps: int,
    settings: Mapping[str, float] | None = None,
    schedule: Schedule | None = None,
) -> Path:
    """Return the path of a rule over a landscape.

    Args:
        surface: the landscape.
        rule: any rule's name.
        start: where it begins.
        steps: how many to take [1 to 10 000].
        settings: constants that differ from the rule's own.
        schedule: of the step size, every length known; constant if None.

    Errors: InvalidValue naming every fault of the call.

    Laws: without a slope and without decay no rule moves. A path that has diverged ends where it was last finite.

    >>> from surefoot.landscapes import Quadratic
    >>> path(Quadratic(10.0), "sgd", (1.0, 1.0), 2, {"step_size": 0.1}).positions.round(3).tolist()
    [[1.0, 1.0], [0.9, 0.0], [0.81, 0.0]]
    """
    given = dict(settings or {})
    refuse("path", _faults(rule, start, steps, given))
    constants = {**RULES[rule].constants, **given}
    factors = None if schedule is None else schedule(np.arange(steps)).tolist()
    here = [np.array(start, dtype=np.float64)]
    went = walk(RULES[rule], here[0], _gradients(surface, steps, here), constants, factors=factors)
    return _kept(surface, rule, constants, here, went)


def _gradients(surface: Surface, steps: int, here: list[Floats]) -> Iterator[Floats]:
    """Go through what the rule sees: the slope where the path is by now, and its error."""
    for error in surface.errors(steps):
        yield surface.gradient(here[-1]) + error


def _kept(
    surface: Surface, rule: str, constants: Mapping[str, float], here: list[Floats], went: Iterator[Floats]
) -> Path:
    left, right, low, high = surface.window
    bound, diverged = FAR * max(right - left, high - low), False
    with np.errstate(all="ignore"):
        for place in went:
            diverged = not (abs(place[0]) <= bound and abs(place[1]) <= bound)
            if diverged:
                break
            here.append(place)
        positions = np.stack(here)
        return Path(rule, constants, positions, surface.value(positions), diverged)


def mean_of_last(found: Path, share: float) -> Point:
    """Return the mean of the last share of a path's places, the start aside.

    Args:
        found: the path.
        share: of its steps [above 0, at most 1]; at least one of them.

    Errors: InvalidValue if the share is out of bounds.

    >>> from surefoot.landscapes import Quadratic
    >>> mean_of_last(path(Quadratic(10.0), "sgd", (1.0, 0.0), 2, {"step_size": 0.5}), 1.0)
    (0.375, 0.0)
    """
    refuse("mean_of_last", [] if 0.0 < share <= 1.0 else [f"share is {share:g}; it must be above 0 and at most 1"])
    if not found.steps:
        return found.end
    shares = Last(max(1, ceil(share * found.steps))).shares(found.steps)
    x, y = shares @ found.positions[1:]
    return float(x), float(y)


def _faults(rule: str, start: Point, steps: int, settings: Mapping[str, float]) -> list[str]:
    faults = [fault] if (fault := unknown(rule)) else []
    if not np.isfinite(start).all():
        faults.append(f"start is ({start[0]:g}, {start[1]:g}); both numbers must be finite")
    if not 1 <= steps <= STEPS:
        faults.append(f"steps is {steps}; it must be from 1 to {STEPS}")
    if faults:
        return faults
    has = RULES[rule].constants
    odd = [f"{rule} has no {name}; it has {', '.join(has)}" for name in settings if name not in has]
    return odd + RULES[rule].faults(settings)
