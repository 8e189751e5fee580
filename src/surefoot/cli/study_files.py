"""`surefoot study decks`, `export` and `import`: decks of one's own, and the log, to files and back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from surefoot.cli.study import EPILOG, commands, deck_named
from surefoot.errors import InvalidValue

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="KIND", help="tsv, csv, json, apkg or md, if the ending does not say.")
]


@commands.command("decks", epilog=EPILOG)
def own_decks(
    forget: Annotated[str | None, typer.Option(metavar="DECK", help="Put this one away; its answers stay.")] = None,
    as_json: Json = False,
) -> None:
    """List the decks of your own, or put one away."""
    from surefoot.study.memory import Memory

    with Memory() as memory:
        if forget is not None:
            memory.forget(forget)
        own = memory.own()
    if as_json:
        print(json.dumps({"decks": [{"id": deck.id, "title": deck.title, "notes": len(deck.notes)} for deck in own]}))
    elif not own:
        print("no decks of your own; `surefoot study import FILE` brings one in")
    else:
        print("\n".join(f"{deck.id}  {deck.title}  ({len(deck.notes)} notes)" for deck in own))


@commands.command("export", epilog=EPILOG)
def export_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write: .tsv, .csv, .json, .apkg or .md.")],
    deck: Annotated[
        list[str] | None, typer.Option("--deck", metavar="DECK", help="Which; all of your own if none is given.")
    ] = None,
    form: Format = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write decks to a file: for Anki, for spreadsheets, or as JSON with the whole log of answers."""
    from surefoot.study.carrying import format_of, write
    from surefoot.study.deck import decks
    from surefoot.study.memory import Memory

    names = _names(context, deck or [])
    with Memory() as memory:
        chosen = [deck_named(memory, name) for name in names] or list(memory.own())
        if not chosen and format_of(file, form) == "json":
            chosen = list(decks())  # whoever has no deck of their own carries the log
        if not chosen:
            raise InvalidValue("there are no decks of your own; name those to write with --deck")
        write(file, chosen, memory.log(), form=form, force=force)
    told = [each.id for each in chosen]
    print(json.dumps({"file": str(file), "decks": told}) if as_json else f"{file}: {', '.join(told)}")


def _names(context: typer.Context, given: Sequence[str]) -> Sequence[str]:
    """Return which decks are meant, by --deck or by one before the command."""
    before = str(context.parent.params.get("name", "")) if context.parent else ""
    if before and given and {*given} != {before}:
        raise InvalidValue(f"the deck {before!r} stands before `export`, and --deck says {', '.join(given)}; give one.")
    return [before] if before else given


@commands.command("import", epilog=EPILOG)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to read: .tsv, .csv, .json, .apkg or .md.")],
    title: Annotated[str | None, typer.Option(help="Of the deck, if the file names none.")] = None,
    form: Format = None,
    as_json: Json = False,
) -> None:
    """Take decks in from a file, and from JSON the answers too; what is there already is not added twice."""
    from surefoot.study.carrying import keep, read
    from surefoot.study.memory import Memory

    with Memory() as memory:
        carried = read(file, form=form, title=title)
        told = keep(carried, memory)
    ids = [each.id for each in carried.decks]
    print(json.dumps({"decks": ids, "told": list(told)}) if as_json else "\n".join(told or ["nothing new"]))
