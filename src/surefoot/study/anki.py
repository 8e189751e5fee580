"""Decks as Anki's packages, `.apkg`: written by genanki, read by SQLite."""

import json
import lzma
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

from surefoot.errors import InvalidValue, MissingPackage
from surefoot.study.deck import Deck
from surefoot.study.markup import as_html, as_text, media_in
from surefoot.study.rows import COLUMNS, Row, fields_of
from surefoot.study.spacing import number_of
from surefoot.study.tables import DECK_TAG, OVER, tags_of

FIELDS = ("asks", "says", "title", *(name for name in COLUMNS if name not in ("asks", "says", "title")))
"""The fields of our note type in Anki; the first two are what any note type of two fields has."""

_BACK = "".join(
    f"{{{{#{name}}}}}<p{kind}>{{{{{name}}}}}</p>{{{{/{name}}}}}"
    for name, kind in (("formula", " class=formula"), ("why", ""), ("common", ""), ("source", " class=source"))
)
"""What is below the answer, as far as a note has it."""

MOST = 1 << 28
"""Bytes that a collection may have when it is unpacked."""

EFFORT = 20_000_000
"""Steps of SQLite's machine that reading one may take; a note takes some forty."""

NOTES = 100_000
"""Notes that a package may have."""

_CSS = ".card { font: 20px sans-serif; } .formula { font-family: monospace; } .source { font-size: 14px; }"


_STRANGE = (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What a collection raises that has something else where its note types and decks are told."""

_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, LookupError, OSError, EOFError, ValueError, RuntimeError)
"""What a damaged package raises, or one that asks for a password."""


def write(decks: Sequence[Deck], file: Path) -> None:
    """Write decks as a package that Anki imports, two cards to a note: forward and reverse.

    Errors: MissingPackage if genanki is not installed; OSError if the file cannot be written.
    """
    genanki = _genanki()
    model = _model(genanki)
    made = []
    for deck in decks:
        made.append(genanki.Deck(_number(f"deck/{deck.id}"), OVER + deck.title))
        for note in deck.notes:
            told = fields_of(note)
            fields = [as_html(told[name]) for name in FIELDS]
            made[-1].add_note(genanki.Note(model=model, fields=fields, guid=note.id, tags=tags_of(deck).split()))
    genanki.Package(made).write_to_file(str(file))


def _genanki() -> Any:
    try:
        return import_module("genanki")  # it has no types
    except ImportError as error:
        raise MissingPackage("an .apkg needs genanki; install it with: pip install 'surefoot[anki]'") from error


def _model(genanki: Any) -> Any:
    sides = [
        {"name": "forward", "qfmt": "{{asks}}", "afmt": "{{FrontSide}}<hr id=answer>{{says}}" + _BACK},
        {"name": "reverse", "qfmt": "{{says}}", "afmt": "{{FrontSide}}<hr id=answer>{{title}}" + _BACK},
    ]
    fields = [{"name": name} for name in FIELDS]
    return genanki.Model(_number("model/1"), "surefoot", fields=fields, templates=sides, css=_CSS)


def _number(name: str) -> int:
    """Return an id as Anki wants it, the same for a name always, so that importing again renews what is there."""
    return (1 << 30) + number_of(name) % (1 << 30)


def rows_of(file: Path) -> list[Row]:
    """Return the rows of a package: of ours with all fields, of any other the first two as question and answer.

    Errors: InvalidValue if it is no package, or one that only newer Anki reads.
    """
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "collection"
        unpacked.write_bytes(_collection(file))
        try:
            with closing(sqlite3.connect(f"{unpacked.as_uri()}?mode=ro&immutable=1", uri=True)) as found:
                return _rows(found)
        except InvalidValue:
            raise
        except _STRANGE as error:
            raise InvalidValue(f"{file.name} is damaged, or no package of Anki's.") from error


def _collection(file: Path) -> bytes:
    """Return the collection in a package: of the two that older Anki reads, the newer."""
    content = _unpacked(file)
    if content is None:
        raise InvalidValue(
            f"{file.name} is packed as only newer Anki reads it; "
            "export it again with 'Support older Anki versions' ticked, or as notes in plain text."
        )
    if len(content) > MOST:
        raise InvalidValue(f"{file.name} has more than {MOST >> 20} MiB when it is unpacked.")
    return content


def _unpacked(file: Path) -> bytes | None:
    """Return the collection in a package; None if it is packed in a way that Python does not know."""
    try:
        with zipfile.ZipFile(file) as package:
            names = package.namelist()
            if "collection.anki21b" in names:
                return None
            name = "collection.anki21" if "collection.anki21" in names else "collection.anki2"
            with package.open(name) as stream:
                return stream.read(MOST + 1)
    except _BROKEN as error:
        raise InvalidValue(f"{file.name} is no package of Anki's.") from error


def _rows(found: sqlite3.Connection) -> list[Row]:
    found.execute("PRAGMA trusted_schema=OFF")
    found.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST)
    found.set_progress_handler(lambda: 1, EFFORT)  # a table that is made by a query may have no end
    models, decks = (json.loads(text) for text in found.execute("SELECT models, decks FROM col").fetchone())
    names = {int(key): [str(field["name"]) for field in each["flds"]] for key, each in models.items()}
    titles = {int(key): str(each["name"]) for key, each in decks.items()}
    deck = "SELECT did FROM cards WHERE nid = notes.id LIMIT 1"
    order = f"SELECT guid, mid, tags, flds, ({deck}) FROM notes ORDER BY notes.id"
    rows = found.execute(order).fetchmany(NOTES + 1)
    if len(rows) > NOTES:
        raise InvalidValue(f"it has more than {NOTES:,} notes; export a part of them.")
    return [
        _row(place, [str(each) for each in (guid, tags, flds)], names.get(int(model), []), titles.get(deck, ""))
        for place, (guid, model, tags, flds, deck) in enumerate(rows, 1)
    ]


def _row(place: int, told: Sequence[str], names: Sequence[str], deck: str) -> Row:
    guid, tags, flds = told
    cells = [as_text(cell) for cell in flds.split("\x1f")]
    fields = dict(zip(names, cells, strict=False)) if {*FIELDS} <= {*names} else {}
    first, second, *_ = [*cells, "", ""]
    tag = next((each for each in tags.split() if each.startswith(DECK_TAG)), "")
    shown = {name: fields[name] for name in FIELDS} if fields else {"asks": first, "says": second}
    name = tag.removeprefix(DECK_TAG)
    return Row(f"note {place}", {**shown, "id": guid}, deck.removeprefix(OVER), name, media_in(flds))
