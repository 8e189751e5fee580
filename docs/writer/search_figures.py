"""The pictures of the guide to fit's choices, drawn from what its own programs leave: a race, and the end of a run."""

from collections.abc import Iterator

from surefoot.training.plane_figure import plane_figure
from writer.drawing import svg_of
from writer.guides import program
from writer.programs import left_by

GUIDE = "search.md"


def figures() -> Iterator[tuple[str, str]]:
    """Return each figure's path and its text."""
    yield "figures/guides/race.svg", svg_of(left_by(program(GUIDE, 0))["found"].figure())
    yield "figures/guides/plane.svg", svg_of(plane_figure(left_by(program(GUIDE, 1))["end"]))
