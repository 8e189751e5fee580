"""What requests about one run are answered with."""

from typing import Any, final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from surefoot.errors import InvalidValue
from surefoot.page import exporting, layer_map, run_data
from surefoot.page.frame import Frame, whole
from surefoot.page.library import Known
from surefoot.page.run_data import Cursor
from surefoot.page.story import story
from surefoot.page.stream import EVENTS, Watched, run_stream


@final
class RunViews:
    """The views of one run.

    Args:
        frame: what all views share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def run(self, request: Request) -> Response:
        """One run."""
        known = self._frame.known(request)
        data = run_data.whole(self._frame.library, known, _map(request))
        return self._frame.html(
            "run.html", request, data=exporting.script_safe(data), maps=_maps(known), **self._story(known)
        )

    def _story(self, known: Known) -> dict[str, Any]:
        log = self._frame.library.log(known.facts.path)
        columns = [name for name in log.names() if name not in ("penalty", "validation_penalty", "step_size")]
        return {"known": known, "columns": columns, **story(known, log.events())}

    def story(self, request: Request) -> Response:
        """What a run's page tells in words, as it is now."""
        return self._frame.html("retold.html", request, **self._story(self._frame.known(request)))

    def data(self, request: Request) -> Response:
        """What a run's page draws."""
        return JSONResponse(run_data.whole(self._frame.library, self._frame.known(request), _map(request)))

    def part(self, request: Request) -> Response:
        """A part of a curve in finer buckets."""
        asked = request.query_params
        first, last, level = whole(asked, "first", 0), whole(asked, "last", 0), whole(asked, "level", 0)
        if not 0 <= level < 60 or not 0 <= first <= last < 1 << 60 or (last >> level) - (first >> level) > 4096:
            raise HTTPException(400, "A part of a curve is 4096 buckets at most.")
        log = self._frame.library.log(self._frame.known(request).facts.path)
        return JSONResponse(log.buckets(asked.get("name", ""), level, first, last).to_json())

    def layers(self, request: Request) -> Response:
        """Another picture of the layers."""
        return JSONResponse(layer_map.picture(layer_map.figures(self._frame.known(request).facts.path), _map(request)))

    def events(self, request: Request) -> Response:
        """A run's stream: new points, from where the tab is."""
        known = self._frame.known(request)
        text = request.headers.get("last-event-id") or request.query_params.get("after", "")
        watched = Watched(self._frame.library, known.id, Cursor.read(text) or Cursor(), _map(request))
        return StreamingResponse(run_stream([watched], self._frame.closing), media_type=EVENTS)

    def page_file(self, request: Request) -> Response:
        """The run as one page that opens from a disk."""
        known = self._frame.known(request)
        parts = {
            **exporting.page_parts(self._frame.library, known),
            **self._story(known),
            "maps": _maps(known),
            "alone": True,
        }
        return Response(
            self._frame.text("alone.html", request, **parts), headers=_file(known, "html"), media_type="text/html"
        )

    def table_file(self, request: Request) -> Response:
        """A column as comma-separated values."""
        known, column = self._frame.known(request), request.path_params["column"]
        lines = exporting.table(self._frame.library, known, column)
        return StreamingResponse(lines, headers=_file(known, f"{column}.csv"), media_type="text/csv; charset=utf-8")

    def chart_file(self, request: Request) -> Response:
        """A chart as SVG."""
        known, column = self._frame.known(request), request.path_params["column"]
        drawn = exporting.picture(self._frame.library, known, column, log="log" in request.query_params)
        if drawn is None:
            raise HTTPException(404, "The run has no such curve.")
        return Response(drawn, headers=_file(known, f"{column}.svg"), media_type="image/svg+xml")

    def layers_table_file(self, request: Request) -> Response:
        """The picture of the layers as comma-separated values."""
        known, which = self._frame.known(request), _asked(request)
        lines = exporting.layers_table(known, which)
        if lines is None:
            raise HTTPException(404, "The run has no such figures of its layers.")
        headers = _file(known, f"{which}.layers.csv")
        return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")

    def layers_file(self, request: Request) -> Response:
        """The picture of the layers as SVG."""
        known, which = self._frame.known(request), _asked(request)
        drawn = exporting.layers_picture(known, which)
        if drawn is None:
            raise HTTPException(404, "The run has no such figures of its layers.")
        return Response(drawn, headers=_file(known, f"{which}.layers.svg"), media_type="image/svg+xml")


def _asked(request: Request) -> str:
    """Return which picture of the layers a file is to show.

    Errors: HTTPException 400 if there is none of that name.
    """
    which = request.query_params.get("which", "update_ratio")
    if which not in layer_map.MAPS:
        raise HTTPException(400, f"which is {which[:40]!r}; it is one of {', '.join(layer_map.MAPS)}")
    return which


def _maps(known: Known) -> dict[str, str]:
    """Return the pictures that can be chosen of a run."""
    try:
        return layer_map.maps_of(layer_map.figures(known.facts.path))
    except InvalidValue:
        return layer_map.maps_of(None)


def _map(request: Request) -> str:
    which = request.query_params.get("map", "")
    return which if which in layer_map.MAPS else "update_ratio"


def _file(known: Known, ending: str) -> dict[str, str]:
    safe = "".join(
        each if each.isascii() and (each.isalnum() or each in "-_.") else "-" for each in f"{known.id}.{ending}"
    )
    return {"content-disposition": f'attachment; filename="{safe}"'}
