"""`surefoot compare`: one task, several rules, and whether the difference means anything."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surefoot.cli.app import EPILOG, FAILED, FINISHED, INTERRUPTED, app, say
from surefoot.cli.figures import check_figure
from surefoot.cli.find import USUAL
from surefoot.tasks import TASKS, load

if TYPE_CHECKING:
    from surefoot.fitting.comparison import Comparison


@app.command(epilog=EPILOG)
def compare(
    task: Annotated[str, typer.Argument(metavar="TASK", help="FILE.py:NAME, or a task that comes along.")],
    rules: Annotated[str, typer.Option(metavar="R1,R2,...", help="Any of `surefoot list --kind rules`, or muon.")],
    steps: Annotated[int | None, typer.Option(help="Length of each run in steps.")] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each rule, with seeds that follow one another.")] = 1,
    seed: Annotated[int, typer.Option(help="The first; all rules have the same.")] = 0,
    search: Annotated[bool, typer.Option(help="Look for each rule's step size; if not, its usual one is used.")] = True,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; if not given, the model's.")] = None,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 (weights stay float32).")] = "float32",
    accumulate: Annotated[int, typer.Option(help="Batches in a step.")] = 1,
    figure: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curves: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    progress: Annotated[bool, typer.Option(help="Show a line while it runs.")] = True,
) -> int:
    """Train a task with several rules, each at its own step size; Ctrl-C shows what is done so far."""
    check_figure(figure)
    if steps is None:
        steps = TASKS[task].steps if task in TASKS else USUAL
    loaded = load(task)

    from surefoot.fitting.comparing import compare as compared
    from surefoot.fitting.plan import SEARCH

    found = compared(
        loaded, rules=[name.strip() for name in rules.split(",") if name.strip()], steps=steps, seeds=seeds, seed=seed,
        device=device, precision=precision, accumulate=accumulate, search=SEARCH if search else 0.0,
        progress=progress and not as_json,
    )  # fmt: skip
    if found.entries or as_json:
        _show(found, figure, as_json=as_json)
    return _code(found)


def _show(found: "Comparison", figure: Path | None, *, as_json: bool) -> None:
    drawn = figure is not None and found.entries
    if figure is not None and drawn:
        found.figure().savefig(figure, dpi=150)
    if as_json:
        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        print(f"{found.table()}\n\n{found.summary()}")
        if drawn:
            print(f"figure: {figure}")


def _code(found: "Comparison") -> int:
    """Return the exit code; say what stands behind it, unless all went well."""
    if found.interrupted is not None:
        return say("interrupted by you", INTERRUPTED)
    failed = [each for entry in found.entries for each in entry.attempts if each.ended == "failed"]
    if failed:
        return say(f"{failed[0].rule} failed: {failed[0].reason}", FAILED)
    return FINISHED if found.best is not None else say(found.verdict, FAILED)
