"""The picture of schedules, and where on it their handles are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.page.drawing import Axis, Line, axis_over, box_of, chart
from surefoot.page.handles import Handle
from surefoot.page.standing import standing

WIDTH, HEIGHT = 960, 380


@final
@dataclass(frozen=True)
class Picture:
    """The curves of schedules over a run.

    Args:
        lines: the curves.
        across: the steps.
        up: the step sizes.
    """

    lines: tuple[Line, ...]
    across: Axis
    up: Axis

    @property
    def svg(self) -> str:
        """As it stands within a page."""
        steps = int(self.across.high) + 1
        title = f"step size over {steps} steps: {'; '.join(line.label for line in self.lines)}"
        return chart(self.lines, self.across, self.up, title=title, width=WIDTH, height=HEIGHT)

    @property
    def file(self) -> str:
        """As a file of its own."""
        steps = int(self.across.high) + 1
        labels = [(line.label, line.ink) for line in self.lines]
        heading = f"Step size over {steps:,} steps" + (f": {labels[0][0]}" if len(labels) == 1 else "")
        return standing(self.svg, labels, heading)

    def sides(self, step_size: float) -> str:
        """Return where its axes are, for a script: the box in hundredths of the picture, and what is at its sides.

        Args:
            step_size: the peak; values are given as fractions of it, steps as how many are over.
        """
        left, top, right, bottom = box_of(self.up, WIDTH, HEIGHT)
        box = [100 * left / WIDTH, 100 * top / HEIGHT, 100 * right / WIDTH, 100 * bottom / HEIGHT]
        up = [self.up.low / step_size, self.up.high / step_size]
        across = [1, self.across.high + 1]
        return json.dumps({"box": box, "across": across, "up": up, "log": self.up.log})

    def grips(self, handles: Sequence[Handle], step_size: float) -> str:
        """Return a schedule's handles, for a script: each with its place in hundredths of the picture."""
        return json.dumps([self._grip(each, step_size) for each in handles])

    def _grip(self, handle: Handle, step_size: float) -> dict[str, object]:
        left, top, right, bottom = box_of(self.up, WIDTH, HEIGHT)
        x = left + (right - left) * self.across.place(max(handle.step, 1.0) - 1)
        value = handle.at * step_size
        high = self.up.place(value) if handle.way == "up" and self.up.has(value) else 0.0
        y = bottom - (bottom - top) * min(max(high, 0.0), 1.0)
        size = f"{handle.at * step_size:.3g}"
        return {
            "name": handle.name, "way": handle.way, "x": round(100 * x / WIDTH, 3),
            "y": round(100 * (top if handle.way == "across" else y) / HEIGHT, 3),
            "at": handle.at, "least": handle.least, "most": handle.most, "moves": handle.moves, "label": handle.label,
            "says": handle.says if handle.way == "across" else f"{handle.says}, a step size of {size}",
        }  # fmt: skip


def picture(lines: Sequence[Line], steps: int, *, log: bool, held: tuple[float, float] | None = None) -> Picture:
    """Return the picture of curves over a run.

    Args:
        lines: the curves.
        steps: of the run.
        log: whether step sizes are logarithmic.
        held: step sizes that it has to span; while a hand moves something the axis may grow, and does not shrink.
    """
    values = [value for line in lines for value in line.y]
    up = axis_over("step size", values, log=log, zero=True)
    if held is not None:
        up = Axis(up.label, min(up.low, held[0]) if held[0] > 0 else up.low, max(up.high, held[1]), up.log)
    return Picture(tuple(lines), Axis("step", 0, max(steps - 1, 1)), up)
