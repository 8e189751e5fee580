"""What requests for things that take seconds are answered with: learning curves, and the map around a run's weights."""

from collections.abc import AsyncIterator, Callable
from typing import Any, final
from urllib.parse import parse_qsl, urlencode

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from surefoot.errors import InvalidValue
from surefoot.page.figure_views import svg_file
from surefoot.page.frame import Frame, whole
from surefoot.page.jobs import Job, Jobs
from surefoot.page.library import Known
from surefoot.page.standing import standing
from surefoot.page.stream import EVENTS, message

APART = 0.2
"""Seconds between two pieces of a stream."""


@final
class WorkViews:
    """The views of what programs of their own compute.

    Args:
        frame: what all views share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._jobs = frame, Jobs()

    def close(self) -> None:
        """End what still runs."""
        self._jobs.stop()

    # learning curves

    def curves(self, request: Request) -> Response:
        """Learning curves: what to train, and what has come of it."""
        from surefoot.page.learning import KINDS, RULES, STEPS, Wanted

        parts = self._curves(request) | {"kinds": KINDS, "rules": RULES, "bounds": STEPS, "usual": Wanted()}
        return self._frame.html("curves.html", request, **parts)

    def _curves(self, request: Request) -> dict[str, Any]:
        from surefoot.page.learning import Wanted, curves

        wanted = Wanted.of(request.query_params)
        job = self._jobs.find(("curves", *wanted.arguments))
        query = urlencode({"what": wanted.what, "rule": wanted.rule, "size": wanted.size, "steps": wanted.steps})
        found = curves(wanted, list(job.told)) if job else None
        return {"wanted": wanted, "query": query, "found": found, **_state(job)}

    def begin_curves(self, request: Request, text: str) -> Response:  # noqa: ARG002
        """Begin to train."""
        from surefoot.page.learning import Wanted

        wanted = Wanted.of(dict(parse_qsl(text)))
        self._jobs.begin(("curves", *wanted.arguments), "curves", wanted.arguments)
        return JSONResponse({"begun": True})

    def curves_events(self, request: Request) -> Response:
        """The stream of learning curves: all of them, drawn anew whenever there is more."""
        from surefoot.page.learning import Wanted

        job = self._jobs.find(("curves", *Wanted.of(request.query_params).arguments))
        return self._stream(job, lambda: self._frame.text("curves_part.html", request, **self._curves(request)))

    def curves_figure(self, request: Request) -> Response:
        """The learning curves as a file; of those that stand side by side, one."""
        found = self._curves(request)["found"]
        if found is None:
            return svg_file("learning-curves", "")
        if found.drawn:
            labels = [(run.label, ink) for ink, run in enumerate(found.runs)]
            return svg_file("learning-curves", standing(found.drawn, labels, "Learning curves: penalty by step"))
        one = dict(enumerate(found.runs)).get(whole(request.query_params, "run", 0))
        title = f"Penalty by step with {one.label}" if one else ""
        return svg_file("learning-curve", standing(one.drawn, (), title) if one and one.drawn else "")

    # around a run's weights

    def arounds(self, request: Request) -> Response:
        """Which runs have weights to look around."""
        from surefoot.page.weights_map import FILE, WEIGHTS

        runs = [known for known in self._frame.library.runs() if (known.facts.path / WEIGHTS).is_file()]
        drawn = {known.id for known in runs if (known.facts.path / FILE).is_file()}
        return self._frame.html("arounds.html", request, runs=runs, drawn=drawn)

    def around(self, request: Request) -> Response:
        """The penalty around a run's weights."""
        known = self._frame.known(request)
        return self._frame.html("around.html", request, **self._around(known))

    def around_figure(self, request: Request) -> Response:
        """The map of the penalty around a run's weights as a file."""
        known = self._frame.known(request)
        found = self._around(known)["map"]
        drawn = standing(found.drawn, (), f"The penalty around the weights of {known.title}") if found else ""
        return svg_file(f"{known.id}-around", drawn)

    def _around(self, known: Known) -> dict[str, Any]:
        from surefoot.page.weights_map import WEIGHTS, source, weights_map
        from surefoot.tasks import TASKS

        path, job = known.facts.path, self._jobs.find(("around", known.id))
        done = next((line["done"] for line in reversed(list(job.told)) if "done" in line), 0) if job else 0
        there, file = (path / WEIGHTS).is_file(), source(known.meta, self._frame.library.folder)
        can = there and bool(file or (known.meta.get("name") in TASKS and not known.meta.get("source")))
        found = {"map": weights_map(path), "rows": done, "there": there, "can": can, "file": file}
        return {"known": known, **found, **_state(job)}

    def begin_around(self, request: Request, _: str) -> Response:
        """Begin to measure the penalty around a run's weights."""
        known = self._frame.known(request)
        if not self._around(known)["can"]:
            raise InvalidValue("only a run that has kept its weights, and whose task can be found, is measured.")
        self._jobs.begin(("around", known.id), "around", [str(known.facts.path.resolve())])
        return JSONResponse({"begun": True})

    def around_events(self, request: Request) -> Response:
        """The stream of a measurement: how far it is, and in the end the map."""
        known = self._frame.known(request)
        job = self._jobs.find(("around", known.id))
        return self._stream(job, lambda: self._frame.text("around_part.html", request, **self._around(known)))

    def _stream(self, job: Job | None, drawn: Callable[[], str]) -> Response:
        return StreamingResponse(_pieces(job, drawn, self._frame.closing), media_type=EVENTS)


def _state(job: Job | None) -> dict[str, Any]:
    return {"running": job is not None and job.running, "fault": job.fault if job else ""}


async def _pieces(job: Job | None, drawn: Callable[[], str], closing: Callable[[], bool]) -> AsyncIterator[str]:
    """Go through the pieces of a stream: what there is whenever that is more, and its end."""
    yield "retry: 1000\n\n"
    have = -1
    while job is not None and not closing():
        running, count = job.running, len(job.told)
        if count != have or not running:
            yield message("drawn", await run_sync(drawn), str(count))
            have = count
        if not running:
            break
        await anyio.sleep(APART)
    yield message("over", content=True)
