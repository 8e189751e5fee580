"""What people call their runs: a file beside the record, which stays what it was, also while the run is written."""

import os
from contextlib import suppress
from pathlib import Path

from surefoot.errors import InvalidValue

FILE = "title.txt"
LONGEST = 120
"""Characters of a title."""


def title_of(path: Path) -> str:
    """Return the title of a run; "" without one."""
    with suppress(OSError):
        return " ".join((path / FILE).read_text(encoding="utf-8", errors="replace").split())[:LONGEST]
    return ""


def retitle(path: Path, title: str) -> str:
    """Give a run a title; return the one it had, which undoes this. An empty title takes it away.

    Errors: InvalidValue if the title is too long or cannot be written.
    """
    plain = " ".join(title.split())
    if len(plain) > LONGEST or not plain.isprintable():
        raise InvalidValue(f"the title has {len(plain)} characters; give {LONGEST} at most, all of them printable.")
    before = title_of(path)
    try:
        if not plain:
            (path / FILE).unlink(missing_ok=True)
        else:
            part = path / f"{FILE}.part"
            part.write_text(f"{plain}\n", encoding="utf-8")
            os.replace(part, path / FILE)
    except OSError as error:
        raise InvalidValue(f"the title cannot be written: {error}.") from error
    return before
