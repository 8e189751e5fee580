"""`surefoot check`: a task is looked at before hours are spent on it. What is heavy is imported when it is needed."""

import ast
import json
from pathlib import Path
from typing import Annotated

import typer

from surefoot.cli.app import FINISHED, INTERRUPTED, app, say
from surefoot.cli.figures import check_place
from surefoot.tasks import load

FOUND = 1
"""The exit code if a fault was found; notes are none."""

EPILOG = (
    "Exit codes: 0 sound (notes are allowed), 1 a fault was found, 2 wrong usage or a value that is not allowed, "
    "3 the task failed, 130 interrupted."
)


@app.command(epilog=EPILOG)
def check(
    task: Annotated[str, typer.Argument(metavar="TASK", help="FILE.py:NAME, or a task that comes along.")],
    seed: Annotated[int, typer.Option(help="The model and the batches are those of `surefoot fit` with it.")] = 0,
    seconds: Annotated[float, typer.Option(help="How long it may take, about.")] = 10.0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; if not given, the model's.")] = None,
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 (weights stay float32).")] = "float32",
    dismiss: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Leave a check out; repeatable.")] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the findings as SARIF too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> int:
    """Look at a task before it is trained: data, first penalty, gradients, and whether a copy learns a few rows."""
    if sarif is not None:
        check_place(sarif, "--sarif")
    loaded = load(task)

    from surefoot.training.examine.start import examined

    try:
        found = examined(
            loaded, seed=seed, seconds=seconds, device=device, precision=precision, dismiss=dismiss or ()
        )  # fmt: skip
    except KeyboardInterrupt:  # which typer would pass over in silence
        return say("interrupted by you", INTERRUPTED)
    if sarif is not None:
        from surefoot.diagnose.checks.start import CHECKS
        from surefoot.diagnose.sarif import sarif as log

        sarif.write_text(json.dumps(log(found.findings, CHECKS, _place(task)), indent=1, allow_nan=False) + "\n")
    print(json.dumps(found.to_json(), allow_nan=False) if as_json else f"surefoot check {found}")
    return FINISHED if found.sound else FOUND


def _place(task: str) -> str:
    """Return "FILE.py:LINE", where the task's name is defined in the user's file, or as much of it as is known."""
    file, _, name = task.rpartition(":")
    if ".py:" not in task:
        return ""
    lines = [node.lineno for node in ast.parse(Path(file).read_bytes()).body if name in _defined(node)]
    return f"{file}:{lines[-1]}" if lines else file


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
