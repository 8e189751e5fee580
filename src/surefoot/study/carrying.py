"""Carrying decks and the log out to files and in again: TSV, CSV, JSON, Anki's packages, Markdown."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Literal, TypeAlias, final

from surefoot.errors import InvalidValue, printable
from surefoot.study import anki, headings, tables, whole_log
from surefoot.study.deck import Deck
from surefoot.study.log import Log
from surefoot.study.memory import Memory
from surefoot.study.merging import with_those_of
from surefoot.study.rows import Row, decks_of, hashed_slug, renamed, same_title

Format: TypeAlias = Literal["tsv", "csv", "json", "apkg", "md"]
FORMATS: dict[Format, str] = {
    "tsv": "a table as Anki imports it, ids kept",
    "csv": "a table for spreadsheets, plain text",
    "json": "all of the decks and the whole log of answers",
    "apkg": "Anki's package (needs genanki: pip install 'surefoot[anki]')",
    "md": "Markdown, a heading for each term",
}
"""Every format, by how its files end, with what it is."""

ENDINGS: dict[str, Format] = {"txt": "tsv", "markdown": "md"}
"""Other endings that files of a format have; Anki's own tables end with .txt."""

MOST = 1 << 26
"""Bytes that a file may have which is carried in."""


@final
@dataclass(frozen=True)
class Carried:
    """What a file holds.

    Args:
        decks: the learner's own.
        log: answers and sessions; only JSON has any.
        told: sentences on how the file was read, such as that a term stands twice.
        derived: the ids that stand in no file and follow from the decks' titles.
    """

    decks: tuple[Deck, ...]
    log: Log
    told: tuple[str, ...] = ()
    derived: frozenset[str] = field(default=frozenset(), compare=False)


def format_of(file: Path, given: str | None = None) -> Format:
    """Return the format of a file, as given or by its ending.

    Errors: InvalidValue if it is none.

    >>> format_of(Path("deck.txt")), format_of(Path("deck"), "csv")
    ('tsv', 'csv')
    """
    name = (given or file.suffix[1:]).lower()
    name = ENDINGS.get(name, name)
    if name not in FORMATS:
        told = f"the format {name!r}" if name else "no ending"
        raise InvalidValue(f"{printable(file.name)} has {told}; a format is one of {', '.join(FORMATS)}.")
    return name


def write(file: Path, decks: Sequence[Deck], log: Log | None = None, *, form: str | None = None,
          notetype: str = "Basic", force: bool = False) -> None:  # fmt: skip
    """Write decks to a file, whole or not at all.

    Args:
        file: its ending says the format.
        decks: one or more.
        log: for JSON, all that was answered.
        form: the format, if the ending does not say it.
        notetype: for TSV, what Anki calls its note type with two fields.
        force: whether a file that is there is replaced.

    Errors: InvalidValue if there is nothing to write, the format is unknown, the file is there and shall stay, or it
        cannot be written; MissingPackage if it needs one.
    """
    chosen = format_of(file, form)
    if not decks:
        raise InvalidValue(f"{printable(file.name)}: there is no deck to write.")
    _make_way(file, force)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if chosen == "apkg":
            anki.write(decks, part)
        else:
            part.write_text(_text(chosen, decks, log or Log(), notetype), encoding="utf-8", newline="")
        os.replace(part, file)
    except (OSError, ValueError) as error:
        raise InvalidValue(f"{printable(str(file))} cannot be written: {printable(str(error))}.") from error
    finally:
        part.unlink(missing_ok=True)


def _make_way(file: Path, force: bool) -> None:
    """Refuse to write where something is that shall stay."""
    if not os.path.lexists(file):
        return
    if not force:
        raise InvalidValue(f"{printable(str(file))} is there already; give another name, or --force to replace it.")
    if file.exists() and not file.is_file():
        raise InvalidValue(f"{printable(str(file))} cannot be written: it is no ordinary file.")


