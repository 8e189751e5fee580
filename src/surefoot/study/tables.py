"""Decks as tables: TSV with the header lines that Anki reads, and CSV for everything else."""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence

from surefoot.errors import InvalidValue, printable, short
from surefoot.study.deck import Deck
from surefoot.study.markup import as_html, as_text, media_in
from surefoot.study.note import Note
from surefoot.study.rows import COLUMNS, Row, fields_of, slug

OVER = "surefoot::"
"""The deck in Anki under which ours are; "::" is how Anki writes a deck within a deck."""

DECK_TAG = "surefoot-deck::"
"""The tag that tells a deck's id where that does not follow from its title."""

_HEADERS = frozenset(
    ("separator", "html", "tags", "columns", "notetype", "deck", "if matches",
     "guid column", "notetype column", "deck column", "tags column")
)  # fmt: skip
"""What Anki's header lines say; Source: the Anki manual, "Text Files", "File Headers"."""

_UNREAD = ("tags", "notetype", "if matches")
"""Those of them that say nothing of a note here."""

_ANKI = ("guid", "notetype", "deck", "tags", "front", "back")

NAMES = {
    "id": ("id", "guid"), "deck": ("deck",), "deck_id": ("deck_id",), "tags": ("tags",), "notetype": ("notetype",),
    "asks": ("asks", "question", "front", "q"), "says": ("says", "answer", "back", "a", "definition", "meaning"),
    "title": ("title", "term", "word", "name"),
}  # fmt: skip
"""How a column may be called, by what it is; the other columns are called as the field of a note."""

_MEANT = {name: field for field, names in NAMES.items() for name in names} | {name: name for name in COLUMNS}

_SAMPLE = 200
"""Lines by which the separator is found."""

_TOLD = 10
"""Lines that are passed over and told one by one."""

_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}


def tsv(decks: Sequence[Deck], notetype: str = "Basic") -> str:
    """Return decks as Anki imports them: question and answer as the two fields of a note type, then what only we read.

    Args:
        decks: any.
        notetype: Anki's; it must be there and have two fields. "Basic" is called otherwise in other languages.

    Source: the Anki manual, "Text Files", "File Headers".
    """
    columns = (*_ANKI, *(name for name in COLUMNS if name != "asks"))  # that is the front
    head = ["#separator:tab", "#html:true", "#columns:" + "\t".join(columns)]
    head += [f"#{name} column:{place}" for place, name in enumerate(_ANKI[:4], 1)]
    rows = [_anki(deck, note, notetype) for deck in decks for note in deck.notes]
    return "\n".join(head) + "\n" + _written(rows, columns, "\t")


def _anki(deck: Deck, note: Note, notetype: str) -> dict[str, str]:
    told = {name: as_html(text) for name, text in fields_of(note).items() if name != "id"}
    about = {"guid": note.id, "notetype": notetype, "deck": OVER + deck.title, "tags": tags_of(deck)}
    return {**told, **about, "front": told["asks"], "back": back_of(note)}


def tags_of(deck: Deck) -> str:
    """Return Anki's tags of a deck's notes."""
    return "surefoot" if slug(deck.title) == deck.id else f"surefoot {DECK_TAG}{deck.id}"


def back_of(note: Note) -> str:
    """Return the back of a note as HTML: the answer and, below it, formula, reason and source."""
    formula = "<br>".join(f"<code>{as_html(line)}</code>" for line in note.formula)
    more = [formula, as_html(note.why), as_html(note.common), as_html(note.source and f"Source: {note.source}")]
    return "<br><br>".join(text for text in (as_html(note.says), *more) if text)


def csv_text(decks: Sequence[Deck]) -> str:
    """Return decks as a table with a row of names and plain text, as spreadsheets read it.

    A cell that begins with =, +, - or @ stays as it is, though a spreadsheet takes it for a formula: what is put before
    it to prevent that, an apostrophe or a tab, would be part of the text wherever else the table is read. Whoever opens
    decks of others in a spreadsheet has it read the columns as text.
    """
    columns = ("id", "deck_id", "deck", *COLUMNS)
    rows = [{**fields_of(note), "deck_id": deck.id, "deck": deck.title} for deck in decks for note in deck.notes]
    return _written([dict(zip(columns, columns, strict=True)), *rows], columns, ",")


