"""Axes: where the ticks of a picture stand, and what is written beside them."""

import math


def scale(greatest: float) -> tuple[float, int]:
    """Return where an axis from 0 ends that shows this value, and into how many round parts it divides, three to five.

    >>> scale(1.0), scale(0.003), scale(2.3), scale(0.0)
    ((1.0, 4), (0.003, 3), (2.5, 5), (1.0, 4))
    """
    if not 1e-300 < greatest < 1e300:  # no parts of it are round, or none are floats
        return max(greatest, 1.0), 4
    tenth = math.floor(math.log10(greatest)) - 1
    sizes = [(size, math.ceil(greatest / _scaled(size, tenth) - 1e-9)) for size in (2, 2.5, 5, 10, 20, 25, 50)]
    return min((_scaled(size * parts, tenth), parts) for size, parts in sizes if 3 <= parts <= 5)


def _scaled(size: float, power: int) -> float:
    return float(f"{size}e{power}")  # correctly rounded: 3 * 1e-3 would be 0.003 and 3 * 1e-1 not 0.3


def labels(top: float, parts: int) -> list[str]:
    """Return the labels of an axis from 0 to its top, all with as many decimals.

    >>> labels(1.0, 4), labels(3e-7, 3)
    (['0.00', '0.25', '0.50', '0.75', '1.00'], ['0', '1e-07', '2e-07', '3e-07'])
    """
    values = [top / parts * part for part in range(parts + 1)]
    if not 1e-4 < top < 1e6:  # decimals would not be read
        return [f"{value:.3g}" for value in values]
    places = max(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values)
    return [f"{value:.{places}f}" for value in values]


def ruler(steps: int, columns: int) -> tuple[str, str]:
    """Return the axis of steps, from the first to the end of the run, and the numbers under it.

    >>> print(*ruler(20, 32), sep="|")
    ┬───────┬───────┬───────┬───────┬|0       5      10      15      20
    """
    ticks = _ticks(steps, columns)
    line = ["┬" if column in ticks.values() else "─" for column in range(columns + 1)]
    numbers = [" "] * (columns + 4)
    for step, column in ticks.items():
        start = max(0, column - (len(str(step)) - 1) // 2 - (len(str(step)) % 2 == 0))
        start = min(start, len(numbers) - len(str(step)))
        numbers[start : start + len(str(step))] = str(step)
    return "".join(line), "".join(numbers).rstrip()


def _ticks(steps: int, columns: int) -> dict[int, int]:
    """Return the column of each step that is written: round numbers, as many as fit well, and the end of the run."""
    wide = len(str(steps)) + 5
    sizes = (size * 10**power for power in range(len(str(steps)) + 1) for size in (1, 2, 5))
    each = next(size for size in sizes if size * columns >= wide * steps or size >= steps)
    at = {step: step * columns // steps for step in range(0, steps, each)}
    near = [step for step, column in at.items() if column > columns - wide + 2 and step]
    return {step: column for step, column in at.items() if step not in near} | {steps: columns}
