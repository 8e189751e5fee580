"""`surefoot find`: the step size for a run, what was tried for it, and what that cost."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surefoot.cli.app import EPILOG, FINISHED, INTERRUPTED, app, say
from surefoot.cli.figures import check_figure
from surefoot.tasks import TASKS, load

if TYPE_CHECKING:
    from surefoot.search import Found
    from surefoot.search.curves import Curves

USUAL = 1000
"""Steps of the run, where the task does not say and the user neither."""


@app.command(epilog=EPILOG)
def find(
    task: Annotated[str, typer.Argument(metavar="TASK", help="FILE.py:NAME, or a task that comes along.")],
    steps: Annotated[int | None, typer.Option(help="Length of the run that the step size is for.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Any rule; given twice, they race. muon if not given.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answer.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; if not given, the model's.")] = None,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 (weights stay float32).")] = "float32",
    accumulate: Annotated[int, typer.Option(help="Batches in a step.")] = 1,
    figure: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the search: .png, .svg or .pdf.")] = None,
    curves: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Train shortly at step sizes too low, good, too high; draw it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> int:
    """Find the step size for a run, in at most a quarter of its steps."""
    check_figure(figure)
    check_figure(curves, "--curves")
    if steps is None:
        steps = TASKS[task].steps if task in TASKS else USUAL
    loaded = load(task)

    from surefoot.search import race
    from surefoot.search.curves import curves as trained
    from surefoot.training.choices import FIELD

    found = drawn = None
    try:
        found = race(
            loaded, steps=steps, rule=rule or FIELD, seed=seed, device=device, precision=precision,
            accumulate=accumulate,
        )  # fmt: skip
        if curves is not None:
            drawn = trained(
                loaded, found.step_size, steps=steps, rule=found.rule, decay=found.decay, seed=seed, device=device,
                precision=precision, accumulate=accumulate,
            )  # fmt: skip
    except KeyboardInterrupt:  # which typer would pass over in silence
        if found is None:
            return say("interrupted by you", INTERRUPTED)
    _show(found, figure, drawn, curves, as_json=as_json)
    return say("interrupted by you", INTERRUPTED) if curves is not None and drawn is None else FINISHED


def _show(found: "Found", figure: Path | None, drawn: "Curves | None", curves: Path | None, *, as_json: bool) -> None:
    """Draw and print what there is; curves that were interrupted are not."""
    if figure is not None:
        found.figure().savefig(figure, dpi=150)
    if drawn is not None and curves is not None:
        drawn.figure().savefig(curves, dpi=150)
    if as_json:
        print(json.dumps(found.to_json() | ({"curves": drawn.to_json()} if drawn else {}), allow_nan=False))
        return
    _tell(found)
    if figure is not None:
        print(f"figure: {figure}")
    if drawn is not None:
        print(f"{drawn.summary()}\ncurves: {curves}")


def _tell(found: "Found") -> None:
    for each in found.ranges:
        print(f"range test of {each.summary().removeprefix(found.task + ': ')}")
    if found.race.results:
        print(f"\n{found.table()}\n")
    print(found.summary())