def _text(chosen: Format, decks: Sequence[Deck], log: Log, notetype: str) -> str:
    match chosen:
        case "tsv":
            return tables.tsv(decks, notetype)
        case "csv":
            return tables.csv_text(decks)
        case "md":
            return headings.markdown(decks)
        case _:
            return whole_log.as_json(decks, log)


def read(file: Path, *, form: str | None = None, title: str | None = None) -> Carried:
    """Return what a file holds; nothing is kept of it yet.

    Args:
        file: its ending says the format.
        form: the format, if the ending does not say it.
        title: of the deck, if the file names none; None for the file's name.

    Errors: InvalidValue naming every fault.
    """
    chosen = format_of(file, form)
    name = " ".join((title or file.stem).split())
    try:
        if chosen == "json":
            return Carried(*whole_log.read(_content(file)))
        rows, passed = _rows(file, chosen)
        decks, told = decks_of(rows, name if name.isprintable() and name else "own")
    except InvalidValue as error:
        raise InvalidValue(f"{printable(file.name)}: {error}") from error
    derived = frozenset(deck.id for deck in decks) - {row.deck_id for row in rows}
    return Carried(decks, Log(), (*passed, *told), derived)


def _rows(file: Path, chosen: Format) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of a file, and what is to be told of lines that are passed over."""
    if chosen == "apkg":
        _size(file)
        return anki.rows_of(file), ()
    text = _content(file)
    return (headings.rows_of(text), ()) if chosen == "md" else (tables.rows_of(text), tables.passed_over(text))


def _content(file: Path) -> str:
    _size(file)
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST + 1)  # it may have grown since
        text = content.decode("utf-8-sig") if len(content) <= MOST else ""
    except UnicodeDecodeError as error:
        raise InvalidValue("it is not UTF-8; save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        raise InvalidValue(f"it cannot be read: {printable(str(error))}.") from error
    _bounded(len(content))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _size(file: Path) -> None:
    try:
        found = file.stat()
    except (OSError, ValueError) as error:
        raise InvalidValue(f"it cannot be read: {printable(str(getattr(error, 'strerror', '') or error))}.") from error
    if not S_ISREG(found.st_mode):  # a pipe has no size, and reading it may never end
        raise InvalidValue("it cannot be read: it is no ordinary file.")
    _bounded(found.st_size)


def _bounded(size: int) -> None:
    if size > MOST:
        raise InvalidValue(f"it has more than {MOST >> 20} MiB; at most that is read.")


def keep(carried: Carried, memory: Memory) -> tuple[str, ...]:
    """Put what a file held into a memory; return what is to be told of it.

    Of a deck that is there already, notes with the id of one in the file are replaced, and all others stay;
    `Memory.forget` puts a deck away. Answers that are there already are not added again.

    Errors: InvalidValue if a deck cannot be kept.
    """
    there = {deck.id: deck for deck in memory.own()}
    told = list(carried.told)
    if carried.log.sessions:
        told.append(f"{memory.take(carried.log)} of {len(carried.log.answers)} answers are new.")
    for deck in carried.decks:
        found = _apart(deck, there) if deck.id in carried.derived else deck
        before = there.get(found.id)
        there[found.id] = whole = found if before is None else with_those_of(before, found)
        memory.keep(whole)
        told.append(_kept(found, before, whole))
    return tuple(told)


def _apart(deck: Deck, there: Mapping[str, Deck]) -> Deck:
    """Return a deck under another id if a deck of another title has its own."""
    before = there.get(deck.id)
    return deck if before is None or same_title(before.title, deck.title) else renamed(deck, hashed_slug(deck.title))


def _kept(deck: Deck, before: Deck | None, whole: Deck) -> str:
    had = "" if before is None else f"; it had {len(before.notes)}"
    stay = len(whole.notes) - len(deck.notes)
    had += f", and {stay} not in the file stay{'s' if stay == 1 else ''}" if stay else ""
    return f"{whole.title} ({whole.id}) is kept with {len(whole.notes)} notes{had}."
