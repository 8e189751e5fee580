"""Learn, as the page plays it."""

import secrets
from collections.abc import Sequence
from typing import Any, ClassVar, final

from surefoot.page.study_play import Play, is_typed
from surefoot.page.study_room import Room
from surefoot.study.answered import Mode
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.learning import RUNGS, Learning
from surefoot.study.note import Note
from surefoot.study.outcome import asker


@final
class LearnPlay(Play):
    """A session of Learn.

    Args:
        room: where answers are kept.
        deck: what is learnt.
        cards: only these of it, from their beginning; None for all, from where the learner left.
    """

    mode: ClassVar[Mode] = "learn"

    def __init__(self, room: Room, deck: Deck, cards: Sequence[Card] | None = None) -> None:
        super().__init__(room, deck)
        known = room.answers(deck) if cards is None else []
        self._state = Learning(deck, self.session, secrets.randbelow(2**31), asker(), known, cards)
        self._stage = "question"

    @property
    def stage(self) -> str:
        """A question, its verdict, the end of a round, or the end of all."""
        return self._stage

    @property
    def note(self) -> Note | None:
        """The note that is asked about, or was."""
        asked = self._state.question
        if self._stage == "question":
            return asked.card.note if asked else None
        return self._state.last.question.card.note if self._state.last and self._stage == "verdict" else None

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be done now."""
        return {"question": ("answer",), "verdict": ("on", "right") if self._mine else ("on",), "round": ("on",)}.get(
            self._stage, ()
        )

    @property
    def _mine(self) -> bool:
        """Whether a learner may say that an answer was right."""
        last = self._state.last
        return last is not None and not last.verdict.right and is_typed(last.question) and bool(last.text)

    def done(self, act: str, text: str) -> Play | None:
        """Answer, set the last answer right, or go on."""
        if act == "answer":
            self.room.keep(self._state.answer(text, self.now(), self.watched()))
            self._stage = "verdict"
        elif act == "right":
            self.room.keep(self._state.overrule(self.now()))
        elif self._stage == "verdict" and self._state.ended is not None:
            self._stage = "done" if self._state.done else "round"
            self.put()
        else:
            self._stage = "question"
            self.put()
        if self._stage == "done":
            self.end()
        return None

    def parts(self) -> dict[str, Any]:
        """Return what its template needs."""
        state, ended = self._state, self._state.ended
        told = {"question": state.question, "outcome": state.last, "mine": self._mine, "ended": ended}
        rungs = sorted((ended.rungs if ended else state.standing()).items(), reverse=True)
        number = state.number if ended is None or self._stage == "question" else ended.number
        place = {"number": number, "left": state.left, "learned": state.standing()[2], "of": len(state.cards)}
        return {**told, **place, "rungs": [(RUNGS[rung], count) for rung, count in rungs]}
