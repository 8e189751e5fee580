"""`surefoot fit`: train a task. What is heavy is imported when it is needed."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from surefoot.cli.app import EPILOG, FAILED, FINISHED, INTERRUPTED, app, say
from surefoot.cli.figures import check_figure
from surefoot.cli.page import page_beside
from surefoot.records.place import runs_folder
from surefoot.schedules import parse
from surefoot.tasks import TASKS, load

if TYPE_CHECKING:
    from surefoot.fitting.run import Run
    from surefoot.training.open_end import Until

_KNOWN = "; ".join(f"{name}: {known.says}" for name, known in TASKS.items())


RUNS = "Where runs are kept; if not given, the folder that SUREFOOT_RUNS names, or the platform's for a user's data."


@app.command(epilog=EPILOG)
def fit(
    task: Annotated[str, typer.Argument(metavar="TASK", help=f"FILE.py:NAME, or a task that comes along ({_KNOWN}).")],
    steps: Annotated[int | None, typer.Option(help="Length of the run in steps.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Length of the run in epochs.")] = None,
    until: Annotated[
        str | None, typer.Option(help='"plateau": go on until validation no longer gets better, then cool down.')
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Go on for so long, search and cool-down among it.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 0,
    step_size: Annotated[float | None, typer.Option(help="The peak; found by a search if not given.")] = None,
    rule: Annotated[
        str | None, typer.Option(help="Any of `surefoot list --kind rules`; sgd has momentum. muon if not given.")
    ] = None,
    schedule: Annotated[str | None, typer.Option(help='Such as "warmup(5%) >> cosine(to=0.0)".')] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; if not given, the model's.")] = None,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 (weights stay float32).")] = "float32",
    accumulate: Annotated[int, typer.Option(help="Batches in a step.")] = 1,
    average: Annotated[bool, typer.Option(help="Keep the mean of the last steps' weights where it is better.")] = True,
    search: Annotated[bool, typer.Option(help="Look for the step size; if not, the rule's usual one is used.")] = True,
    runs: Annotated[Path | None, typer.Option(metavar="DIR", help=RUNS)] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with this task's latest run if it was cut off; else begin one.")
    ] = False,
    save_every: Annotated[float, typer.Option(metavar="SECONDS", help="Time between two checkpoints.")] = 20.0,
    figure: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the run: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    progress: Annotated[bool, typer.Option(help="Show a line while it runs.")] = True,
    page: Annotated[bool, typer.Option("--page", help="Open the web page on this run.")] = False,
) -> int:
    """Train a task; keep its best weights and a record of the run."""
    check_figure(figure)
    if task in TASKS and (steps, epochs, until, minutes) == (None,) * 4:
        steps = TASKS[task].steps
    loaded = load(task)

    from surefoot.fitting import fit as fitted
    from surefoot.fitting.plan import SEARCH
    from surefoot.fitting.run import RunFailed

    with page_beside(runs_folder(runs)) if page else nullcontext():
        try:
            run = fitted(
                loaded, steps=steps, epochs=epochs, until=cast("Until | None", until), minutes=minutes, seed=seed,
                step_size=step_size, rule=rule, device=device, schedule=None if schedule is None else parse(schedule),
                precision=precision, accumulate=accumulate, average=average, search=SEARCH if search else 0.0,
                runs=runs_folder(runs), progress=progress and not as_json, resume=resume, save_every=save_every,
            )  # fmt: skip
        except RunFailed as error:
            _show(error.run, figure, as_json=as_json)
            return say(f"{error}{_where(error, task)}", FAILED)
        _show(run, figure, as_json=as_json)
        return {"interrupted": INTERRUPTED, "diverged": FAILED}.get(run.ending.kind, FINISHED)


def _show(run: "Run", figure: Path | None, *, as_json: bool) -> None:
    if figure is not None:
        run.figure().savefig(figure, dpi=150)
    if as_json:
        print(json.dumps(run.to_json(), allow_nan=False))
    elif run.ending.kind != "failed":
        print(run.summary())
        if figure is not None:
            print(f"figure: {figure}")


def _where(error: BaseException, task: str) -> str:
    """Return the line of the user's file that a failure passed through, in brackets."""
    if ".py:" not in task or error.__cause__ is None:
        return ""
    from surefoot.tasks.file import line_of

    file = task.rpartition(":")[0]
    line = line_of(error.__cause__, Path(file))
    return f" ({line})" if line != file else ""
