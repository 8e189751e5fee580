"""The learner's memory: every answer on the disk before the next question is asked, and nothing ever deleted."""

import json
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import final

from surefoot.errors import InvalidValue, printable, refuse
from surefoot.study.answered import MODES, Answered, Mode
from surefoot.study.deck import Deck, decks
from surefoot.study.log import Log, Session, Time, checked, moment_faults, number_faults, seconds_faults
from surefoot.study.log_rows import ANSWERS, SESSIONS, add_answer, logged, require_session
from surefoot.study.memory_file import opened, study_file
from surefoot.study.merging import merge
from surefoot.study.note_table import deck_faults, deck_of_text, deck_text

_OWN = "SELECT deck, title, notes FROM deck WHERE id IN (SELECT max(id) FROM deck GROUP BY deck) AND title IS NOT NULL"


@final
class Memory:
    """The log of all answers, and the learner's own decks.

    Several processes and threads may use one file; each write waits for the others.

    Args:
        file: the database, made if it is not there; None for the one in the folder that `SUREFOOT_STUDY` names, or in
            the platform's folder for a user's data.

    Errors: InvalidValue, here and from every call, if the file cannot be used, is no database, is another program's or
        a newer version's.

    Laws: an answer is on the disk when it has been told; nothing is ever deleted or changed.

    >>> with Memory(Path(getfixture("tmp_path")) / "study.sqlite") as memory:
    ...     number = memory.begin("spaced", "descent", at=1.7e9)
    ...     memory.answer(Answered("momentum/forward", 1.7e9, "spaced", "turn", True, 3, "", 2.5, number))
    ...     memory.sessions()[0].right, memory.undo().card, memory.answers()
    (1, 'momentum/forward', [])
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = study_file() if file is None else file
        self._lock = threading.RLock()
        self._database = opened(self.file)

    def __enter__(self) -> "Memory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what was told is in it already."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    @contextmanager
    def _looking(self, first: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        """See one state of the file; with "BEGIN IMMEDIATE", change it whole or not at all."""
        with self._lock:
            try:
                self._database.execute(first)
                try:
                    yield self._database
                    self._database.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):  # a full disk has rolled it back already
                        self._database.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
                raise InvalidValue(f"{printable(str(self.file))} cannot be used: {printable(str(error))}.") from error

    def begin(self, mode: Mode, deck: str, at: float | None = None) -> int:
        """Begin a session; return its number.

        Args:
            mode: one of `MODES`.
            deck: the deck's id.
            at: when, in seconds since 1970; None for now.
        """
        when = time.time() if at is None else at
        faults = [] if mode in MODES else [f"mode is {mode!r}; it is one of {', '.join(MODES)}"]
        refuse("a session", faults + moment_faults("at", when))
        with self._looking("BEGIN IMMEDIATE") as found:
            order = "INSERT INTO session (mode, deck, begun) VALUES (?, ?, ?)"
            return int(found.execute(order, (mode, deck, float(when))).lastrowid or 0)

    def end(self, session: int, at: float | None = None) -> None:
        """End a session; one that has ended stays so."""
        when = time.time() if at is None else at
        refuse("the end of a session", moment_faults("at", when) + number_faults("session", session))
        with self._looking("BEGIN IMMEDIATE") as found:
            require_session(found, session)
            found.execute("INSERT OR IGNORE INTO ended VALUES (?, ?)", (session, float(when)))

    def answer(self, answered: Answered) -> None:
        """Tell an answer; when this returns it is on the disk.

        Errors: InvalidValue naming every fault, such as a session that was never begun.
        """
        kept = checked(answered)
        with self._looking("BEGIN IMMEDIATE") as found:
            require_session(found, kept.session)
            add_answer(found, kept)

    def undo(self, session: int | None = None, card: str | None = None) -> Answered | None:
        """Take the last answer back that counts; return it, or None if there is none.

        Args:
            session: only answers of this one; None for the last of all, whoever told it.
            card: only answers to the card of this id; None for any.
        """
        where = "undone.at IS NULL" + ("" if session is None else " AND answer.session = :session")
        where += "" if card is None else " AND answer.card = :card"
        last = f"{ANSWERS} WHERE {where} ORDER BY answer.id DESC LIMIT 1"
        with self._looking("BEGIN IMMEDIATE") as found:
            row = found.execute(last, {"session": session, "card": card}).fetchone()
            if row is not None:
                found.execute("INSERT INTO undone VALUES (?, ?)", (row[0], time.time()))
        return None if row is None else logged(row).answered

    def answers(self, cards: Collection[str] | None = None) -> list[Answered]:
        """Return the answers that count, those of one moment in the order in which they were told.

        Args:
            cards: only of cards of these ids; None for all.
        """
        where = "" if cards is None else " AND card IN (SELECT value FROM json_each(:cards))"
        order = f"{ANSWERS} WHERE undone.at IS NULL{where} ORDER BY answer.at, answer.id"
        with self._looking() as found:
            rows = found.execute(order, {"cards": json.dumps([*(cards or ())])}).fetchall()
        return [logged(row).answered for row in rows]

    def sessions(self) -> list[Session]:
        """Return the sessions in which anything was answered, the oldest first."""
        with self._looking() as found:
            rows = found.execute(SESSIONS).fetchall()
        return [session for row in rows if (session := Session(*row)).answers]

    def keep_time(self, session: int, seconds: float) -> None:
        """Tell how long a game of matching took."""
        refuse("a time", number_faults("session", session) + seconds_faults(seconds))
        with self._looking("BEGIN IMMEDIATE") as found:
            require_session(found, session)
            found.execute("INSERT INTO time (session, seconds) VALUES (?, ?)", (session, float(seconds)))

    def best_times(self, deck: str, most: int = 10) -> list[float]:
        """Return the shortest times of matching in a deck, the best first."""
        order = "SELECT seconds FROM time JOIN session ON session.id = session WHERE deck = ? ORDER BY seconds LIMIT ?"
        with self._looking() as found:
            return [float(seconds) for (seconds,) in found.execute(order, (deck, most))]

    def own(self) -> tuple[Deck, ...]:
        """Return the learner's own decks, by title."""
        with self._looking() as found:
            rows = found.execute(f"{_OWN} ORDER BY title, deck").fetchall()
        return tuple(deck_of_text(*row) for row in rows)

    def keep(self, deck: Deck) -> None:
        """Keep a deck of one's own, in place of one of the same id.

        Errors: InvalidValue if its id is one of a deck that comes along, or an id of a note stands in it twice.
        """
        faults = [f"{deck.id} comes along and cannot be changed"] if deck.id in {each.id for each in decks()} else []
        refuse(f"deck {deck.id!r}", faults + deck_faults(deck))
        text = deck_text(deck)
        deck_of_text(deck.id, deck.title, text)
        self._tell(deck.id, deck.title, text)

    def forget(self, deck: str) -> None:
        """Put a deck of one's own away; the answers to its cards stay in the log.

        Errors: InvalidValue if there is none of that id.
        """
        names = [each.id for each in self.own()]
        if deck not in names:
            told = f"there are {', '.join(names)}" if names else "there are none"
            raise InvalidValue(f"there is no deck of your own called {deck!r}; {told}.")
        self._tell(deck, None, None)

    def _tell(self, deck: str, title: str | None, notes: str | None) -> None:
        with self._looking("BEGIN IMMEDIATE") as found:
            order = "INSERT INTO deck (deck, at, title, notes) VALUES (?, ?, ?, ?)"
            found.execute(order, (deck, time.time(), title, notes))

    def log(self) -> Log:
        """Return all that was told, with what was taken back."""
        with self._looking() as found:
            sessions = found.execute("SELECT id, mode, deck, begun, at FROM session LEFT JOIN ended ON session = id")
            times = found.execute("SELECT session, seconds FROM time ORDER BY id")
            answers = found.execute(f"{ANSWERS} ORDER BY answer.id")
            return Log(
                tuple(Session(*row) for row in sessions.fetchall()),
                tuple(logged(row) for row in answers.fetchall()),
                tuple(Time(*row) for row in times.fetchall()),
            )

    def take(self, log: Log) -> int:
        """Add what is in a log and is not here yet; return how many answers that were.

        Laws: taking one's own log changes nothing; it does not matter which of two logs is taken first.
        """
        with self._looking("BEGIN IMMEDIATE") as found:
            return merge(found, log)
