"""A session of studying as the page plays it: a state that the server holds, under an id that nobody guesses."""

import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import Any, ClassVar, final

from surefoot.page.study_room import Room
from surefoot.study.answered import Mode
from surefoot.study.deck import Deck
from surefoot.study.note import Note
from surefoot.study.question import Question

MOST = 200
"""Sessions that are held; the one that was longest not played makes room."""

TYPED = ("typed", "number")
"""Forms in which an answer is written."""


class Play(ABC):
    """A session that is played.

    Args:
        room: where answers are kept.
        deck: what is learnt.

    Laws: an act counts if it names the turn that is shown; each that counts begins another turn.
    """

    mode: ClassVar[Mode]

    def __init__(self, room: Room, deck: Deck) -> None:
        self.room, self.deck = room, deck
        self.id = secrets.token_urlsafe(12)
        self.turn = 0
        self.session = room.memory.begin(self.mode, deck.id)
        self._lock = threading.Lock()
        self._since = time.monotonic()

    @property
    def address(self) -> str:
        """The path under which it is played, behind the deck's."""
        return f"{self.mode}/{self.id}"

    def take(self, turn: int, act: str, text: str) -> "Play | None":
        """Do what the learner wants; what belongs to another turn, or cannot be done now, is passed over.

        Args:
            turn: that the learner saw.
            act: what is done.
            text: what was typed or chosen.

        Returns another session if that is gone on with.
        """
        with self._lock:
            if turn != self.turn or act not in self.acts:
                return None
            found = self.done(act, text)
            self.turn += 1
            return found

    @property
    @abstractmethod
    def acts(self) -> tuple[str, ...]:
        """What can be done now."""

    @abstractmethod
    def done(self, act: str, text: str) -> "Play | None":
        """Do one of `acts`; return another session if that is gone on with."""

    @property
    @abstractmethod
    def stage(self) -> str:
        """What is shown now."""

    @abstractmethod
    def parts(self) -> dict[str, Any]:
        """Return what its template needs."""

    @property
    @abstractmethod
    def note(self) -> Note | None:
        """The note that is asked about now."""

    def shown(self) -> dict[str, Any]:
        """Return all that a page needs to show it."""
        with self._lock:
            told = {"play": self, "stage": self.stage, "deck": self.deck, "turn": self.turn, "note": self.note}
            return {**told, **self.parts()}

    @staticmethod
    def now() -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def watched(self) -> float:
        """Return the seconds since the question was put."""
        return time.monotonic() - self._since

    def put(self) -> None:
        """A question is put now."""
        self._since = time.monotonic()

    def end(self) -> None:
        """The session is at its end."""
        self.room.memory.end(self.session)


def is_typed(question: Question) -> bool:
    """Return whether the answer is written."""
    return question.form in TYPED


@final
class Plays:
    """All sessions that are played."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Play] = OrderedDict()

    def begin(self, play: Play) -> Play:
        """Hold a session."""
        with self._lock:
            self._held[play.id] = play
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return play

    def find(self, name: str) -> Play | None:
        """Return a session by its id; None if it is not held, as after the server was started again."""
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
            return self._held.get(name)

    def drop(self, name: str) -> None:
        """Hold a session no longer."""
        with self._lock:
            self._held.pop(name, None)
