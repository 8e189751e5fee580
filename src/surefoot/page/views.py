"""What requests about the list, several runs, schedules and landscapes are answered with."""

from datetime import datetime
from math import isfinite
from typing import final

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
            "differ": comparing.differences([each.meta for each in found]) if found else {},
            "came": comparing.outcomes(found),
        }
        return self._frame.html("compare.html", request, **parts, **tables)

    def _compared(self, request: Request) -> list[Known]:
        names = dict.fromkeys(request.query_params.getlist("run"))
        return [known for name in names if (known := self._frame.library.find(name)) is not None][: comparing.MOST]

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
        asked = request.query_params
        texts = [text.strip()[: courses.LONGEST] for text in asked.getlist("text") if text.strip()]
        texts = texts[: courses.MOST] or (["warmup(5%) >> cosine()", "wsd()"] if "text" not in asked else [])
        steps, size = whole(asked, "steps", 1000), real(asked, "step_size", 0.001)
        faults = [] if 1 <= steps <= courses.STEPS else [f"steps is {steps}; give 1 to {courses.STEPS}"]
        faults += [] if size > 0 and isfinite(size) else [f"step size is {size:g}; it must be finite and above 0"]
        found, drawn = ([], "") if faults else courses.courses(texts, steps, size, log="log" in asked)
        parts = {"texts": texts, "steps": steps, "step_size": size, "log": "log" in asked, "faults": faults}
        template = "courses.html" if "hx-request" in request.headers else "schedules.html"
        return self._frame.html(
            template, request, **parts, courses=found, drawn=drawn, examples=courses.EXAMPLES, most=courses.MOST
        )

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


def _taken_up(known: Known) -> float:
    """Return when a run began, or was last gone on with, in seconds since 1970."""
    return max(
        datetime.fromisoformat(each).timestamp() for each in [known.meta["begun"], *known.meta.get("resumed", [])]
    )
