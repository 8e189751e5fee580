"""What a landscape is: a penalty of two parameters whose slope, curvature and minima are known exactly."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Point: TypeAlias = tuple[float, float]


@final
class Window(NamedTuple):
    """The part of the plane that is looked at.

    Args:
        left, right: the first parameter's ends.
        low, high: the second's.
    """

    left: float
    right: float
    low: float
    high: float

    def has(self, point: Point, room: float = 0.0) -> bool:
        """Tell whether a point is in it, or no farther outside than a multiple of its width and height.

        >>> Window(0, 2, 0, 1).has((2.5, 0.5)), Window(0, 2, 0, 1).has((2.5, 0.5), room=1.0)
        (False, True)
        """
        across, up = room * (self.right - self.left), room * (self.high - self.low)
        inside = self.left - across <= point[0] <= self.right + across
        return inside and self.low - up <= point[1] <= self.high + up


def parts(points: Floats) -> tuple[Floats, Floats]:
    """Return the two parameters of points [..., 2]; of one point two numbers, which numpy computes with much faster."""
    if points.ndim == 1:
        return points[0], points[1]
    return points[..., 0], points[..., 1]


def paired(first: Floats, second: Floats) -> Floats:
    """Return two parameters as points [..., 2].

    >>> paired(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    found = np.empty((*np.shape(first), 2))
    found[..., 0], found[..., 1] = first, second
    return found


class Surface(ABC):
    """A penalty of two parameters, 0 at its minima; an instance is a value, and its fields are its parameters.

    Laws: the gradient is that of the value, and the Hessian that of the gradient; at a minimum the value and the
        gradient are 0 and no curvature is below 0.
    """

    name: ClassVar[str]
    lesson: ClassVar[str]
    """What it teaches, in a sentence."""

    minima: ClassVar[tuple[Point, ...]]
    window: ClassVar[Window]
    start: ClassVar[Point]
    """Where a path begins that shows the lesson."""

    @abstractmethod
    def value(self, points: Floats) -> Floats:
        """Return the penalty at points [..., 2]."""

    @abstractmethod
    def gradient(self, points: Floats) -> Floats:
        """Return the slope at points [..., 2], of the same shape."""

    @abstractmethod
    def hessian(self, point: Point) -> Floats:
        """Return the second derivatives at a point [2, 2]."""

    def errors(self, steps: int) -> Floats:
        """Return what the gradient that a rule sees at each step differs by from the slope [steps, 2]."""
        return np.zeros((steps, 2))

    @final
    def curvatures(self, point: Point) -> tuple[float, float]:
        """Return the least and the greatest curvature at a point [penalty per squared unit of p]."""
        least, greatest = np.linalg.eigvalsh(self.hessian(point))
        return float(least), float(greatest)

    @property
    @final
    def steepest(self) -> float:
        """The greatest curvature at the minimum, or at the least curved one: what bounds the step size there."""
        return min(self.curvatures(point)[1] for point in self.minima)

    @final
    def away(self, point: Point) -> float:
        """Return how far a point is from the nearest minimum [unit of p]."""
        return min(float(np.hypot(point[0] - x, point[1] - y)) for x, y in self.minima)
