"""Runs for other programs: tables of comma-separated values, lines of JSON, TensorBoard's event files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from surefoot.errors import InvalidValue
from surefoot.records.export.events import write_events
from surefoot.records.export.lines import write_lines
from surefoot.records.export.tables import write_tables
from surefoot.records.meta import known_meta

Kind: TypeAlias = Literal["csv", "jsonl", "tensorboard"]

KINDS: Mapping[str, Callable[[Path, Path], list[Path]]] = {
    "csv": write_tables,
    "jsonl": write_lines,
    "tensorboard": write_events,
}
"""What writes each kind: given a run's folder and the one to write to, it returns the files that it wrote."""


def export(run: str | Path, to: Kind, out: str | Path) -> list[Path]:
    """Write a run in another form; return the files.

    Args:
        run: the run's folder; it may still be running.
        to: csv (series.csv, events.csv, layers.csv), jsonl (run.jsonl) or tensorboard (an event file).
        out: the folder for the files; it is made if need be, and must be empty.

    Errors: InvalidValue if there is no run, the kind is unknown, or the folder is not empty or cannot be written.
    """
    known_meta(run)
    where = Path(out)
    if to not in KINDS:
        raise InvalidValue(f"to is {to!r}; it is one of {', '.join(KINDS)}.")
    try:
        where.mkdir(parents=True, exist_ok=True)
        if any(where.iterdir()):
            raise InvalidValue(f"{str(out)!r} is not empty; name a folder that is, or that is not there yet.")
        return KINDS[to](Path(run), where)
    except OSError as error:
        raise InvalidValue(f"{str(out)!r} cannot be written: {error}.") from error
