"""What requests for figures in files of their own are answered with: SVG, of which the page makes PNG, and CSV."""

from collections.abc import Iterable
from typing import final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from surefoot.page import courses, exporting
from surefoot.page.frame import Frame
from surefoot.page.library import Known
from surefoot.page.searches import race_file, range_file
from surefoot.page.story import story


@final
class FigureViews:
    """The figures of all views but one run's curves, as files.

    Args:
        frame: what all views share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def schedules(self, request: Request) -> Response:
        """The picture of schedules."""
        _, drawn = courses.courses(courses.Asked.of(request.query_params))
        return svg_file("schedules", drawn.file if drawn else "")

    def schedules_table(self, request: Request) -> Response:
        """The step sizes of schedules, step by step."""
        return _table("schedules", courses.table(courses.Asked.of(request.query_params)))

    def landscape(self, request: Request) -> Response:
        """The map of a landscape with its paths, or their penalties."""
        from surefoot.page import land_view

        which = request.path_params["which"]
        return svg_file(f"landscape-{which}", land_view.figure(request, which))

    def search(self, request: Request) -> Response:
        """The race of a run's search, or one of its range tests."""
        known, which = self._frame.known(request), request.path_params["which"]
        found = story(known, self._frame.library.log(known.facts.path).events())["search"] or {"tried": []}
        if which == "race":
            drawn = race_file(found)
        else:
            ranges = {f"range-{number}": each for number, each in enumerate(found.get("ranges", ()))}
            drawn = range_file(ranges.get(which, {}))
        return svg_file(f"{known.id}-{which}", drawn)

    def compare(self, request: Request) -> Response:
        """One curve of several runs."""
        column = request.path_params["column"]
        runs = self._compared(request)
        drawn = exporting.compared(self._frame.library, runs, column, log="log" in request.query_params)
        return svg_file(f"compare-{column}", drawn)

    def compare_table(self, request: Request) -> Response:
        """One column of several runs."""
        column = request.path_params["column"]
        return _table(
            f"compare-{column}", exporting.compared_table(self._frame.library, self._compared(request), column)
        )

    def _compared(self, request: Request) -> list[Known]:
        return exporting.chosen(self._frame.library, request.query_params.getlist("run"))


def svg_file(name: str, drawn: str) -> Response:
    """Return a figure as an answer that a browser saves.

    Errors: HTTPException 404 if there is none.
    """
    if not drawn:
        raise HTTPException(404, "There is no such figure.")
    return Response(drawn, headers=attached(f"{name}.svg"), media_type="image/svg+xml")


def _table(name: str, lines: Iterable[str]) -> Response:
    return StreamingResponse(lines, headers=attached(f"{name}.csv"), media_type="text/csv; charset=utf-8")


def attached(name: str) -> dict[str, str]:
    """Return the header by which a browser saves an answer under a name."""
    safe = "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else "-" for each in name)
    return {"content-disposition": f'attachment; filename="{safe}"'}
