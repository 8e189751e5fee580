"""What all views of studying share: the memory, the decks, and how everything stands."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import final

from starlette.exceptions import HTTPException

from surefoot.study.answered import Answered
from surefoot.study.card import Card
from surefoot.study.deck import Deck, decks
from surefoot.study.library import notes
from surefoot.study.log import Session
from surefoot.study.mastery import Progress
from surefoot.study.memory import Memory
from surefoot.study.memory_file import study_file
from surefoot.study.note import Note
from surefoot.study.outcome import Outcome
from surefoot.study.standing import Standing


@final
class Room:
    """The room in which is studied. Its memory is made by the first answer; looking around makes no file."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._memory: Memory | None = None
        self._seen: tuple[object, Progress] | None = None

    @property
    def memory(self) -> Memory:
        """The memory, opened, and made if it is not there.

        Errors: InvalidValue if it cannot be used.
        """
        with self._lock:
            if self._memory is None or self._memory.file != study_file():
                self.close()
                self._memory = Memory()
            return self._memory

    def close(self) -> None:
        """Let go of the memory."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
            self._memory = self._seen = None

    @property
    def begun(self) -> bool:
        """Whether there is a memory to look into."""
        return study_file().exists()

    def keep(self, outcome: Outcome | None) -> None:
        """Put what came of an answer into the memory; when this returns it is on the disk."""
        if outcome is not None and outcome.taken_back is not None:
            self.memory.undo(outcome.taken_back.session, outcome.taken_back.card)
        if outcome is not None and outcome.answered is not None:
            self.memory.answer(outcome.answered)

    def answers(self, deck: Deck) -> list[Answered]:
        """Return the answers to a deck's cards."""
        return self.memory.answers({card.id for card in deck.cards}) if self.begun else []

    def sessions(self) -> list[Session]:
        """Return the sessions in which anything was answered, the oldest first."""
        return self.memory.sessions() if self.begun else []

    def best_times(self, deck: str, most: int) -> list[float]:
        """Return the shortest times of matching in a deck."""
        return self.memory.best_times(deck, most) if self.begun else []

    def own(self) -> tuple[Deck, ...]:
        """Return the learner's own decks."""
        return self.memory.own() if self.begun else ()

    def every_deck(self) -> tuple[Deck, ...]:
        """Return the decks that come along and hold notes, then the learner's own."""
        return tuple(deck for deck in (*decks(), *self.own()) if deck.notes)

    def deck(self, name: str) -> Deck:
        """Return a deck by its id: the learner's own, or one that comes along.

        Errors: HTTPException 404 if there is none of that id.
        """
        found = next((deck for deck in (*self.own(), *decks()) if deck.id == name), None)
        if found is None or not found.notes:
            raise HTTPException(404, "There is no such deck. It may have been put away.")
        return found

    def note(self, name: str) -> Note:
        """Return a note by its id.

        Errors: HTTPException 404 if there is none of that id.
        """
        own = [note for deck in self.own() for note in deck.notes]
        found = next((note for note in (*notes(), *own) if note.id == name), None)
        if found is None:
            raise HTTPException(404, "There is no such note.")
        return found

    def standing(self, cards: Sequence[Card]) -> Standing:
        """Return how cards stand now."""
        now, progress = time.time(), self._progress()
        found = [progress.spacing.of(card.id) for card in cards]
        return Standing(progress.of(cards, now), sum(each is not None and each.due <= now for each in found))

    def _progress(self) -> Progress:
        """Return what all answers say; they are read again once the memory's files have changed."""
        with self._lock:
            key = _state() if self.begun else ()
            if self._seen is None or self._seen[0] != key:
                self._seen = key, Progress(self.memory.answers() if self.begun else [])
            return self._seen[1]


def _state() -> tuple[tuple[str, int, int], ...]:
    """Return what of the memory's files differs once anything is told: their sizes and times."""
    told, file = [], study_file()
    for name in (file, file.with_name(f"{file.name}-wal")):
        with suppress(FileNotFoundError):
            found = os.stat(name)
            told.append((name.name, found.st_size, found.st_mtime_ns))
    return tuple(told)
