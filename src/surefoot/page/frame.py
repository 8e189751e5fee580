"""What all views share: the templates, the runs, and how a fault is said."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from surefoot import __version__
from surefoot.page import layer_map, words
from surefoot.page.bin import Bin
from surefoot.page.library import Known, Library

N = TypeVar("N", int, float)

SECTIONS = (
    ("/", "Runs"), ("/compare", "Compare"), ("/schedules", "Schedules"), ("/landscapes", "Landscapes"),
    ("/curves", "Learning curves"), ("/study", "Study"),
)  # fmt: skip
"""The navigation: a path and its name. Other parts of the page add theirs here."""


@final
class Frame:
    """The frame of all views over a folder of runs.

    Args:
        runs: the folder.
        closing: whether streams are to end.
    """

    def __init__(self, runs: Path, closing: Callable[[], bool]) -> None:
        self.library, self.bin, self.closing = Library(runs), Bin(runs), closing

    @cached_property
    def _templates(self) -> Environment:
        found = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        found.globals.update(words=words, sections=SECTIONS, version=__version__, maps=layer_map.MAPS)
        return found

    def html(self, template: str, request: Request, **parts: Any) -> HTMLResponse:
        """Return a template as an answer."""
        return HTMLResponse(self.text(template, request, **parts))

    def text(self, template: str, request: Request, **parts: Any) -> str:
        """Return a template as text."""
        known: Mapping[str, Any] = {"path": request.url.path, "may_change": request.state.may_change, "alone": False}
        return self._templates.get_template(template).render({**known, **parts})

    def known(self, request: Request) -> Known:
        """Return the run that a request names.

        Errors: HTTPException 404 if the list has none of that name.
        """
        known = self.library.find(request.path_params["run"])
        if known is None:
            raise HTTPException(404, "There is no such run. It may have been deleted, or be in another folder.")
        return known

    def fault(self, request: Request, error: Exception) -> Response:
        """Say what is wrong, as a page."""
        status = error.status_code if isinstance(error, HTTPException) else 400
        text = error.detail if isinstance(error, HTTPException) else str(error)
        if request.method == "POST":
            return JSONResponse({"fault": text}, status)
        parts = {"status": status, "text": text}
        return HTMLResponse(self.text("fault.html", request, **parts), status)


def whole(asked: Mapping[str, str], name: str, usual: int) -> int:
    """Return a whole number that a request gives.

    Errors: HTTPException 400 if it is none.
    """
    return _read(asked, name, usual, int, "a whole number")


def real(asked: Mapping[str, str], name: str, usual: float) -> float:
    """Return a number that a request gives.

    Errors: HTTPException 400 if it is none.
    """
    return _read(asked, name, usual, float, "a number")


def _read(asked: Mapping[str, str], name: str, usual: N, kind: Callable[[str], N], wanted: str) -> N:
    given = asked.get(name, "")
    try:
        return kind(given) if given else usual
    except ValueError as error:
        raise HTTPException(400, f"{name} is {given[:40]!r}; it is {wanted}") from error
