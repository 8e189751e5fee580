"""The file in which a learner's memory is kept: where it is, how it is laid out, and what is no such file."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from surefoot.errors import InvalidValue, printable
from surefoot.records.place import NETWORK, kind_of_disk

VARIABLE = "SUREFOOT_STUDY"
"""The environment variable that names the folder of the learner's memory."""

NAME = "study.sqlite"

VERSION = 1
"""Of the layout below, kept as SQLite's `user_version`."""

OURS = 0x53465354
"""SQLite's `application_id` by which the file is known: "SFST"."""

WAIT = 10.0
"""Seconds for which one process waits for another's write; a write takes milliseconds."""

TABLES = """
CREATE TABLE session (id INTEGER PRIMARY KEY, mode TEXT NOT NULL, deck TEXT NOT NULL, begun REAL NOT NULL);
CREATE TABLE ended (session INTEGER PRIMARY KEY REFERENCES session, at REAL NOT NULL);
CREATE TABLE answer (id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES session, card TEXT NOT NULL,
    at REAL NOT NULL, mode TEXT NOT NULL, form TEXT NOT NULL, right INTEGER NOT NULL, rating INTEGER,
    text TEXT NOT NULL, seconds REAL NOT NULL);
CREATE TABLE undone (answer INTEGER PRIMARY KEY REFERENCES answer, at REAL NOT NULL);
CREATE TABLE time (id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES session, seconds REAL NOT NULL);
CREATE TABLE deck (id INTEGER PRIMARY KEY, deck TEXT NOT NULL, at REAL NOT NULL, title TEXT, notes TEXT);
CREATE INDEX answer_by_session ON answer (session);
"""
"""Rows are only ever added. An answer that is taken back gets a row in `undone`; of a deck the last row counts, and one
without a title says that it was forgotten. Moments are in seconds since 1970."""

KEPT = ("session", "ended", "answer", "undone", "time", "deck")

_ORDERS = (
    *TABLES.split(";\n")[:-1],
    *(
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'the log is only ever appended to'); END"
        for table in KEPT
        for verb in ("update", "delete")
    ),
    f"PRAGMA application_id={OURS}",
    f"PRAGMA user_version={VERSION}",
)


def study_file() -> Path:
    """Return where the memory is: in the folder that `SUREFOOT_STUDY` names, or the platform's for a user's data.

    >>> study_file().name
    'study.sqlite'
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser() / NAME
    from platformdirs import user_data_path

    return user_data_path("surefoot", appauthor=False) / NAME


def opened(file: Path) -> sqlite3.Connection:
    """Return the database in a file, made if it is not there.

    Errors: InvalidValue if it cannot be opened, is no database, is another program's, or a newer version's.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(file, timeout=WAIT, isolation_level=None, check_same_thread=False)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise InvalidValue(_unusable(file, error)) from error
    try:
        _prepare(database, file)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        database.close()
        raise InvalidValue(_unusable(file, error)) from error
    except BaseException:
        database.close()
        raise
    return database


def _unusable(file: Path, error: Exception) -> str:
    name = printable(str(file))
    if "not a database" in str(error):
        return (
            f"{name} is no memory of studying: it is no database; move it away, or name another folder in {VARIABLE}."
        )
    if isinstance(error, UnicodeDecodeError) or "malformed" in str(error):
        return f"{name} is damaged; put a copy of it in its place, or name another folder in {VARIABLE}."
    why = printable(getattr(error, "strerror", None) or str(error))
    return f"the memory of studying in {name} cannot be opened: {why}; name a folder you may write to in {VARIABLE}."


def _prepare(database: sqlite3.Connection, file: Path) -> None:
    database.execute("PRAGMA synchronous=FULL")  # an answer is on the disk when it has been told
    database.execute("PRAGMA foreign_keys=ON")
    database.execute("PRAGMA trusted_schema=OFF")
    if not _made(database, file):
        _choose_journal(database, file)
        database.execute("BEGIN IMMEDIATE")
        if not _made(database, file):  # another process may have been quicker
            for order in _ORDERS:
                database.execute(order)
        database.execute("COMMIT")


def _choose_journal(database: sqlite3.Connection, file: Path) -> None:
    """Turn the write-ahead log on, but for disks that other machines write too: it shares memory within one machine.

    SQLite does not wait for another process that does the same just then, so this does.
    """
    if NETWORK.match(kind_of_disk(file.parent)):
        return
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        with suppress(sqlite3.OperationalError):
            database.execute("PRAGMA journal_mode=WAL")
            return
        time.sleep(0.01)


def _made(database: sqlite3.Connection, file: Path) -> bool:
    """Return whether a database is a memory; False if it is empty.

    Errors: InvalidValue if it is something else.
    """
    (ours,), (version,), (tables,) = (
        database.execute(order).fetchone()
        for order in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    name = printable(str(file))
    if ours not in (0, OURS) or (ours == 0 and (tables or version)):
        raise InvalidValue(f"{name} is another program's database; move it away, or name another folder in {VARIABLE}.")
    if version > VERSION:
        raise InvalidValue(
            f"{name} was written by a newer surefoot: its version is {version} and this one reads {VERSION}; "
            f"update surefoot, or name another folder in {VARIABLE}."
        )
    return bool(ours == OURS)
