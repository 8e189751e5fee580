"""Carrying decks and the log out to files and in again: TSV, CSV, JSON, Anki's packages, Markdown."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, final

from surefoot.errors import InvalidValue, printable
from surefoot.study import anki, headings, tables, whole_log
from surefoot.study.deck import Deck
from surefoot.study.log import Log
from surefoot.study.memory import Memory
from surefoot.study.rows import Row, decks_of

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
    """

    decks: tuple[Deck, ...]
    log: Log
    told: tuple[str, ...] = ()


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
          notetype: str = "Basic") -> None:  # fmt: skip
    """Write decks to a file, whole or not at all.

    Args:
        file: its ending says the format; replaced if it is there.
        decks: one or more.
        log: for JSON, all that was answered.
        form: the format, if the ending does not say it.
        notetype: for TSV, what Anki calls its note type with two fields.

    Errors: InvalidValue if there is nothing to write, the format is unknown, or the file cannot be written;
        MissingPackage if it needs one.
    """
    chosen = format_of(file, form)
    if not decks:
        raise InvalidValue(f"{printable(file.name)}: there is no deck to write.")
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
        decks, told = decks_of(_rows(file, chosen), name if name.isprintable() and name else "own")
    except InvalidValue as error:
        raise InvalidValue(f"{printable(file.name)}: {error}") from error
    return Carried(decks, Log(), told)


def _rows(file: Path, chosen: Format) -> list[Row]:
    if chosen == "apkg":
        _size(file)
        return anki.rows_of(file)
    text = _content(file)
    return headings.rows_of(text) if chosen == "md" else tables.rows_of(text)


def _content(file: Path) -> str:
    _size(file)
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidValue("it is not UTF-8; save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        raise InvalidValue(f"it cannot be read: {printable(str(error))}.") from error


def _size(file: Path) -> None:
    try:
        size = file.stat().st_size
    except (OSError, ValueError) as error:
        raise InvalidValue(f"it cannot be read: {printable(str(getattr(error, 'strerror', '') or error))}.") from error
    if size > MOST:
        raise InvalidValue(f"it has {size >> 20} MiB; at most {MOST >> 20} are read.")


def keep(carried: Carried, memory: Memory) -> tuple[str, ...]:
    """Put what a file held into a memory; return what is to be told of it.

    A deck of one's own that is there already is replaced; answers that are there already are not added again.

    Errors: InvalidValue if a deck cannot be kept.
    """
    there = {deck.id: len(deck.notes) for deck in memory.own()}
    told = list(carried.told)
    if carried.log.sessions:
        told.append(f"{memory.take(carried.log)} of {len(carried.log.answers)} answers are new.")
    for deck in carried.decks:
        memory.keep(deck)
        before = f"; it had {there[deck.id]}" if deck.id in there else ""
        told.append(f"{deck.title} ({deck.id}) is kept with {len(deck.notes)} notes{before}.")
    return tuple(told)
