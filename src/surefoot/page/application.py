"""The page as an application: which request is answered by what."""

from collections.abc import AsyncIterator, Awaitable, Callable
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
    return [
        Route("/", _plain(views.runs)),
        Route("/latest", _plain(views.latest)),
        Route("/events", _plain(views.list_events)),
        Route("/compare", _plain(views.compare)),
        Route("/compare/events", _plain(views.compare_events)),
        Route("/schedules", _plain(views.schedules)),
        Route("/schedules/moved", _plain(views.moved)),
        Route("/landscapes", _plain(views.landscapes)),
        Route("/static/{name:path}", _plain(views.asset)),
    ]


def _figures(views: FigureViews) -> list[Route]:
    """The figures that are no curve of one run; they stand before those, whose names may be anything."""
    return [
        Route("/schedules.svg", _plain(views.schedules)),
        Route("/schedules.csv", _plain(views.schedules_table)),
        Route("/landscapes/{which:str}.svg", _plain(views.landscape)),
        Route("/compare/{column:path}.svg", _plain(views.compare)),
        Route("/compare/{column:path}.csv", _plain(views.compare_table)),
        Route("/run/{run}/search/{which:str}.svg", _plain(views.search)),
    ]


def _of_a_run(views: RunViews) -> list[Route]:
    return [
        Route("/run/{run}", _plain(views.run)),
        Route("/run/{run}/story", _plain(views.story)),
        Route("/run/{run}/data", _plain(views.data)),
        Route("/run/{run}/part", _plain(views.part)),
        Route("/run/{run}/layers", _plain(views.layers)),
        Route("/run/{run}/events", _plain(views.events)),
        Route("/run/{run}/page.html", _plain(views.page_file)),
        Route("/run/{run}/layers.csv", _plain(views.layers_table_file)),
        Route("/run/{run}/layers.svg", _plain(views.layers_file)),
        Route("/run/{run}/{column:path}.csv", _plain(views.table_file)),
        Route("/run/{run}/{column:path}.svg", _plain(views.chart_file)),
    ]


def _changing(views: ChangeViews) -> list[Route]:
    return [
        Route("/run/{run}/title", _formed(views.retitle), methods=["POST"]),
        Route("/run/{run}/delete", _formed(views.delete), methods=["POST"]),
        Route("/run/{run}/restore", _formed(views.restore), methods=["POST"]),
    ]


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
