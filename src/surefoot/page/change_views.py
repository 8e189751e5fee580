"""What requests that change something are answered with."""

from typing import final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from surefoot.page.frame import Frame
from surefoot.records.titles import retitle


@final
class ChangeViews:
    """The changes that a page can make, each with what undoes it.

    Args:
        frame: what all views share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def retitle(self, request: Request, text: str) -> Response:
        """Give a run another title; the answer has the one before."""
        known = self._frame.known(request)
        before = retitle(known.facts.path, text)
        self._frame.library.forget(known.facts.path)
        again = self._frame.library.find(known.id)
        return JSONResponse({"before": before, "title": again.title if again else text})

    def delete(self, request: Request, _: str) -> Response:
        """Put a run into the bin."""
        known = self._frame.known(request)
        self._frame.bin.take(known.facts.path)
        self._frame.library.forget(known.facts.path)
        return JSONResponse({"deleted": known.id, "title": known.title})

    def restore(self, request: Request, _: str) -> Response:
        """Take a run out of the bin."""
        return JSONResponse({"restored": self._frame.bin.give_back(request.path_params["run"]).name})
