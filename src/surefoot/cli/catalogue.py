"""`surefoot list` and `surefoot show`: what there is, and what is known of one. They never import torch."""

import json
import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from os import environ
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from surefoot.cli.app import EPILOG, app
from surefoot.errors import InvalidValue

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from surefoot.catalogue import Entry, Kind

WIDEST = 100
"""Lines of prose that are longer are hard to read."""
UNCUT = 1000
"""Columns of a list that is piped: nothing is cut, so that all of it can be searched."""
LEAST = 24
"""Columns below which the beginning of a sentence says nothing."""
STEPS = 1000
"""Length of the run over which a schedule's picture is drawn."""


@app.command("list", epilog=EPILOG)
def list_(
    kind: Annotated[str | None, typer.Option(help="rules, schedules, penalties or checks; if not given, all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """List every rule, schedule, penalty and check of the doctor, one a line."""
    from surefoot.catalogue import KINDS, entries

    kinds = [_kind(kind)] if kind is not None else [*KINDS]
    if as_json:
        print(json.dumps({KINDS[each]: [entry.to_json() for entry in entries(each)] for each in kinds}))
        return
    console = _console()
    for each in kinds:
        _list(console, KINDS[each], entries(each))
    console.print("surefoot show NAME explains one.", style="dim")


@app.command(epilog=EPILOG)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Any of `surefoot list`, such as adamw.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Explain one rule, schedule, penalty or check: formula or program, names, source, laws, and how others differ."""
    from surefoot.catalogue import find

    entry = find(name)
    if as_json:
        print(json.dumps(entry.to_json()))
    else:
        console = _console()
        with console.capture() as captured:
            _show(console, entry)
        print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _kind(given: str) -> "Kind":
    from surefoot.catalogue import KINDS

    for kind, several in KINDS.items():
        if given in (kind, several):
            return kind
    raise InvalidValue(f"--kind is {given!r}; it is one of {', '.join(KINDS.values())}")


def _console() -> "Console":
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal of ASCII has no é and no ellipsis
    return Console(highlight=False, markup=False, emoji=False)


def _list(console: "Console", title: str, entries: "Sequence[Entry]") -> None:
    from rich.text import Text

    width = console.width if console.is_terminal or "COLUMNS" in environ else UNCUT
    names = _column([entry.name for entry in entries])
    formulas = _column([entry.line for entry in entries])
    formulas = formulas if width == UNCUT else min(formulas, WIDEST // 2)
    console.print(Text(f"{title} ({len(entries)})", "bold"))
    for entry in entries:
        line = Text("  ").append(f"{entry.name:{names}}  ", "cyan")
        line.append(_cut(f"{entry.line:{formulas}}", width - len(line)))
        room = width - len(line) - 2
        if room >= LEAST:
            line.append("  ").append(_cut(_brief(entry.says), room), "dim")
        line.rstrip()
        console.print(line, soft_wrap=True)
    console.print()


def _column(texts: Sequence[str]) -> int:
    """Return how wide a column is; where there are many, nine in ten fit and the others push what follows aside."""
    lengths = sorted(map(len, texts))
    return lengths[-1] if len(lengths) < 20 else lengths[9 * len(lengths) // 10 - 1]


def _brief(says: str) -> str:
    """Return what a rule does without what all of them do: "Step as adam does, with ..." is "as adam, with ..."."""
    return re.sub(r"^Step (?:as (\w+) does|)", lambda found: f"as {found[1]}" if found[1] else "", says)


def _cut(text: str, room: int) -> str:
    """Return a text, at most so long, with an ellipsis in the place of words that do not fit."""
    if len(text.rstrip()) <= room:
        return text[:room]
    whole = text[: room - 1].rpartition(" ")[0].rstrip(",;:")
    return f"{whole} …" if len(whole) > room // 2 else f"{text[: room - 1]}…"


def _show(console: "Console", entry: "Entry") -> None:
    from rich.text import Text

    width = min(console.width, WIDEST)
    console.print(Text(entry.name, "bold cyan").append(f"  {entry.kind}", "dim"))
    console.print(f"{entry.says}.\n", width=width)
    if entry.use:
        _made(console, entry, width)
    if entry.settings:
        _picture(console, entry.settings, min(width, 80))
    if entry.terms:
        console.print()
        console.print(_terms(entry), width=width)
        console.print()
    console.print(_facts(entry), width=width)
    if entry.example:
        _program(console, entry.example)


def _made(console: "Console", entry: "Entry", width: int) -> None:
    """Print an entry's formula and the Python that makes it."""
    from rich.padding import Padding
    from rich.text import Text

    for line in entry.formula:
        console.print(Padding(Text(line, "bold"), (0, 4)), width=width)
    made = f"  # {entry.torch}" if entry.torch else ""
    console.print()
    console.print(Padding(Text(entry.use).append(made, "dim"), (0, 4)), width=width)


def _program(console: "Console", code: str) -> None:
    """Print a program; its lines stay whole, so that it can be copied and run."""
    from rich.text import Text

    console.print("\nA program in which it is found:\n")
    console.print(Text(indent(code, "    ")), soft_wrap=True)


def _terms(entry: "Entry") -> "Table":
    """Return a row for each name: what it is and its unit, its default, its bounds."""
    table = _grid(4)
    for term in entry.terms:
        unit = f" [{term.unit}]" if term.unit not in ("", term.name) else ""
        table.add_row(term.name, f"{term.says}{unit}", term.default, term.bounds)
    return table


def _facts(entry: "Entry") -> "Table":
    table = _grid(2)
    for fact in entry.facts:
        for title, (key, text) in zip([fact.title, *[""] * len(fact.told)], fact.told, strict=False):
            table.add_row(title, f"{key}: {text}" if key else text)
    if entry.kin:
        table.add_row("kin", ", ".join(entry.kin))
    return table


def _grid(columns: int) -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    for column in range(1, columns):
        table.add_column(style="dim" if column > 1 and columns > 2 else "")
    return table


def _picture(console: "Console", settings: Sequence[str], width: int) -> None:
    """Draw what a schedule can do, over a run of `STEPS`."""
    from rich.text import Text

    from surefoot.cli.schedule import INKS
    from surefoot.schedules import parse
    from surefoot.schedules.drawing import ASCII, picture

    console.print()
    plain = not console.encoding.lower().startswith("utf")
    for line in picture([parse(text).over(steps=STEPS) for text in settings], steps=STEPS, width=width, height=11):
        row = Text()
        for text, ink in line:
            row.append(text.translate(ASCII) if plain else text, "" if ink is None else INKS[ink])
        console.print(row, soft_wrap=True)
