"""The landscapes: what makes descent hard, one thing at a time, in two parameters that can be seen."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin
from typing import ClassVar, final

import numpy as np

from surefoot.errors import refuse
from surefoot.landscapes.surface import Floats, Point, Surface, Window, paired, parts

MOST = 1000.0
"""The greatest conditioning or steepness: beyond it the walls are all that a picture shows."""


class Bowl(Surface):
    """A bowl of the same second derivatives everywhere, with its minimum at 0."""

    minima = ((0.0, 0.0),)
    window = Window(-4.0, 4.0, -3.0, 3.0)
    start = (-3.2, 1.8)

    @property
    @abstractmethod
    def bend(self) -> Floats:
        """The second derivatives [2, 2]."""

    def value(self, points: Floats) -> Floats:
        """Return the penalty at points [..., 2]."""
        found: Floats = 0.5 * np.sum(points * self.gradient(points), axis=-1)
        return found

    def gradient(self, points: Floats) -> Floats:
        """Return the slope at points [..., 2]."""
        found: Floats = points @ self.bend
        return found

    def hessian(self, point: Point) -> Floats:  # noqa: ARG002
        """Return the second derivatives, the same everywhere [2, 2]."""
        return self.bend


@final
@dataclass(frozen=True)
class Quadratic(Bowl):
    """A bowl whose curvature is 1 along one direction and `conditioning` across it.

    Args:
        conditioning: the greatest curvature over the least [1 to 1000].
        angle: of the flat direction to the first axis [degrees, -180 to 180].

    Errors: InvalidValue if one of them is out of bounds.

    >>> Quadratic(conditioning=10.0).curvatures((2.0, 1.0))
    (1.0, 10.0)
    """

    name = "quadratic"
    lesson = (
        "The steepest direction alone says how large a step may be, and the flattest how many are needed: that is "
        "conditioning."
    )

    conditioning: float = 10.0
    angle: float = 0.0

    def __post_init__(self) -> None:
        faults = _outside("conditioning", self.conditioning, 1.0, MOST)
        refuse("Quadratic", faults + _outside("angle", self.angle, -180.0, 180.0))

    @cached_property
    def bend(self) -> Floats:
        """The second derivatives [2, 2]."""
        along, across = cos(radians(self.angle)), sin(radians(self.angle))
        turn = np.array([[along, -across], [across, along]])
        found: Floats = turn @ np.diag([1.0, self.conditioning]) @ turn.T
        return found


@final
@dataclass(frozen=True)
class Rosenbrock(Surface):
    """A bent valley: (1 - x)^2 + 100 (y - x^2)^2.

    Source: Rosenbrock 1960, The Computer Journal 3(3).

    >>> float(Rosenbrock().value(np.array([1.0, 1.0])))
    0.0
    """

    name = "rosenbrock"
    lesson = "The valley is found quickly and followed slowly: every step must turn, and its walls are steep."
    minima = ((1.0, 1.0),)
    window = Window(-2.2, 2.2, -0.9, 2.4)
    start = (-0.7, 1.9)

    def value(self, points: Floats) -> Floats:
        """Return the penalty at points [..., 2]."""
        x, y = parts(points)
        return (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2

    def gradient(self, points: Floats) -> Floats:
        """Return the slope at points [..., 2]."""
        x, y = parts(points)
        off = y - x * x
        return paired(2.0 * (x - 1.0) - 400.0 * x * off, 200.0 * off)

    def hessian(self, point: Point) -> Floats:
        """Return the second derivatives at a point [2, 2]."""
        x, y = point
        return np.array([[2.0 - 400.0 * (y - 3.0 * x * x), -400.0 * x], [-400.0 * x, 200.0]])


@final
@dataclass(frozen=True)
class Beale(Surface):
    """Flat plains between steep corners: three squared residuals of x (1 - y^k), k = 1, 2, 3.

    Source: Beale 1958, On an iterative method for finding a local minimum; function 5 of More, Garbow & Hillstrom 1981.

    >>> float(Beale().value(np.array([3.0, 0.5])))
    0.0
    """

    name = "beale"
    lesson = (
        "The slope differs by orders of magnitude from place to place: one step size is too long here and too short "
        "there."
    )
    minima = ((3.0, 0.5),)
    window = Window(-1.6, 4.8, -2.4, 2.4)
    start = (0.6, 1.6)

    _AIMS: ClassVar[tuple[float, ...]] = (1.5, 2.25, 2.625)

    def value(self, points: Floats) -> Floats:
        """Return the penalty at points [..., 2]."""
        x, y = parts(points)
        return sum(((aim - x + x * y**k) ** 2 for k, aim in enumerate(self._AIMS, 1)), np.zeros(x.shape))

    def gradient(self, points: Floats) -> Floats:
        """Return the slope at points [..., 2]."""
        x, y = parts(points)
        across, up = np.zeros(x.shape), np.zeros(x.shape)
        for k, aim in enumerate(self._AIMS, 1):
            off = aim - x + x * y**k
            across = across + 2.0 * off * (y**k - 1.0)
            up = up + 2.0 * off * k * x * y ** (k - 1)
        return paired(across, up)

    def hessian(self, point: Point) -> Floats:
        """Return the second derivatives at a point [2, 2]."""
        x, y = point
        total = np.zeros((2, 2))
        for k, aim in enumerate(self._AIMS, 1):
            off, slope = aim - x + x * y**k, np.array([y**k - 1.0, k * x * y ** (k - 1)])
            mixed = k * y ** (k - 1)
            bend = np.array([[0.0, mixed], [mixed, k * (k - 1) * x * y ** (k - 2) if k > 1 else 0.0]])
            total += 2.0 * (np.outer(slope, slope) + off * bend)
        return total


@final
@dataclass(frozen=True)
class Saddle(Surface):
    """A pass between two minima: (x^2 - 1)^2 / 4 + y^2 / 2.

    >>> Saddle().curvatures((0.0, 0.0))
    (-1.0, 1.0)
    """

    name = "saddle"
    lesson = "On the pass the slope is 0 and yet nothing is found: a path that comes straight at it stays long."
    minima = ((-1.0, 0.0), (1.0, 0.0))
    window = Window(-2.0, 2.0, -1.5, 1.5)
    start = (-0.01, 1.2)

    def value(self, points: Floats) -> Floats:
        """Return the penalty at points [..., 2]."""
        x, y = parts(points)
        return 0.25 * (x * x - 1.0) ** 2 + 0.5 * y * y

    def gradient(self, points: Floats) -> Floats:
        """Return the slope at points [..., 2]."""
        x, y = parts(points)
        return paired(x * (x * x - 1.0), y)

    def hessian(self, point: Point) -> Floats:
        """Return the second derivatives at a point [2, 2]."""
        return np.diag([3.0 * point[0] ** 2 - 1.0, 1.0])


@final
@dataclass(frozen=True)
class Ravine(Surface):
    """A winding ravine with a floor that hardly falls: x^2 / 20 + steepness (y - sin x)^2 / 2.

    Args:
        steepness: of its walls [1 to 1000].

    Errors: InvalidValue if it is out of bounds.

    >>> Ravine(steepness=30.0).minima
    ((0.0, 0.0),)
    """

    name = "ravine"
    lesson = (
        "The slope points at the other wall and hardly along the floor; a memory of earlier steps cancels across and "
        "adds up along it."
    )
    minima = ((0.0, 0.0),)
    window = Window(-6.0, 2.8, -3.3, 3.3)
    start = (-5.2, 2.2)

    steepness: float = 10.0

    def __post_init__(self) -> None:
        refuse("Ravine", _outside("steepness", self.steepness, 1.0, MOST))

    def value(self, points: Floats) -> Floats:
        """Return the penalty at points [..., 2]."""
        x, y = parts(points)
        return 0.05 * x * x + 0.5 * self.steepness * (y - np.sin(x)) ** 2

    def gradient(self, points: Floats) -> Floats:
        """Return the slope at points [..., 2]."""
        x, y = parts(points)
        wall = self.steepness * (y - np.sin(x))
        return paired(0.1 * x - wall * np.cos(x), wall)

    def hessian(self, point: Point) -> Floats:
        """Return the second derivatives at a point [2, 2]."""
        x, y = point
        off, k = y - sin(x), self.steepness
        return np.array([[0.1 + k * (cos(x) ** 2 + off * sin(x)), -k * cos(x)], [-k * cos(x), k]])


@final
@dataclass(frozen=True)
class NoisyBowl(Bowl):
    """A bowl whose gradient is seen with an error, a new one at each step, as a batch sees a penalty.

    Args:
        conditioning: the greatest curvature over the least [1 to 1000].
        noise: standard deviation of the error of each component [gradient; 0 to 100].
        seed: of the errors [0 to 2**32 - 1].

    Errors: InvalidValue if one of them is out of bounds.

    Laws: the same seed gives the same errors, and a longer path begins with those of a shorter.

    >>> bool((NoisyBowl(seed=1).errors(9)[:5] == NoisyBowl(seed=1).errors(5)).all())
    True
    """

    name = "noisy"
    lesson = (
        "Near the minimum the error outweighs the slope: a fixed step size circles for ever, and what gets nearer is a "
        "smaller one, or the mean of the last steps."
    )

    conditioning: float = 3.0
    noise: float = 1.5
    seed: int = 0

    def __post_init__(self) -> None:
        faults = _outside("conditioning", self.conditioning, 1.0, MOST) + _outside("noise", self.noise, 0.0, 100.0)
        refuse("NoisyBowl", faults + _outside("seed", self.seed, 0, 2**32 - 1))

    @cached_property
    def bend(self) -> Floats:
        """The second derivatives [2, 2]."""
        return np.diag([1.0, self.conditioning])

    def errors(self, steps: int) -> Floats:
        """Return the errors of the gradients [steps, 2]."""
        drawn: Floats = np.random.default_rng(self.seed).standard_normal((steps, 2))
        return self.noise * drawn


SURFACES: dict[str, type[Surface]] = {
    kind.name: kind for kind in (Quadratic, Ravine, Rosenbrock, Beale, Saddle, NoisyBowl)
}
"""Every landscape by its name; each is made without arguments too."""


def _outside(name: str, value: float, low: float, high: float) -> list[str]:
    fine = low <= value <= high
    return [] if fine else [f"{name} is {value:g}; it must be from {low:g} to {high:g}"]
