"""The page as an application: which request is answered by what."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from surefoot.errors import InvalidValue
from surefoot.page.change_views import ChangeViews
from surefoot.page.figure_views import FigureViews
from surefoot.page.frame import Frame
from surefoot.page.run_views import RunViews
from surefoot.page.safety import Address, Guarded
from surefoot.page.study_routes import Study
from surefoot.page.study_routes import routes as study_routes
from surefoot.page.views import Views
from surefoot.page.work_views import WorkViews

_Answer: TypeAlias = Callable[[Request], Response]


def application(runs: Path, address: Address, closing: Callable[[], bool] = lambda: False) -> ASGIApp:
    """Return the page over a folder of runs, as an ASGI application.

    Args:
        runs: the folder; it need not be there yet.
        address: where it is served.
        closing: whether streams are to end.
    """
    frame = Frame(runs, closing)
    work, study = WorkViews(frame), Study(frame)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        work.close()
        study.close()
        frame.bin.empty()

    drawn = _figures(FigureViews(frame))
    reading = [*_reading(Views(frame)), *_of_a_run(RunViews(frame))]
    studying = study_routes(study, _plain, _formed, _sent)
    routes = [*drawn, *_working(work), *reading, *_changing(ChangeViews(frame)), *studying]
    faults = {HTTPException: _told(frame), InvalidValue: _told(frame)}
    return Guarded(Starlette(routes=routes, exception_handlers=faults, lifespan=life), address)


def _reading(views: Views) -> list[Route]:
    return _looked(
        {
            "/": views.runs,
            "/latest": views.latest,
            "/events": views.list_events,
            "/compare": views.compare,
            "/compare/events": views.compare_events,
            "/schedules": views.schedules,
            "/schedules/moved": views.moved,
            "/landscapes": views.landscapes,
            "/static/{name:path}": views.asset,
        }
    )


def _figures(views: FigureViews) -> list[Route]:
    """The figures that are no curve of one run; they stand before those, whose names may be anything."""
    return _looked(
        {
            "/schedules.svg": views.schedules,
            "/schedules.csv": views.schedules_table,
            "/landscapes/{which:str}.svg": views.landscape,
            "/compare/{column:path}.svg": views.compare,
            "/compare/{column:path}.csv": views.compare_table,
            "/run/{run}/search/{which:str}.svg": views.search,
        }
    )


def _of_a_run(views: RunViews) -> list[Route]:
    return _looked(
        {
            "/run/{run}": views.run,
            "/run/{run}/story": views.story,
            "/run/{run}/data": views.data,
            "/run/{run}/part": views.part,
            "/run/{run}/layers": views.layers,
            "/run/{run}/events": views.events,
            "/run/{run}/page.html": views.page_file,
            "/run/{run}/layers.csv": views.layers_table_file,
            "/run/{run}/layers.svg": views.layers_file,
            "/run/{run}/{column:path}.csv": views.table_file,
            "/run/{run}/{column:path}.svg": views.chart_file,
        }
    )


def _changing(views: ChangeViews) -> list[Route]:
    answers = {
        "/run/{run}/title": views.retitle,
        "/run/{run}/delete": views.delete,
        "/run/{run}/restore": views.restore,
    }
    return [Route(path, _formed(answer), methods=["POST"]) for path, answer in answers.items()]


def _working(views: WorkViews) -> list[Route]:
    return [
        Route("/curves.svg", _plain(views.curves_figure)),
        Route("/run/{run}/around/map.svg", _plain(views.around_figure)),
        Route("/curves", _plain(views.curves), methods=["GET"]),
        Route("/curves", _formed(views.begin_curves), methods=["POST"]),
        Route("/curves/events", _plain(views.curves_events)),
        Route("/around", _plain(views.arounds)),
        Route("/run/{run}/around", _plain(views.around), methods=["GET"]),
        Route("/run/{run}/around", _formed(views.begin_around), methods=["POST"]),
        Route("/run/{run}/around/events", _plain(views.around_events)),
    ]


def _looked(answers: Mapping[str, _Answer]) -> list[Route]:
    """Return the routes of views that only look."""
    return [Route(path, _plain(answer)) for path, answer in answers.items()]


def _plain(answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Let a view, which reads disks, work in a thread."""

    async def answered(request: Request) -> Response:
        return await run_sync(answer, request)

    return answered


def _formed(answer: Callable[[Request, str], Response]) -> Callable[[Request], Awaitable[Response]]:
    """The same for a view that changes something: it is given the text that was sent, 2 kB of it at most."""

    def read(request: Request, body: bytes) -> Response:
        return answer(request, body.decode("utf-8", errors="replace"))

    return _sent(read, 2048, "That is more than 2 kB, which nothing here needs.")


def _sent(
    answer: Callable[[Request, bytes], Response], most: int, told: str
) -> Callable[[Request], Awaitable[Response]]:
    """The same for a view that is sent a file; what has more bytes than it may is read no further."""

    async def answered(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise HTTPException(413, told)
        return await run_sync(answer, request, bytes(body))

    return answered


def _told(frame: Frame) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def told(request: Request, error: Exception) -> Response:
        return frame.fault(request, error)

    return told
