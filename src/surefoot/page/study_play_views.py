"""What requests to play one of the four ways are answered with."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast, final
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from surefoot.errors import InvalidValue
from surefoot.page.frame import whole
from surefoot.page.study_learn import LearnPlay
from surefoot.page.study_match import MatchPlay
from surefoot.page.study_paper import PaperPlay, askable, forms_in
from surefoot.page.study_play import Play, Plays
from surefoot.page.study_room import Room
from surefoot.page.study_spaced import SpacedPlay
from surefoot.page.study_views import StudyViews, missing_package
from surefoot.study.answered import Mode
from surefoot.study.deck import Deck

if TYPE_CHECKING:
    from surefoot.study.question import Form


@final
class StudyPlayViews:
    """The views of sessions that are played.

    Args:
        room: where is studied.
        views: of decks and notes.
    """

    def __init__(self, room: Room, views: StudyViews) -> None:
        self._room, self._views, self._plays = room, views, Plays()

    def begin(self, request: Request, text: str, mode: Mode) -> Response:
        """Begin a session; the answer says where it is played."""
        if missing := missing_package():
            raise InvalidValue(missing)
        deck = self._room.deck(request.path_params["deck"])
        play = self._plays.begin(_begun(self._room, deck, mode, parse_qs(text)))
        return JSONResponse({"where": where(play)})

    def play(self, request: Request, mode: Mode) -> Response:
        """A session as it stands; loading it anew shows the same."""
        found = self._plays.find(request.path_params["play"])
        return self._views.equipped(request, lambda: self._shown(request, found, mode))

    def _shown(self, request: Request, play: Play | None, mode: Mode) -> Response:
        part = request.method == "POST"
        if play is None:
            template = "study_gone_part.html" if part else "study_gone.html"
            return self._views.told(template, request, deck=self._room.deck(request.path_params["deck"]), mode=mode)
        template = "study_play_part.html" if part else "study_play.html"
        return self._views.told(template, request, mode=play.mode, **play.shown())

    def act(self, request: Request, text: str, mode: Mode) -> Response:
        """Do something in a session; the answer is what is shown then, or where to go on.

        What was answered is on the disk before this is answered. If it cannot be kept, the session is no longer held:
        it would go on from what the memory does not know.
        """
        play, given = self._plays.find(request.path_params["play"]), parse_qs(text, keep_blank_values=True)
        found = None
        if play is not None:
            asked = {name: values[0] for name, values in given.items()}
            found = self._taken(play, asked)
        if found is not None:
            return JSONResponse({"where": where(self._plays.begin(found))})
        return self._shown(request, play, mode)

    def _taken(self, play: Play, asked: Mapping[str, str]) -> Play | None:
        try:
            return play.take(whole(asked, "turn", -1), asked.get("act", ""), asked.get("text", ""))
        except InvalidValue:
            self._plays.drop(play.id)
            raise


def where(play: Play) -> str:
    """Return the path of a session."""
    return f"/study/{quote(play.deck.id)}/{play.address}"


def _begun(room: Room, deck: Deck, mode: Mode, given: Mapping[str, list[str]]) -> Play:
    match mode:
        case "learn":
            return LearnPlay(room, deck)
        case "test":
            forms = tuple(cast("Form", form) for form in given.get("form", forms_in(deck)))
            wished = whole({name: values[0] for name, values in given.items()}, "length", 0)
            most = askable(deck, forms)  # the field says "at most"; with fewer forms there are fewer
            return PaperPlay(room, deck, min(wished, most) if wished and most else None, forms)
        case "matching":
            return MatchPlay(room, deck, timed="no_timer" not in given)
        case _:
            return SpacedPlay(room, deck)
