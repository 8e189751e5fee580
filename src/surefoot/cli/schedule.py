"""`surefoot schedule`: draw schedules, and compare them, before any run. It never imports torch."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surefoot.cli.app import EPILOG, app
from surefoot.cli.figures import check_figure
from surefoot.errors import InvalidValue
from surefoot.schedules import Schedule, parse

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 10_000_000
"""Factors that are printed as JSON, which are all in memory first."""

INKS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2")
"""Okabe and Ito's colours in an order that can be read on dark and on light terminals."""


@app.command(epilog=EPILOG)
def schedule(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT...", help='Such as "warmup(5%) >> cosine(to=0.0)".')],
    steps: Annotated[
        int | None, typer.Option(help="Length of the run; needed where a length is a share of it.")
    ] = None,
    step_size: Annotated[float | None, typer.Option(help="The peak; without it, factors of the peak.")] = None,
    figure: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it too: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Draw schedules over a run, in the terminal and to a file; several are compared."""
    check_figure(figure)
    if step_size is not None and not (math.isfinite(step_size) and step_size > 0.0):
        raise InvalidValue(f"--step-size is {step_size}; it must be finite and above 0")
    given = [parse(text) for text in texts]
    steps = _length(given) if steps is None else steps
    if steps < 1:
        raise InvalidValue(f"--steps is {steps}; a run has at least 1")
    if as_json and steps > LISTED:
        raise InvalidValue(f"the run has {steps} steps; --json lists the factors of {LISTED} at most")
    sized = [each.over(steps=steps) for each in given]
    if figure is not None:
        from surefoot.training.schedule_figure import schedule_figure

        schedule_figure(sized, steps=steps, step_size=step_size).savefig(figure, dpi=150)
    if as_json:
        print(json.dumps(_data(texts, sized, steps, step_size), allow_nan=False))
    else:
        _show(sized, steps, step_size, figure)


def _length(given: list[Schedule]) -> int:
    lengths = [each.steps for each in given]
    open_ones = [str(each) for each, length in zip(given, lengths, strict=True) if length is None]
    if open_ones:
        raise InvalidValue(f"{open_ones[0]} has shares or a rest of the run; say how long it is with --steps")
    return max(length for length in lengths if length is not None)


def _data(texts: list[str], sized: list[Schedule], steps: int, step_size: float | None) -> dict[str, object]:
    rows = [
        {"given": text, "text": str(each), "phases": each.to_json(), "factors": [each(step) for step in range(steps)]}
        for text, each in zip(texts, sized, strict=True)
    ]
    return {"steps": steps, "step_size": step_size, "schedules": rows}


def _show(sized: list[Schedule], steps: int, step_size: float | None, figure: Path | None) -> None:
    from rich.console import Console
    from rich.text import Text

    from surefoot.schedules.drawing import ASCII, picture

    console = Console(highlight=False)
    plain = not _has_braille(console)
    for line in picture(sized, steps=steps, step_size=step_size, width=console.width):
        row = Text()
        for text, ink in line:
            row.append(text.translate(ASCII) if plain else text, "" if ink is None else INKS[ink % len(INKS)])
        console.print(row, soft_wrap=True)
    if figure is not None:
        console.print(f"\nfigure: {figure}", markup=False, soft_wrap=True)


def _has_braille(console: "Console") -> bool:
    try:
        "┤⣿".encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True
