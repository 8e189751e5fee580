"""The log's rows in SQLite: how an answer is written, and how it is read."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from surefoot.errors import InvalidValue
from surefoot.study.answered import Answered
from surefoot.study.log import Logged, answered_from

FIELDS = ("card", "at", "mode", "form", "right", "rating", "text", "seconds", "session")

ANSWERS = (
    f"SELECT answer.id, {', '.join(f'answer.{name}' for name in FIELDS)}, undone.at"
    " FROM answer LEFT JOIN undone ON undone.answer = answer.id"
)
"""Every answer, with when it was taken back."""

SESSIONS = """
SELECT session.id, session.mode, session.deck, session.begun, ended.at,
    count(answer.id), coalesce(sum(answer.right), 0), coalesce(sum(answer.seconds), 0.0)
FROM session LEFT JOIN ended ON ended.session = session.id
    LEFT JOIN answer ON answer.session = session.id AND answer.id NOT IN (SELECT answer FROM undone)
GROUP BY session.id ORDER BY session.begun, session.id
"""
"""Every session, reckoned from its answers."""

_ADD = f"INSERT INTO answer ({', '.join(FIELDS)}) VALUES ({', '.join('?' * len(FIELDS))})"


def logged(row: Sequence[Any]) -> Logged:
    """Return the answer in a row of `ANSWERS`.

    Errors: InvalidValue if the row is none, as in a damaged file.
    """
    told = dict(zip(FIELDS, row[1:-1], strict=True))
    return Logged(answered_from({**told, "right": _truth(told["right"])}, "an answer in the file"), row[-1])


def _truth(value: object) -> object:
    return bool(value) if value in (0, 1) else value


def require_session(database: sqlite3.Connection, session: int) -> None:
    """Raise InvalidValue if a session was never begun."""
    if database.execute("SELECT 1 FROM session WHERE id = ?", (session,)).fetchone() is None:
        raise InvalidValue(f"there is no session {session}; begin one first.")


def add_answer(database: sqlite3.Connection, answered: Answered) -> int:
    """Add an answer; return its number."""
    return int(database.execute(_ADD, tuple(getattr(answered, name) for name in FIELDS)).lastrowid or 0)
