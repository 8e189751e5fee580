"""Decks as Markdown: a heading for each term, its answer below.

    # Algebra

    ## Ring
    What is a ring?
    ---
    A set with addition and multiplication, in which addition is that of a group.
    source: van der Waerden, Algebra, chapter 3
    also: ring with unity

    ***
    What is a field?
    ---
    A ring in which one may divide by all but zero.

A heading of the first level begins a deck. A card begins with a heading `## term` or after a line `***`. What is above
its line `---` is the question, what is below the answer; without that line the heading asks and all of the text
answers. A line that begins with the name of a field and a colon tells that field; a list has a line for each entry. A
backslash before a line says that it is text.
"""

import re
from collections.abc import Iterator, Sequence

from surefoot.study.deck import Deck
from surefoot.study.note import Note
from surefoot.study.note_table import LISTS
from surefoot.study.rows import Row, fields_of, slug

_TOLD = ("id", "why", "picture", "use", "common", "source", "demo", *LISTS)
_FIELD = re.compile(rf"({'|'.join(_TOLD)}):(?:\s+|$)(.*)", re.IGNORECASE | re.DOTALL)
_RULE, _CUT = re.compile(r"-{3,}\s*"), re.compile(r"\*{3,}\s*")
_SPECIAL = re.compile(rf"\\|#|---|\*\*\*|({'|'.join(_TOLD)}):", re.IGNORECASE)


def markdown(decks: Sequence[Deck]) -> str:
    """Return decks as Markdown.

    >>> print(markdown([Deck("a", "A", (Note("a.1", "own", "Ring", "What is it?", "A set.", "Book"),), own=True)]))
    # A
    <BLANKLINE>
    ## Ring
    What is it?
    ---
    A set.
    id: a.1
    source: Book
    <BLANKLINE>
    """
    return "\n".join(line for deck in decks for line in _deck(deck))


def _deck(deck: Deck) -> Iterator[str]:
    yield f"# {deck.title}"
    yield from () if slug(deck.title) == deck.id else (f"id: {deck.id}",)
    for note in deck.notes:
        yield ""
        yield from _card(note)
    yield ""


def _card(note: Note) -> Iterator[str]:
    told = fields_of(note)
    yield f"## {note.title}"
    yield from (_text(note.asks), "---", _text(note.says))
    for name in _TOLD:
        yield from (f"{name}: {line}" for line in told[name].splitlines())


def _text(line: str) -> str:
    return f"\\{line}" if _SPECIAL.match(line) else line


def rows_of(text: str) -> list[Row]:
    """Return the rows of a file of Markdown; a heading of the first level begins a deck."""
    deck, name, rows = "", "", list[Row]()
    for place, (first, *lines) in _parts(text.splitlines()):
        above, below = _halves(lines)
        if first.startswith("# "):
            deck, name = first[2:].strip(), _fields(above)[1].get("id", "")
            above = [line for line in above if not line.lower().startswith("id:")] if below is not None else []
        told = _told(first[3:].strip() if first.startswith("## ") else "", above, below)
        if any(told.values()):
            rows.append(Row(f"the card on line {place}", told, deck, name))
    return rows


def _parts(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Go through the parts of a file, each with the number of its first line; the first may be the deck's title."""
    part, begun = [""], 1
    for place, line in enumerate(lines, 1):
        if line.startswith(("# ", "## ")) or _CUT.fullmatch(line):
            yield begun, part
            part, begun = [], place
        part.append(line)
    yield begun, part


def _halves(lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return what is above the line `---` and what is below; None if there is no such line."""
    cut = next((at for at, line in enumerate(lines) if _RULE.fullmatch(line)), None)
    return (lines, None) if cut is None else (lines[:cut], lines[cut + 1 :])


def _told(title: str, above: Sequence[str], below: Sequence[str] | None) -> dict[str, str]:
    text, fields = _fields(above)
    answer, more = _fields(below or ())
    lists = {name: "\n".join(filter(None, (fields.get(name), more.get(name)))) for name in {**fields, **more}}
    asks, says = ("", text) if below is None and title else (text, answer)
    return {**lists, "title": title, "asks": asks, "says": says}


def _fields(lines: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the text of some lines, and what they tell of other fields."""
    text: list[str] = []
    told: dict[str, list[str]] = {}
    for line in lines:
        if found := _FIELD.fullmatch(line.strip()):
            told.setdefault(found[1].lower(), []).append(found[2])
        else:
            text.append(line.strip().removeprefix("\\"))
    return " ".join(text).strip(), {name: "\n".join(each) for name, each in told.items()}
