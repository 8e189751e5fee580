"""Everything as JSON: decks with all of their notes, and the whole log of answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from surefoot.errors import InvalidValue, refuse
from surefoot.study.answered import MODES
from surefoot.study.deck import Deck
from surefoot.study.log import Log, Logged, Session, Time, answered_from, moment_faults, number_faults, seconds_faults
from surefoot.study.note_table import deck_from, deck_table

VERSION = 1
"""Of the file's layout."""


def as_json(decks: Sequence[Deck], log: Log) -> str:
    """Return decks and a log as JSON."""
    told = {
        "surefoot": "study",
        "version": VERSION,
        "decks": [deck_table(deck) for deck in decks],
        "sessions": [_session_table(session) for session in log.sessions],
        "answers": [{**asdict(each.answered), "undone": each.undone} for each in log.answers],
        "times": [asdict(time) for time in log.times],
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _session_table(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in ("id", "mode", "deck", "begun", "ended")}


def read(text: str) -> tuple[tuple[Deck, ...], Log]:
    """Return the learner's own decks and the log that a file tells; decks that come along are passed over.

    Errors: InvalidValue naming every fault.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue("the file is not JSON; give one that `surefoot study export` wrote.") from error
    if not isinstance(told, dict) or told.get("surefoot") != "study":
        raise InvalidValue("the file is not one of studying; give one that `surefoot study export` wrote.")
    if told.get("version") != VERSION:
        given = str(told.get("version"))[:40]
        raise InvalidValue(f"the file's version is {given!r} and this surefoot reads {VERSION}; update surefoot.")
    found = {name: _tables(told, name) for name in ("decks", "sessions", "answers", "times")}
    decks = tuple(deck_from(each, f"deck {at}") for at, each in enumerate(found["decks"], 1) if each.get("own") is True)
    return decks, _log(found)


def _tables(told: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    tables = told.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise InvalidValue(f"{name} must be a list of tables; give a file that `surefoot study export` wrote.")
    return tables


def _log(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Log:
    faults = [f"session {at}: {fault}" for at, each in enumerate(found["sessions"], 1) for fault in _faults(each)]
    for at, each in enumerate(found["times"], 1):
        wrong = number_faults("session", each.get("session")) + seconds_faults(each.get("seconds"))
        faults += [f"time {at}: {fault}" for fault in wrong]
    refuse("the file", faults)
    return Log(
        tuple(Session(each["id"], each["mode"], each["deck"], float(each["begun"]), each.get("ended"))
              for each in found["sessions"]),
        tuple(_logged(at, each) for at, each in enumerate(found["answers"], 1)),
        tuple(Time(each["session"], float(each["seconds"])) for each in found["times"]),
    )  # fmt: skip


def _faults(session: Mapping[str, Any]) -> list[str]:
    mode, deck, ended = session.get("mode"), session.get("deck"), session.get("ended")
    faults = [] if isinstance(mode, str) and mode in MODES else [f"mode is one of {', '.join(MODES)}"]
    faults += [] if isinstance(deck, str) and deck.isprintable() else ["deck must be a text"]
    faults += number_faults("id", session.get("id")) + moment_faults("begun", session.get("begun"))
    return faults + ([] if ended is None else moment_faults("ended", ended))


def _logged(at: int, told: Mapping[str, Any]) -> Logged:
    where, undone = f"answer {at}", told.get("undone")
    refuse(where, [] if undone is None else moment_faults("undone", undone))
    return Logged(answered_from(told, where), undone)
