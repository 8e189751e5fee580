"""What requests to carry decks and the log out and in are answered with; no path comes from a request."""

import tempfile
from pathlib import Path
from typing import final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from surefoot.errors import InvalidValue
from surefoot.page.figure_views import attached
from surefoot.page.study_room import Room
from surefoot.study.carrying import Format, format_of, keep, read, write
from surefoot.study.deck import Deck, decks
from surefoot.study.log import Log

KINDS: dict[Format, str] = {
    "tsv": "text/tab-separated-values; charset=utf-8", "csv": "text/csv; charset=utf-8", "json": "application/json",
    "apkg": "application/octet-stream", "md": "text/markdown; charset=utf-8",
}  # fmt: skip
"""The media type of each format."""


@final
class StudyFileViews:
    """The views of files that are carried out and in.

    Args:
        room: where is studied.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._away: dict[str, Deck] = {}

    def export(self, request: Request) -> Response:
        """Decks as a file: those that are named, all of one's own, or for JSON all with the whole log."""
        form, names = format_of(Path("decks"), request.path_params["form"]), request.query_params.getlist("deck")
        chosen = [self._room.deck(name) for name in dict.fromkeys(names)] or list(self._room.own())
        if not chosen and form == "json":
            chosen = list(decks())  # whoever has no deck of their own carries the log
        if not chosen:
            raise HTTPException(404, "There are no decks of your own yet.")
        name = f"surefoot-{chosen[0].id if len(chosen) == 1 else 'study'}.{form}"
        log = self._room.memory.log() if self._room.begun else Log()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"decks.{form}"
            write(file, chosen, log, form=form)
            return Response(file.read_bytes(), headers=attached(name), media_type=KINDS[form])

    def take(self, request: Request, content: bytes) -> Response:
        """Take decks in from a file, and from JSON the answers too; say what was taken and what was passed over."""
        given = Path(request.query_params.get("name", "").replace("\\", "/")).name[:200]
        form = format_of(Path(given or "file"))
        title = " ".join(Path(given).stem.split())
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"file.{form}"
            file.write_bytes(content)
            try:
                told = keep(read(file, form=form, title=title if title.isprintable() else ""), self._room.memory)
            except InvalidValue as error:  # by the name under which the learner knows it
                raise InvalidValue(str(error).removeprefix(f"{file.name}: ")) from error
        return JSONResponse({"told": list(told) or ["nothing new"]})

    def forget(self, request: Request, _: str) -> Response:
        """Put a deck of one's own away; the answers to its cards stay."""
        deck = self._room.deck(request.path_params["deck"])
        self._room.memory.forget(deck.id)
        self._away[deck.id] = deck
        return JSONResponse({"forgotten": deck.id, "title": deck.title})

    def restore(self, request: Request, _: str) -> Response:
        """Take a deck back that was put away while this page was served."""
        deck = self._away.pop(request.path_params["deck"], None)
        if deck is None:
            raise HTTPException(404, "There is no such deck to take back; bring its file in again.")
        self._room.memory.keep(deck)
        return JSONResponse({"restored": deck.id})
