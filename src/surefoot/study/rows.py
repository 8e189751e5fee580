"""Rows of a file, whatever its format, become decks of one's own."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, final

from surefoot.errors import printable, refuse, short
from surefoot.study.deck import Deck, decks
from surefoot.study.note import Note
from surefoot.study.note_table import LISTS, library_note, note_from, note_table, table_faults

TEXTS = ("title", "asks", "says", "why", "picture", "use", "common", "source", "demo")
"""Of a note's fields those that a table or a heading tells, beside its id and `LISTS`; drills need JSON."""

COLUMNS = (*TEXTS, *LISTS)

LONGEST = 100
"""Characters of an id that follows from a title."""


@final
@dataclass(frozen=True)
class Row:
    """What a file tells of one note.

    Args:
        where: how a message calls it, such as "line 3".
        fields: text by the name of a note's field; of a field that is a list, a line each.
        deck: the title of its deck; "" for the file's.
        deck_id: the deck's id; "" if it follows from the title.
        media: whether it has pictures or sounds, which no note has.
    """

    where: str
    fields: Mapping[str, str]
    deck: str = ""
    deck_id: str = ""
    media: bool = False


@final
@dataclass
class _Pile:
    """A deck in the making."""

    id: str
    title: str
    notes: dict[str, Note] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)


def decks_of(rows: Iterable[Row], title: str) -> tuple[tuple[Deck, ...], tuple[str, ...]]:
    """Return the decks that rows tell, and what is to be told of how they were read.

    A note without an id gets one from its deck and its term, so that a corrected answer keeps its history. A note whose
    id is one of a note that comes along is that note.

    Args:
        rows: in their order.
        title: of the deck of rows that name none.

    Errors: InvalidValue naming every row that is none, and every id that stands twice.
    """
    piles: dict[str, _Pile] = {}
    faults: list[str] = []
    told: list[str] = []
    for row in rows:
        name = row.deck or title
        _lay(row, _pile(row.deck_id, name, piles), faults, told)
    refuse("its rows", faults if faults or piles else ["there is no note in it"])
    made = [deck for pile in piles.values() if (deck := _deck(pile, told))]
    return tuple(made), tuple(dict.fromkeys(told))


def _pile(told: str, title: str, piles: dict[str, _Pile]) -> _Pile:
    """Return the deck of an id that is told, or of a title: two titles never share an id that follows from one."""
    name = told or slug(title)
    if not told and name in piles and not same_title(piles[name].title, title):
        name = hashed_slug(title)
    return piles.setdefault(name, _Pile(name, title))


def _lay(row: Row, pile: _Pile, faults: list[str], told: list[str]) -> None:
    table = _table(row.fields)
    if missing := [name for name, key in (("question", "asks"), ("answer", "says")) if not table[key]]:
        faults.append(f"{row.where} has no {' and no '.join(missing)}")
        return
    _tell_twice(row, pile, table, told)
    table["id"] = name = row.fields.get("id", "").strip() or _id(table, pile)
    if not name:  # it stands there already, word for word
        return
    wrong = table_faults(table) + ([f"its id {name!r} stands twice"] if name in pile.notes else [])
    faults.extend(f"{row.where}: {fault}" for fault in wrong)
    if not wrong:
        pile.notes[name] = note_from(table, row.where)
    if not wrong and library_note(name) and not _same(pile.notes[name], table):
        told.append("Some notes come along with surefoot and stay as they are there, though the file has other texts.")


def _tell_twice(row: Row, pile: _Pile, table: Mapping[str, Any], told: list[str]) -> None:
    term = table["title"].casefold()
    if term in pile.terms:
        told.append(f"{printable(short(table['title'], 80))} stands twice: {pile.terms[term]} and {row.where}.")
    pile.terms.setdefault(term, row.where)
    if row.media:
        told.append("Pictures and sounds are left out.")


