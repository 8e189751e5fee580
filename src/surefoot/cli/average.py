"""`surefoot average`: the mean of checkpoint files. torch is imported when the files are read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surefoot.cli.app import EPILOG, app
from surefoot.errors import InvalidValue

if TYPE_CHECKING:
    from surefoot.pytorch.averager.files import FilesMean


@app.command(epilog=EPILOG)
def average(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Safetensors, or torch's state dicts.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Where the mean goes: .safetensors.")],
    weights: Annotated[str | None, typer.Option(metavar="W1,W2,...", help="One for each file; equal if none.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output if it is there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Average the weights of checkpoint files, in as little memory as one tensor takes.

    Whole numbers, such as a batch norm's counter, are the last file's. Torch's files are read with weights_only.
    """
    parts = None if weights is None else _numbers(weights)

    from surefoot.pytorch.averager.files import average_files

    found = average_files(files, out, parts, replace=force)
    print(json.dumps(found.to_json(), allow_nan=False) if as_json else _told(found))


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidValue(f"--weights is {text!r}; give numbers with commas between them, such as 1,1,2") from error


def _told(found: "FilesMean") -> str:
    files = ", ".join(f"{weight:.3g} of {path}" for path, weight in found.files)
    lines = [f"{found.out}: {_tensors(len(found.averaged))} averaged: {files}"]
    if found.taken:
        differ = f"; {len(found.differing)} of them differ between the files" if found.differing else ""
        lines.append(f"whole numbers: {_tensors(len(found.taken))} taken from {found.files[-1][0]}{differ}")
    if found.statistics:
        what = f"batch norms' running statistics ({_tensors(len(found.statistics))}) are those of no weights"
        lines.append(f"note: {what}; measure them anew: surefoot.pytorch.averager.refresh_statistics(model, batches)")
    return "\n".join(lines)


def _tensors(count: int) -> str:
    return "1 tensor" if count == 1 else f"{count} tensors"
