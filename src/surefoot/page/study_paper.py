"""Test, as the page plays it."""

import secrets
from collections.abc import Sequence
from typing import Any, ClassVar, final

from surefoot.page.study_learn import LearnPlay
from surefoot.page.study_play import Play, is_typed
from surefoot.page.study_room import Room
from surefoot.study.answered import Mode
from surefoot.study.deck import Deck
from surefoot.study.note import Note
from surefoot.study.outcome import Outcome, asker
from surefoot.study.paper import ASKABLE, Marks, Paper
from surefoot.study.question import Form


@final
class PaperPlay(Play):
    """A test.

    Args:
        room: where answers are kept.
        deck: what is asked.
        length: how many questions; None for the usual.
        forms: in which may be asked.

    Errors: InvalidValue naming every fault; nothing is begun then.
    """

    mode: ClassVar[Mode] = "test"

    def __init__(self, room: Room, deck: Deck, length: int | None, forms: Sequence[Form]) -> None:
        seed, asks = secrets.randbelow(2**31), asker()
        Paper(deck, 0, seed, asks, length, forms)
        super().__init__(room, deck)
        self._paper = Paper(deck, self.session, seed, asks, length, forms)
        self._marks: Marks | None = None
        self._mistakes: list[Outcome] = []
        self._looked: int | None = None
        self.put()

    @property
    def stage(self) -> str:
        """A question, the paper before it is handed in, its marks, or one of its mistakes."""
        if self._looked is not None:
            return "mistake"
        if self._marks is not None:
            return "marks"
        return "full" if self._paper.question is None else "question"

    @property
    def note(self) -> Note | None:
        """The note that is asked about, or of the mistake that is looked at."""
        if self._looked is not None:
            return self._mistakes[self._looked].question.card.note
        return self._paper.question.card.note if self._paper.question and self._marks is None else None

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be done now."""
        if self.stage == "mistake":
            return ("on", "right") if self._mine else ("on",)
        if self._marks is not None:
            return ("look", "again") if self._marks.mistakes else ()
        back = ("undo",) if self._paper.place else ()
        return ("hand", *back) if self.stage == "full" else ("answer", "hand", *back)

    @property
    def _mine(self) -> bool:
        """Whether a learner may say that an answer was right."""
        found = None if self._looked is None else self._mistakes[self._looked]
        if found is None or found.verdict.right or found.answered is None:
            return False
        return is_typed(found.question) and bool(found.text)

    def done(self, act: str, text: str) -> Play | None:
        """Answer, take an answer back, hand in, or look at what was wrong."""
        match act:
            case "answer":
                self.room.keep(self._paper.answer(text, self.now(), self.watched()))
            case "undo":
                self.room.keep(self._paper.back())
            case "hand":
                self._marks = self._paper.hand_in()
                self.end()
            case "again":
                return LearnPlay(self.room, self.deck, self._paper.marks().again)
            case _:
                self._look(act)
        self.put()
        return None

    def _look(self, act: str) -> None:
        """Look at the mistakes, one after the other, or count one as right."""
        if act == "look":
            self._mistakes, self._looked = list(self._paper.marks().mistakes), 0
        elif self._looked is not None and act == "right":
            self._mistakes[self._looked] = self._paper.overrule(self._mistakes[self._looked], self.now())
            self.room.keep(self._mistakes[self._looked])
            self._marks = self._paper.marks()
        elif self._looked is not None:
            self._looked = self._looked + 1 if self._looked + 1 < len(self._mistakes) else None

    def parts(self) -> dict[str, Any]:
        """Return what its template needs."""
        paper, looked = self._paper, self._looked
        outcome = None if looked is None else self._mistakes[looked]
        told = {"question": paper.question, "place": paper.place, "of": len(paper.questions), "marks": self._marks}
        return {**told, "outcome": outcome, "mine": self._mine, "looked": looked, "mistakes": self._mistakes,
                "seen": bool(self._mistakes)}  # fmt: skip


def forms_in(deck: Deck) -> tuple[Form, ...]:
    """Return the forms in which a deck's cards can be asked in a test."""
    asks = asker()
    return tuple(form for form in ASKABLE if any(form in asks.forms_of(card) for card in deck.cards))


def askable(deck: Deck, forms: Sequence[Form]) -> int:
    """Return how many of a deck's cards can be asked in some forms."""
    asks = asker()
    return sum(not set(forms).isdisjoint(asks.forms_of(card)) for card in deck.cards)
