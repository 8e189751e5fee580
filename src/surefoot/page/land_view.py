"""What the landscapes' requests are answered with: a template and its parts."""

from typing import Any

from starlette.requests import Request

from surefoot.errors import InvalidValue
from surefoot.landscapes import SURFACES
from surefoot.page.land import LESSONS, MOST, PARAMETERS, RANGES, SIZES, STEPS, TITLES, Asked
from surefoot.page.land_picture import picture
from surefoot.page.standing import standing
from surefoot.rules import RULES

COURSES = ("linear()", "cosine()", "warmup(10%) >> cosine()", "constant() >> linear(30%)", "exponential(to=0.01)")
"""Schedules to begin with."""


def landscapes(request: Request) -> tuple[str, dict[str, Any]]:
    """Return the template of a view of the landscapes, or of what has changed in it, and its parts.

    Errors: InvalidValue if a whole view is asked for and something in the request is not allowed.
    """
    part = "hx-request" in request.headers
    try:
        asked = Asked.of(request.query_params)
        drawn = picture(asked)
    except InvalidValue as error:
        if not part:
            raise
        return "landscape.html", {"fault": str(error), "drawn": None}
    if part:
        return "landscape.html", {"fault": "", "drawn": drawn, "asked": asked}
    shown = {"asked": asked, "drawn": drawn, "surfaces": list(SURFACES), "names": list(RULES), "lessons": LESSONS}
    told = {"labels": PARAMETERS, "ranges": RANGES, "sizes": SIZES, "most": MOST, "longest": STEPS, "titles": TITLES}
    return "landscapes.html", {**shown, **told, "courses": COURSES}


def figure(request: Request, which: str) -> str:
    """Return the map of a view, or its penalties by step, as a file of its own; "" if it is asked for neither.

    Errors: InvalidValue if something in the request is not allowed.
    """
    asked = Asked.of(request.query_params)
    drawn, title = picture(asked), TITLES[asked.surface.name]
    labels = [(f"{row.choice.rule}, step size {row.choice.size:.4g}", ink) for ink, row in enumerate(drawn.rows)]
    if which == "map":
        return standing(drawn.map, labels, f"{title}: the paths of {asked.steps} steps")
    return standing(drawn.penalties, labels, f"{title}: penalty by step") if which == "penalties" else ""
