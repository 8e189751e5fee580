"""Two logs become one: of two machines, or a memory and what was once exported from it; and so do two decks."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from surefoot.errors import refuse
from surefoot.study.answered import MODES, Answered
from surefoot.study.deck import Deck
from surefoot.study.log import Log, Logged, Session, checked, moment_faults, seconds_faults
from surefoot.study.log_rows import ANSWERS, FIELDS, add_answer, logged

_Alike: TypeAlias = list[tuple[int, bool]]
"""Answers of which the same is told: the number of each, and whether it was taken back."""


def merge(database: sqlite3.Connection, log: Log) -> int:
    """Add what is in a log and is not in a database; return how many answers that were.

    Answers are the same if all that is told of them is, the session's number aside; so are sessions of one mode and
    deck that were begun at one moment. What was taken back in either is taken back.

    Errors: InvalidValue naming every fault of the log.
    """
    refuse("the log", _faults(log))
    numbers = _sessions(database, log.sessions)
    there, new = _there(database), 0
    for each in log.answers:
        answered = replace(checked(each.answered), session=numbers[each.answered.session])
        alike = there[_key(answered)]
        new += not alike
        number, undone = alike.pop(0) if alike else (add_answer(database, answered), False)
        if each.undone is not None and not undone:
            database.execute("INSERT INTO undone VALUES (?, ?)", (number, each.undone))
    _add_times(database, log, numbers)
    return new


def _faults(log: Log) -> list[str]:
    numbers = [session.id for session in log.sessions]
    faults = ["two sessions have one number"] if len({*numbers}) < len(numbers) else []
    asked = {each.answered.session for each in log.answers} | {time.session for time in log.times}
    faults += [f"session {number} is not among its sessions" for number in sorted(asked - {*numbers})]
    for session in log.sessions:
        faults += [] if session.mode in MODES else [f"session {session.id} has the mode {session.mode!r}"]
        faults += moment_faults("begun", session.begun)
        faults += [] if session.ended is None else moment_faults("ended", session.ended)
    for each in log.answers:
        faults += [] if each.undone is None else moment_faults("undone", each.undone)
    return faults + [fault for time in log.times for fault in seconds_faults(time.seconds)]


def _sessions(database: sqlite3.Connection, sessions: tuple[Session, ...]) -> Mapping[int, int]:
    """Return the number here of each session of a log, those that are new added."""
    there = {tuple(row[1:]): row[0] for row in database.execute("SELECT id, mode, deck, begun FROM session")}
    numbers = {}
    for session in sessions:
        key = (session.mode, session.deck, float(session.begun))
        if key not in there:
            added = database.execute("INSERT INTO session (mode, deck, begun) VALUES (?, ?, ?)", key)
            there[key] = int(added.lastrowid or 0)
        numbers[session.id] = there[key]
        if session.ended is not None:
            database.execute("INSERT OR IGNORE INTO ended VALUES (?, ?)", (there[key], session.ended))
    return numbers


def _there(database: sqlite3.Connection) -> defaultdict[tuple[Any, ...], _Alike]:
    found: defaultdict[tuple[Any, ...], _Alike] = defaultdict(list)
    for row in database.execute(f"{ANSWERS} ORDER BY answer.id").fetchall():
        each: Logged = logged(row)
        found[_key(each.answered)].append((row[0], each.undone is not None))
    return found


def _key(answered: Answered) -> tuple[Any, ...]:
    return tuple(getattr(answered, name) for name in FIELDS)


def _add_times(database: sqlite3.Connection, log: Log, numbers: Mapping[int, int]) -> None:
    there = [(row[0], row[1]) for row in database.execute("SELECT session, seconds FROM time")]
    for time in log.times:
        key = (numbers[time.session], float(time.seconds))
        if key in there:
            there.remove(key)
        else:
            database.execute("INSERT INTO time (session, seconds) VALUES (?, ?)", key)


def with_those_of(before: Deck, new: Deck) -> Deck:
    """Return a new deck with those notes of the one before that are not in it; if there are none, as it is.

    >>> from surefoot.study.note import Note
    >>> one, two = (Deck("a", "A", (Note(f"a.{at}", "own", at, "?", "!", ""),), own=True) for at in "12")
    >>> [note.id for note in with_those_of(one, two).notes]
    ['a.1', 'a.2']
    """
    found = {note.id: note for note in new.notes}
    known = {note.id for note in before.notes}
    if known <= {*found}:
        return new
    kept = [found.get(note.id, note) for note in before.notes]
    return replace(new, notes=(*kept, *(note for note in new.notes if note.id not in known)))
