"""`surefoot runs`: what has run, and what came of it. It never imports torch."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from surefoot.cli.app import app
from surefoot.errors import InvalidValue
from surefoot.records.place import runs_folder

if TYPE_CHECKING:
    from surefoot.records.shelf import RunFacts

EPILOG = (
    "RUN is a run's folder, the beginning of that folder's name, its title, or the name of a task: its latest run "
    "then. Exit codes: 0 done, 2 wrong usage or no such run, 130 interrupted."
)

Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Where runs are kept; SUREFOOT_RUNS or the platform's folder if none."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

commands = typer.Typer(help="List runs; show, compare, rename, export or delete them.", epilog=EPILOG)
app.add_typer(commands, name="runs")


@commands.callback(invoke_without_command=True, epilog=EPILOG)
def list_(context: typer.Context, runs: Runs = None, as_json: Json = False) -> None:
    """List all runs, the latest last; with a command, do something with some of them."""
    if context.invoked_subcommand is not None:
        context.obj = runs
        return

    from surefoot.records import shelf

    folder = runs_folder(runs)
    found = shelf.runs(folder)
    if as_json:
        print(json.dumps({"runs": [each.to_json() for each in found]}, allow_nan=False))
    elif not found:
        print(f"no runs in {folder}")
    else:
        from surefoot.cli.runs_tables import listed

        print(listed(found, folder))


@commands.command(epilog=EPILOG)
def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Show one run: how it stands, what came of it, what it was run with, and what happened on the way."""
    from surefoot.records.meta import read_meta
    from surefoot.records.reading import read

    facts = _found(context, runs, run)
    meta, events = read_meta(facts.path), read(facts.path).events
    if as_json:
        told = [{"step": event.step, "kind": event.kind, "text": event.text} for event in events]
        print(json.dumps({**facts.to_json(), "meta": meta, "events": told}, allow_nan=False))
    else:
        from surefoot.cli.runs_tables import shown

        print(shown(facts, meta, events))


@commands.command(epilog=EPILOG)
def compare(
    context: typer.Context,
    those: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Two runs or more.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Compare runs: the settings in which they differ, and what came of each, side by side."""
    if len(those) < 2:
        raise InvalidValue("one run cannot be compared; name two at least")

    from surefoot.cli.runs_tables import compared, outcomes
    from surefoot.records.differences import differences
    from surefoot.records.meta import read_meta

    found = [_found(context, runs, each) for each in those]
    metas = [read_meta(each.path) for each in found]
    if as_json:
        both = {"settings": differences(metas), "outcomes": outcomes(found, metas)}
        print(json.dumps({"runs": [each.to_json() for each in found], **both}, allow_nan=False))
    else:
        print(compared(found, metas))


@commands.command(epilog=EPILOG)
def rename(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run.")],
    title: Annotated[str, typer.Argument(metavar="TITLE", help='What to call it; "" takes its title away.')],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Give a run a title, in lists and on the page; its record and its folder stay what they are."""
    from surefoot.records.titles import retitle, title_of

    facts = _found(context, runs, run)
    before = retitle(facts.path, title)
    now = title_of(facts.path)
    if as_json:
        print(json.dumps({"path": str(facts.path), "title": now, "before": before}))
    else:
        print(f"{facts.path.name}: {now or 'no title'}{f' (was {before})' if before else ''}")


@commands.command(epilog=EPILOG)
def delete(
    context: typer.Context,
    those: Annotated[list[str], typer.Argument(metavar="RUN...", help="The runs.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Delete runs with all that is in their folders; one that is running stays."""
    from surefoot.records.shelf import delete as deleted

    found = {each.path: each for each in (_found(context, runs, run) for run in those)}
    running = [path.name for path, each in found.items() if each.state == "running"]
    if running:
        raise InvalidValue(f"{', '.join(running)} is running; stop it first, then delete it")
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidValue("nobody is here to be asked; give --yes")
        typer.confirm("\n".join([*map(str, found), "Delete?"]), abort=True, err=True)
    for path in found:
        deleted(path)
    told = [str(path) for path in found]
    print(json.dumps({"deleted": told}) if as_json else "\n".join(f"deleted {path}" for path in told))


@commands.command(epilog=EPILOG)
def export(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run; it may still be running.")],
    to: Annotated[str, typer.Option(metavar="KIND", help="csv, jsonl or tensorboard.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A folder for the files, new or empty.")],
    runs: Runs = None,
    as_json: Json = False,
) -> None:
    """Write a run for other programs: series, events and figures of layers."""
    from surefoot.records.export import KINDS, Kind
    from surefoot.records.export import export as exported

    if to not in KINDS:
        raise InvalidValue(f"--to is {to!r}; it is one of {', '.join(KINDS)}")
    files = [str(file) for file in exported(_found(context, runs, run).path, cast("Kind", to), out)]
    print(json.dumps({"files": files}) if as_json else "\n".join(files))


def _found(context: typer.Context, runs: Path | None, run: str) -> "RunFacts":
    """Return the run that is meant; DIR may stand before the command or after it."""
    from surefoot.records.shelf import find

    return find(runs_folder(runs or context.obj), run)
