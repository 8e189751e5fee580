"""Spaced learning, as the page plays it."""

import secrets
from datetime import timedelta
from typing import Any, ClassVar, final

from surefoot.page.study_play import Play
from surefoot.page.study_room import Room
from surefoot.study.answered import RATINGS, Mode, Rating
from surefoot.study.deck import Deck
from surefoot.study.note import Note
from surefoot.study.outcome import asker
from surefoot.study.spaced import Spaced
from surefoot.study.standing import length

GRADES: dict[str, Rating] = {"1": 1, "2": 2, "3": 3, "4": 4}


@final
class SpacedPlay(Play):
    """A session of spaced learning.

    Args:
        room: where answers are kept.
        deck: what is learnt.
    """

    mode: ClassVar[Mode] = "spaced"

    def __init__(self, room: Room, deck: Deck) -> None:
        super().__init__(room, deck)
        self._state = Spaced(deck, self.session, secrets.randbelow(2**31), asker(), room.answers(deck), self.now())

    @property
    def stage(self) -> str:
        """The front of a card, its back, or the end."""
        if self._state.done:
            return "over"
        return "back" if self._state.turned else "front"

    @property
    def note(self) -> Note | None:
        """The note that is asked about."""
        return self._state.question.card.note if self._state.question else None

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be done now."""
        undo = ("undo",) if self._state.summary().answers else ()
        return {"front": ("turn", *undo), "back": ("grade", *undo)}.get(self.stage, undo)

    def done(self, act: str, text: str) -> Play | None:
        """Turn the card, grade it, or take the last grade back."""
        if act == "turn":
            self._state.turn()
        elif act == "undo":
            self.room.keep(self._state.undo())
            self.put()
        elif text in GRADES:
            self.room.keep(self._state.answer(GRADES[text], self.now(), self.watched()))
            self.put()
        if self._state.done:
            self.end()
        return None

    def parts(self) -> dict[str, Any]:
        """Return what its template needs."""
        state, now = self._state, self.now()
        soon = state.intervals(now) if self.stage == "back" else {}
        grades = [(rating, word, length(soon[rating])) for rating, word in RATINGS.items() if soon]
        found = state.summary()
        comes = None if found.next_due is None else length(timedelta(seconds=max(found.next_due - now, 0.0)))
        unmet = sum(state.spacing.of(card.id) is None for card in self.deck.cards)
        told = {"question": state.question, "left": state.left, "grades": grades}
        return {**told, "found": found, "comes": comes, "unmet": unmet}
