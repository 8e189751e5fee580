"""`meta.json`: what ran, who writes it, and how it ended."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from surefoot.errors import InvalidValue, short
from surefoot.trace import SCHEMA

NAME = "meta.json"


def read_meta(folder: str | Path) -> dict[str, Any]:
    """Return what `meta.json` says; its "ended" is None while the run goes on, or if it was killed.

    Errors: InvalidValue if there is no run there.
    """
    try:
        meta: dict[str, Any] = json.loads((Path(folder) / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        where, why = short(repr(str(folder)), 200), short(str(error), 200)
        raise InvalidValue(f"{where} holds no run that can be read: {why}.") from error
    kinds = {"schema": int, "name": str, "begun": str}
    if not isinstance(meta, dict) or not all(isinstance(meta.get(key), kind) for key, kind in kinds.items()):
        raise InvalidValue(f"{str(folder)!r} holds no run that can be read: its {NAME} is not surefoot's.")
    return meta


def known_meta(folder: str | Path) -> dict[str, Any]:
    """Return what `meta.json` says, if this surefoot can read the rest of the record.

    Errors: InvalidValue if there is no run there, or a newer surefoot wrote it.
    """
    meta = read_meta(folder)
    if meta["schema"] > SCHEMA:
        raise InvalidValue(
            f"{str(folder)!r} was written by a newer surefoot (schema {meta['schema']}); update surefoot."
        )
    return meta


def write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    """Replace `meta.json` whole: neither a reader nor a kill nor a power cut ever meets half of it.

    Errors: OSError if the disk will not take it; the former one stays then.
    """
    text = json.dumps(meta, indent=2, allow_nan=False) + "\n"
    part = folder / f"{NAME}.part"
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, folder / NAME)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    _synchronise(folder)


def _synchronise(folder: Path) -> None:
    """See to it that the new name is on the disk; some systems cannot open a folder, and need not."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
