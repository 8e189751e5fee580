"""What requests about the list, several runs, schedules and landscapes are answered with."""

from collections.abc import Mapping
from datetime import datetime
from math import isnan, nan
from typing import final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from surefoot.page import comparing, courses, exporting, run_data
from surefoot.page.assets import assets
from surefoot.page.frame import Frame, real, whole
from surefoot.page.library import Known
from surefoot.page.listing import SORTS, Asked, Listing
from surefoot.page.run_data import Cursor
from surefoot.page.stream import EVENTS, Watched, list_stream, run_stream

LONG = 10.0
"""Seconds that small curves may take where nobody waits for the answer."""


@final
class Views:
    """The views of more than one run, and of none.

    Args:
        frame: what all views share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._listing = Listing(frame.library)

    # the list

    def runs(self, request: Request) -> Response:
        """All runs, or those that are searched for."""
        asked = Asked.of(request.query_params)
        rows = self._listing.rows(asked)
        parts = {
            "rows": rows,
            "asked": asked,
            "sorts": SORTS,
            "folder": self._frame.library.folder.resolve(),
            "many": self._listing.many,
        }
        return self._frame.html("list.html" if "hx-request" in request.headers else "runs.html", request, **parts)

    def list_events(self, request: Request) -> Response:
        """The list's stream: rows that change."""
        unseen = dict.fromkeys(self._rows(request, 0.0), "")  # all are sent once: some have changed since the page was
        return StreamingResponse(
            list_stream(lambda: self._rows(request, LONG), unseen, self._frame.closing), media_type=EVENTS
        )

    def _rows(self, request: Request, patience: float) -> dict[str, str]:
        rows = self._listing.rows(Asked.of(request.query_params), patience)
        return {row.id: self._frame.text("row.html", request, row=row) for row in rows}

    def latest(self, request: Request) -> Response:
        """The newest run; where one is about to begin, a page that waits for it."""
        after = request.query_params.get("after", "")
        since = float(after) if after.replace(".", "", 1).isdecimal() else 0.0
        newest = max(self._frame.library.runs(), key=_taken_up, default=None)
        if newest is not None and _taken_up(newest) >= since:
            return RedirectResponse(f"/run/{newest.id}", 303)
        return RedirectResponse("/", 303) if not since else self._frame.html("waiting.html", request)

    # several runs

    def compare(self, request: Request) -> Response:
        """Runs side by side."""
        found = self._compared(request)
        every = self._frame.library.runs() if len(found) < 2 else []
        data = [run_data.whole(self._frame.library, each, most=512) for each in found]
        for each in data:
            each.pop("map")
        parts = {"runs": found, "every": every, "data": exporting.script_safe(data)}
        tables = {
            "differ": comparing.settings(found) if found else {},
            "came": comparing.outcomes(found),
        }
        return self._frame.html("compare.html", request, **parts, **tables)

    def _compared(self, request: Request) -> list[Known]:
        return exporting.chosen(self._frame.library, request.query_params.getlist("run"))

    def compare_events(self, request: Request) -> Response:
        """The stream of several runs: new points of all of them."""
        found = self._compared(request)
        text = request.headers.get("last-event-id") or request.query_params.get("after", "")
        marks = text.split("|") + [""] * len(found)
        watched = [
            Watched(self._frame.library, known.id, Cursor.read(mark) or Cursor(), "update_ratio")
            for known, mark in zip(found, marks, strict=False)
        ]
        return StreamingResponse(run_stream(watched, self._frame.closing), media_type=EVENTS)

    # schedules

    def schedules(self, request: Request) -> Response:
        """Schedules as they are typed."""
        return self._drawn(request, courses.Asked.of(request.query_params))

    def moved(self, request: Request) -> Response:
        """Schedules as they are once a hand has moved something of one."""
        query = request.query_params
        asked = courses.Asked.of(query).moved(whole(query, "which", 0), query.get("handle", ""), real(query, "to", nan))
        return self._drawn(request, asked, _held(query, asked.step_size))

    def _drawn(self, request: Request, asked: courses.Asked, held: tuple[float, float] | None = None) -> Response:
        found, drawn = courses.courses(asked, held)
        parts = {"texts": asked.texts, "steps": asked.steps, "step_size": asked.step_size, "log": asked.log}
        told = {"courses": found, "drawn": drawn, "faults": asked.faults, "query": urlencode(asked.query)}
        template = "courses.html" if "hx-request" in request.headers else "schedules.html"
        return self._frame.html(template, request, **parts, **told, examples=courses.EXAMPLES, most=courses.MOST)

    # landscapes

    def landscapes(self, request: Request) -> Response:
        """Paths of rules over landscapes."""
        from surefoot.page import land_view  # numpy's contours and all rules, which the first answer does without

        template, parts = land_view.landscapes(request)
        return self._frame.html(template, request, **parts)

    def asset(self, request: Request) -> Response:
        """A file that pages load."""
        found = assets().get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "There is no such file.")
        headers = {"etag": found.tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.kind, headers=headers)


def _held(query: Mapping[str, str], step_size: float) -> tuple[float, float] | None:
    """Return the step sizes that a picture has to span, or None if a request names none.

    Errors: HTTPException 400 if they are none that an axis can have.
    """
    low, high = real(query, "low", nan), real(query, "high", nan)
    if isnan(low) and isnan(high):
        return None
    if not 0.0 <= low < high <= 1e3 or (low and high / low > 1e200):
        raise HTTPException(400, f"low is {low:g} and high {high:g}; give two fractions of the peak, from 0 to 1000")
    return low * step_size, high * step_size


def _taken_up(known: Known) -> float:
    """Return when a run began, or was last gone on with, in seconds since 1970."""
    return max(
        datetime.fromisoformat(each).timestamp() for each in [known.meta["begun"], *known.meta.get("resumed", [])]
    )