def _written(rows: Sequence[Mapping[str, str]], columns: Sequence[str], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerows([row[name] for name in columns] for row in rows)
    return text.getvalue()


def rows_of(text: str, separator: str = "") -> list[Row]:
    """Return the rows of a table, ours, Anki's, or any with question and answer in its first two columns.

    A column is known by its name in the first row, in a line "#columns:", or in one such as "#guid column:1". Only
    lines that Anki knows are header lines; another that begins with "#" is a row, or passed over if it is one cell.

    Args:
        text: the whole file.
        separator: between columns; "" to find out: a tab, comma or semicolon, whichever parts the names in the first
            row or, if there are none, most rows.

    Errors: InvalidValue if it is no such table.
    """
    head, body, passed = _head(text, separator)
    skipped = len(passed)
    separator = _named(head, separator) or _separator(body)
    lines = list(_lines(body, separator, skipped))
    columns = _columns(head, separator, len(lines[0][1]) if lines else 0)
    if not columns and lines and _are_names(lines[0][1]):
        columns = [_MEANT.get(name.strip().lower(), "") for name in lines.pop(0)[1]]
    html = head.get("html", "").lower() == "true"
    return [_row(place, cells, columns or ["asks", "says"], head.get("deck", ""), html) for place, cells in lines]


def passed_over(text: str, separator: str = "") -> tuple[str, ...]:
    r"""Return a sentence for each line before the rows that says nothing of a note.

    >>> passed_over("# of last week\n#separator:tab\nRing\tA set.\n#define\tA macro.\n")
    ('line 1, "# of last week", is passed over.',)
    """
    lines = [(place, line) for place, line in enumerate(_head(text, separator)[2], 1) if line]
    more = (f"{len(lines) - _TOLD:,} more lines are passed over.",) if len(lines) > _TOLD else ()
    return (*(f'line {at}, "{printable(short(line, 60))}", is passed over.' for at, line in lines[:_TOLD]), *more)


def _head(text: str, separator: str) -> tuple[dict[str, str], str, list[str]]:
    """Return what Anki's header lines say, the rest, and of each line before it what is passed over, or ""."""
    told: dict[str, str] = {}
    lines = text.splitlines(keepends=True)
    passed: list[str] = []
    first = next((at for at, line in enumerate(lines) if not line.startswith("#")), 0)
    usual = ""
    for line in itertools.takewhile(lambda line: line.startswith("#"), lines):
        name, colon, value = line[1:].rstrip("\r\n").partition(":")
        name = name.strip().lower()
        if header := bool(colon) and name in _HEADERS:
            told[name] = value if name == "columns" else value.strip(" ")
        elif (
            _named(told, separator) or (usual := usual or _separator("".join(lines[first : first + _SAMPLE])))
        ) in line:
            break
        passed.append("" if header and name not in _UNREAD else line.strip())
    return told, "".join(lines[len(passed) :]), passed


def _named(head: Mapping[str, str], separator: str) -> str:
    """Return the separator that a header line names, or else the one that is given; it may be ""."""
    named = head.get("separator", separator)
    return _SEPARATORS.get(named.lower(), named[:1])


def _separator(body: str) -> str:
    """Return what parts a row of names in the first line or, if there is none, parts most rows."""
    some = "\n".join(body.splitlines()[:_SAMPLE])
    found = {each: [cells for _, cells in _lines(some, each, 0)] for each in "\t,;"}
    return max(
        found, key=lambda each: (any(map(_are_names, found[each][:1])), sum(len(row) > 1 for row in found[each]))
    )


def _lines(body: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Go through the rows that are not empty, each with the line on which it ends."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield skipped + reader.line_num, cells
    except (csv.Error, TypeError, ValueError) as error:
        raise InvalidValue(
            f"line {skipped + reader.line_num} is no row of a table: {printable(str(error))}."
        ) from error


def _columns(head: Mapping[str, str], separator: str, count: int) -> list[str]:
    """Return what each column is by the header lines; none if they do not say."""
    names = next(csv.reader([head["columns"]], delimiter=separator), []) if "columns" in head else []
    found = [_MEANT.get(name.strip().lower(), "") for name in names]
    special = {head[f"{name} column"]: _MEANT[name] for name in _ANKI[:4] if f"{name} column" in head}
    if found or not special:
        return found
    rest = iter(["asks", "says"])
    return [special.get(str(place)) or next(rest, "") for place in range(1, count + 1)]


def _are_names(cells: Sequence[str]) -> bool:
    meant = {_MEANT.get(cell.strip().lower(), "") for cell in cells}
    return "says" in meant and bool(meant & {"asks", "title"})


def _row(place: int, cells: Sequence[str], columns: Sequence[str], deck: str, html: bool) -> Row:
    told: dict[str, str] = {}
    for name, cell in zip(columns, cells, strict=False):
        if name and (cell.strip() or name not in told):
            told[name] = as_text(cell) if html and name not in ("id", "deck", "tags") else cell
    named = told.pop("deck", "").strip() or deck
    tag = next((each for each in told.pop("tags", "").split() if each.startswith(DECK_TAG)), "")
    which = told.pop("deck_id", "").strip() or tag.removeprefix(DECK_TAG)
    return Row(f"line {place}", told, named.removeprefix(OVER).strip(), which, html and any(map(media_in, cells)))
