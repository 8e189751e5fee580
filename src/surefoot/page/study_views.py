"""What requests to look at decks and notes are answered with; looking changes nothing."""

from collections.abc import Callable
from typing import Any, final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from surefoot.errors import MissingPackage
from surefoot.page.frame import Frame
from surefoot.page.study_demonstration import demonstration
from surefoot.page.study_links import note_about
from surefoot.page.study_paper import forms_in
from surefoot.page.study_room import Room
from surefoot.page.study_shown import HELP, curve, marked
from surefoot.study.answered import MODES, NAMES, Mode
from surefoot.study.card import KINDS, cards_of
from surefoot.study.carrying import FORMATS
from surefoot.study.deck import Deck
from surefoot.study.library import notes
from surefoot.study.mastery import EXPLAINED
from surefoot.study.note import TOPICS, Note
from surefoot.study.paper import LENGTH
from surefoot.study.question import FORMS
from surefoot.study.spacing import Spacing
from surefoot.study.standing import NONE, sittings

SITTINGS = 10
"""Sessions of the history that are shown."""


@final
class StudyViews:
    """The views of decks and notes.

    Args:
        frame: what all views share.
        room: where is studied.
    """

    def __init__(self, frame: Frame, room: Room) -> None:
        self._frame, self._room = frame, room

    def told(self, template: str, request: Request, **parts: Any) -> Response:
        """Return a template of studying as an answer."""
        shared = {"marked": marked, "curve": curve, "names": NAMES, "modes": MODES, "explained": EXPLAINED}
        return self._frame.html(template, request, **shared, nothing=NONE, keys=HELP, topics=TOPICS, **parts)

    def every(self, request: Request) -> Response:
        """All decks, and the history."""
        return self.equipped(request, lambda: self._every(request))

    def equipped(self, request: Request, answer: Callable[[], Response]) -> Response:
        """Return an answer, or one sentence on what is missing for it."""
        missing = missing_package()
        return self.told("study_missing.html", request, missing=missing) if missing else answer()

    def _every(self, request: Request) -> Response:
        room = self._room
        rows = [(deck, room.standing(deck.cards)) for deck in room.every_deck()]
        sessions = room.sessions()
        titles = {deck.id: deck.title for deck, _ in rows}
        history = {"sittings": sittings(sessions, SITTINGS), "before": max(len(sessions) - SITTINGS, 0)}
        return self.told("study.html", request, rows=rows, titles=titles, formats=formats(), **history)

    def deck(self, request: Request) -> Response:
        """One deck: its notes, and the ways to learn it."""
        return self.equipped(request, lambda: self._deck(request, self._room.deck(request.path_params["deck"])))

    def _deck(self, request: Request, deck: Deck) -> Response:
        room, search = self._room, request.query_params.get("search", "").strip()[:200]
        found = [note for note in deck.notes if _is_like(note, search)]
        rows = [(note, len(cards_of(note)), room.standing(cards_of(note))) for note in found]
        parts = {"deck": deck, "rows": rows, "search": search}
        if "hx-request" in request.headers:
            return self.told("study_notes.html", request, **parts, part=True)
        sessions = [each for each in room.sessions() if each.deck == deck.id]
        history = {"sittings": sittings(sessions, SITTINGS), "before": max(len(sessions) - SITTINGS, 0), "titles": {}}
        best = room.best_times(deck.id, 1)
        whole = room.standing(deck.cards)
        return self.told(
            "study_deck.html", request, **parts, part=False, standing=whole, best=best, formats=formats(), **history
        )

    def about(self, request: Request) -> Response:
        """The way to the note on something that a run's page names."""
        note = note_about(request.path_params["subject"])
        if not note:
            raise HTTPException(404, "There is no note on that.")
        return RedirectResponse(f"/study/note/{quote(note)}", status_code=303)

    def note(self, request: Request) -> Response:
        """A note, whole; or only its demonstration, for a window over a question."""
        note = self._room.note(request.path_params["note"])
        parts = {"note": note, "demonstration": demonstration(note)}
        if request.query_params.get("part") == "demonstration":
            return self.told("study_demonstration.html", request, **parts)
        missing = missing_package()
        cards = [] if missing else [(card, KINDS[card.kind], self._room.standing([card])) for card in cards_of(note)]
        standing = None if missing else self._room.standing(cards_of(note))
        holds = [deck for deck in self._room.every_deck() if any(each.id == note.id for each in deck.notes)]
        told = {"missing": missing, "cards": cards, "standing": standing, "holds": holds}
        return self.told("study_note.html", request, **parts, **told, checks=_checks(note))

    def way(self, request: Request, mode: Mode) -> Response:
        """The beginning of a way: what it is, what can be chosen, and the button that begins it."""
        deck = self._room.deck(request.path_params["deck"])
        parts = {"deck": deck, "mode": mode, "best": self._room.best_times(deck.id, 5)}
        told = {"forms": [(form, FORMS[form]) for form in forms_in(deck)], "length": min(LENGTH, len(deck.cards))}
        return self.equipped(request, lambda: self.told("study_way.html", request, **parts, **told))


def missing_package() -> str:
    """Return what is to be said of a package that studying needs and that is not installed; "" if it is."""
    try:
        Spacing()
    except MissingPackage as error:
        return str(error)
    return ""


def formats() -> dict[str, str]:
    """Return the formats that can be downloaded, with what each is; Anki's package if it can be written."""
    from importlib.util import find_spec

    return {name: says for name, says in FORMATS.items() if name != "apkg" or find_spec("genanki")}


def _is_like(note: Note, search: str) -> bool:
    text = " ".join((note.id, *note.also, *note.texts.values())).casefold()
    return all(word in text for word in search.casefold().split())


def _checks(note: Note) -> list[tuple[str, str, str]]:
    """Return the checks whose findings a note explains: code, title, and the check's own note if that is another."""
    from surefoot.diagnose import CHECKS

    own = {each.entry: each.id for each in notes()}
    known = [(code, own.get(f"check:{code}", "")) for code in note.explains if code in CHECKS]
    return [(code, CHECKS[code].title, name if name != note.id else "") for code, name in known]