def _id(table: Mapping[str, Any], pile: _Pile) -> str:
    """Return the id of a note that has none; "" if the same note is there already.

    Where a term has two answers, the second's id follows from all of its text.
    """
    plain, whole = (own_id(pile.id, text) for text in (table["title"], " ".join(table[k] for k in ("title", "says"))))
    if plain not in pile.notes:
        return plain
    return "" if whole in pile.notes or _same(pile.notes[plain], table) else whole


def _table(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return a note's table of what a row tells; a term alone is its own question, and a question its own term."""
    table: dict[str, Any] = {name: " ".join(fields.get(name, "").split()) for name in TEXTS}
    for name in LISTS:
        table[name] = [line for each in fields.get(name, "").splitlines() if (line := " ".join(each.split()))]
    table["title"] = table["title"] or table["asks"]
    table["asks"] = table["asks"] or table["title"]
    return table


def _same(note: Note, table: Mapping[str, Any]) -> bool:
    there = note_table(note)
    return all(there.get(name, "") == table[name] for name in ("asks", "says"))


def _deck(pile: _Pile, told: list[str]) -> Deck | None:
    """Return the deck of a pile; None if it is one that comes along, as it is there."""
    found = next((deck for deck in decks() if deck.id == pile.id), None)
    notes = tuple(pile.notes.values())
    if found is None:
        return Deck(pile.id, pile.title, notes, own=True)
    if {note.id for note in notes} <= {note.id for note in found.notes}:
        told.append(f"The deck {found.id} comes along with surefoot; there is nothing to keep of it.")
        return None
    told.append(f"The deck {found.id} comes along with surefoot; yours is kept as own-{found.id}.")
    return Deck(f"own-{found.id}", f"{pile.title} (own)", notes, own=True)


def slug(title: str) -> str:
    """Return an id for a deck of some title; where signs of the title are left out, it ends with a hash.

    >>> slug("  Big O notation"), slug("C"), slug("C++"), slug("C#")
    ('big-o-notation', 'c', 'c-cedb1bac', 'c-951a4d36')
    """
    plain = _plain(title)
    whole = "-".join(plain.replace("-", " ").split())
    return whole or "own" if whole == _words(plain) and len(whole) <= LONGEST else hashed_slug(title)


def hashed_slug(title: str) -> str:
    """Return an id for a deck of some title that no deck of another title has.

    >>> hashed_slug("C")
    'c-2e7d2c03'
    """
    plain = _plain(title)
    return f"{_words(plain)[: LONGEST - 9] or 'own'}-{sha256(plain.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _plain(title: str) -> str:
    return " ".join(unicodedata.normalize("NFC", title.casefold()).split())


def _words(plain: str) -> str:
    return "-".join(re.findall(r"\w+", plain))


def same_title(one: str, other: str) -> bool:
    """Return whether two titles differ at most in case and spaces.

    >>> same_title("C", " c "), same_title("C", "C++")
    (True, False)
    """
    return _plain(one) == _plain(other)


def renamed(deck: Deck, name: str) -> Deck:
    """Return a deck under another id; ids of notes that follow from the deck's follow from the new one."""
    notes = []
    for note in deck.notes:
        texts = (note.title, f"{note.title} {note.says}")
        found = (own_id(name, text) for text in texts if note.id == own_id(deck.id, text))
        notes.append(replace(note, id=next(found, note.id)))
    return replace(deck, id=name, notes=tuple(notes))


def own_id(deck: str, term: str) -> str:
    """Return an id for a note of one's own: always the same for a deck and a term.

    >>> own_id("algebra", "Ring"), own_id("algebra", " ring ")
    ('algebra.60bb5e00d5', 'algebra.60bb5e00d5')
    """
    plain = " ".join(term.casefold().split())
    return f"{deck}.{sha256(f'{deck}/{plain}'.encode('utf-8', 'replace')).hexdigest()[:10]}"


def fields_of(note: Note) -> dict[str, str]:
    """Return what a row tells of a note: text by field, of a field that is a list a line each."""
    told = {"id": note.id} | {name: getattr(note, name) for name in TEXTS}
    return told | {name: "\n".join(" ".join(each.split()) for each in getattr(note, name)) for name in LISTS}
