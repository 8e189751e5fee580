"""What is to be seen of a path, in sentences that its numbers bear out."""

from typing import Final

import numpy as np

from surefoot.landscapes.limits import limit
from surefoot.landscapes.paths import Path, mean_of_last
from surefoot.landscapes.surface import Point, Surface

NEAR: Final = 1e-3
"""Of the way from the start to the minimum: a path that is so near has arrived."""

MUCH: Final = 1.5
"""A factor between two distances that the eye sees."""


def seen(surface: Surface, found: Path, share: float) -> str:
    """Return one or two sentences on a path: where it ended, why, and whether the mean of its last steps is better.

    Args:
        surface: the landscape.
        found: the path.
        share: of the steps that are averaged [above 0, at most 1].

    >>> from surefoot.landscapes import Quadratic, path
    >>> bowl = Quadratic(10.0)
    >>> seen(bowl, path(bowl, "sgd", (1.0, 1.0), 99, {"step_size": 0.25}), 0.5)
    'diverges: step size x curvature is 0.25 x 10 = 2.5, above 2.'
    """
    if found.diverged or grows(found):
        return _why_it_left(surface, found)
    said = _course(surface, found)
    mean = _mean(surface, found, share)
    return f"{said}; {mean}." if mean else f"{said}."


def grows(found: Path) -> bool:
    """Tell whether a path ends far above where it began, and still rises."""
    values = found.values
    return len(values) > 4 and bool(values[-1] > 4.0 * values[0] and values[-1] > values[len(values) // 2])


def _why_it_left(surface: Surface, found: Path) -> str:
    size, bound = found.settings["step_size"], limit(found.rule, found.settings, 1.0)
    curvature = surface.curvatures((float(found.positions[0, 0]), float(found.positions[0, 1])))[1]
    if bound.known and size * curvature > bound.step_size:
        product = f"{size:.3g} x {curvature:.3g} = {size * curvature:.3g}"
        return f"diverges: step size x curvature is {product}, above {bound.step_size:.3g}."
    first, last = found.values[0], found.values[-1]
    return f"diverges: the penalty is {last:.3g} after {found.steps} steps, and was {first:.3g} at the start."


def _course(surface: Surface, found: Path) -> str:
    begun, ended = surface.away(_first(found)), surface.away(found.end)
    noisy = bool(surface.errors(1).any())
    zigzags = f"zigzags: {100 * found.turns:.0f} % of its steps turn back" if found.turns > 0.25 and not noisy else ""
    if ended <= NEAR * max(begun, 1e-12):
        after = f"after {_steps_to(surface, found, NEAR * begun)} steps it is within a thousandth of the way"
        return f"{zigzags}, yet {after}" if zigzags else f"arrives: {after}"
    if zigzags:
        return f"{zigzags}, and it ends {ended:.3g} from the minimum"
    if _flat(surface, found):
        return f"is still near a place without a slope that is no minimum, {ended:.3g} away from one"
    if _circles(found):
        return f"circles the minimum at about {_orbit(surface, found):.2g}"
    return f"is still under way, {ended:.3g} from the minimum, having begun {begun:.3g} from it"


def _mean(surface: Surface, found: Path, share: float) -> str:
    ended, mean = surface.away(found.end), surface.away(mean_of_last(found, share))
    which = f"the mean of its last {100 * share:.3g} %"
    if ended > MUCH * mean:
        return f"{which} is {_times(ended / max(mean, 1e-300))} nearer"
    if mean > MUCH * ended and ended > 0.0:
        return f"{which} is {_times(mean / ended)} farther, since it remembers the way"
    return ""


def _times(factor: float) -> str:
    return f"{factor:.2g} times" if factor < 100 else "over 100 times"


def _first(found: Path) -> Point:
    return float(found.positions[0, 0]), float(found.positions[0, 1])


def _steps_to(surface: Surface, found: Path, near: float) -> int:
    """Return after how many steps a path is near for good."""
    for count in range(found.steps, -1, -1):
        if surface.away((float(found.positions[count, 0]), float(found.positions[count, 1]))) > near:
            return count + 1
    return 0


def _flat(surface: Surface, found: Path) -> bool:
    """Tell whether a path ends by a place without a slope where the ground falls away: a Newton step leads there."""
    slope = surface.gradient(np.array(found.end))
    least, greatest = surface.curvatures(found.end)
    gentle = np.hypot(*slope) <= 0.1 * np.hypot(*surface.gradient(found.positions[0]))
    if not gentle or least >= 0.0 or abs(least) < 1e-6 * abs(greatest):
        return False
    step = np.linalg.solve(surface.hessian(found.end), slope)
    return float(np.hypot(*step)) < 0.05 * (surface.window.right - surface.window.left)


def _circles(found: Path) -> bool:
    """Tell whether the last half of a path has gone a long way and come nowhere."""
    half = found.positions[len(found.positions) // 2 :]
    went = float(np.hypot(*np.diff(half, axis=0).T).sum())
    return went > 4.0 * float(np.hypot(*(half[-1] - half[0])))


def _orbit(surface: Surface, found: Path) -> float:
    half = found.positions[len(found.positions) // 2 :]
    return float(np.mean([surface.away((float(x), float(y))) for x, y in half]))
