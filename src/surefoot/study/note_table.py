"""A note as a table of plain values, as JSON keeps it, and back."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from surefoot.catalogue import entries
from surefoot.errors import InvalidValue, refuse, short
from surefoot.study.deck import Deck
from surefoot.study.library import note_of, notes
from surefoot.study.note import Note

TEXTS = ("id", "topic", "title", "asks", "says", "why", "picture", "use", "common", "source", "demo", "entry")
LISTS = ("also", "formula", "laws", "explains")

LONGEST = 200
"""Characters that an id may have."""


def note_table(note: Note) -> dict[str, Any]:
    """Return all of a note that is not empty, but for MathML, which follows from its entry.

    >>> note_table(Note("a", "own", "A", "What?", "This.", "-", also=("B",)))
    {'id': 'a', 'topic': 'own', 'title': 'A', 'asks': 'What?', 'says': 'This.', 'source': '-', 'also': ['B']}
    """
    told: dict[str, Any] = {name: getattr(note, name) for name in TEXTS}
    told |= {name: list(getattr(note, name)) for name in LISTS}
    told["drills"] = [{"kind": drill.kind, **drill.given} for drill in note.drills]
    told["facts"] = [list(fact) for fact in note.facts]
    return {name: value for name, value in told.items() if value}


def note_from(told: object, where: str = "a note") -> Note:
    """Return the note that a table tells; the library's own, whole, if it has the id.

    Errors: InvalidValue naming every fault.
    """
    refuse(where, table_faults(told))
    assert isinstance(told, Mapping)  # table_faults has looked
    gone = {"entry": ""} if told.get("entry") not in _entries() else {}  # of another version's catalogue
    return library_note(str(told["id"]).strip()) or note_of({"source": "", "topic": "own", **told, **gone})


@cache
def _entries() -> frozenset[str]:
    return frozenset(f"{entry.kind}:{entry.name}" for entry in entries())


def library_note(name: str) -> Note | None:
    """Return the note that comes along, by its id; None if there is none."""
    return next((note for note in notes() if note.id == name), None)


def table_faults(told: object) -> list[str]:
    """Return what keeps a value from being a note's table, as far as the note itself does not look."""
    if not isinstance(told, Mapping):
        return [f"a {type(told).__name__} is no note; give a table of its fields"]
    name = told.get("id")
    faults = [] if _printable(name) and len(str(name)) <= LONGEST else [f"id must be a text of 1 to {LONGEST} letters"]
    faults += [f"{field} is not printable" for field in (*TEXTS[1:], *LISTS) if not _shows(told.get(field, ""))]
    demo = told.get("demo", "")
    if not isinstance(demo, str) or (demo and not re.match(r"/(?![/\\])", demo)):
        faults.append("demo must be an address on the page, such as /schedules?text=cosine()")
    drills, facts = told.get("drills", []), told.get("facts", [])
    if not isinstance(drills, list) or not all(isinstance(each, Mapping) and _drill(each) for each in drills):
        faults.append("drills must be a list of tables, each with its kind")
    if not isinstance(facts, list) or not all(isinstance(each, list) and len(each) == 2 for each in facts):
        faults.append("facts must be a list of pairs")
    return faults


def _printable(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _shows(value: object) -> bool:
    """Return whether a screen shows all text in a value, line ends aside; what is no text is looked at later."""
    if isinstance(value, list):
        return all(isinstance(each, str) and each.isprintable() for each in value)
    return not isinstance(value, str) or " ".join(value.split()).isprintable()


def _drill(told: Mapping[str, Any]) -> bool:
    return all(isinstance(key, str) for key in told) and _printable(told.get("kind"))


def deck_table(deck: Deck) -> dict[str, Any]:
    """Return a deck as plain values."""
    return {"id": deck.id, "title": deck.title, "own": deck.own, "notes": [note_table(note) for note in deck.notes]}


def deck_from(told: object, where: str = "a deck") -> Deck:
    """Return the learner's own deck that a table tells.

    Errors: InvalidValue naming every fault.
    """
    if not isinstance(told, Mapping) or not _printable(told.get("id")) or not _printable(told.get("title")):
        refuse(where, ["it must be a table with an id and a title"])
    assert isinstance(told, Mapping)  # or it was refused
    found = told.get("notes")
    if not isinstance(found, list) or not found:
        refuse(where, ["notes must be a list with at least one"])
    assert isinstance(found, list)  # or it was refused
    made = tuple(note_from(each, f"{where}, note {place}") for place, each in enumerate(found, 1))
    refuse(where, deck_faults(Deck(told["id"], told["title"], made, own=True)))
    return Deck(told["id"], told["title"], made, own=True)


def deck_faults(deck: Deck) -> list[str]:
    """Return what keeps a deck from being kept as one's own, its name aside."""
    seen: set[str] = set()
    faults = [] if deck.notes else ["it has no notes"]
    faults += [] if len(deck.id) <= LONGEST else [f"its id has more than {LONGEST} letters"]
    for note in deck.notes:
        faults += [f"the id {note.id!r} stands twice"] if note.id in seen else []
        seen.add(note.id)
    return faults


def deck_of_text(name: str, title: str, notes: str) -> Deck:
    """Return a deck of which the notes are told as JSON.

    Errors: InvalidValue naming every fault.
    """
    try:
        told = json.loads(notes)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidValue(f"the notes of the deck {short(str(name), 80)!r} are damaged.") from error
    return deck_from({"id": name, "title": title, "notes": told}, f"deck {name!r}")


def deck_text(deck: Deck) -> str:
    """Return the notes of a deck as JSON."""
    return json.dumps([note_table(note) for note in deck.notes])
