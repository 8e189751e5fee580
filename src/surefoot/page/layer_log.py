"""The latest figures of layers, as the files of a run's log have them: whole steps, without those in blocks."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import InvalidValue
from surefoot.page.library import LAYERS
from surefoot.page.log_lines import journal_lines
from surefoot.records import database, journal

Laid: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Of which tensors figures are, and which."""

Chunk: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Some steps [n], and their figures, one after the other."""


def latest(folder: Path, step: int) -> tuple[Laid | None, list[Chunk]]:
    """Return of what a run's figures are, and the whole steps that may come after one.

    Errors: InvalidValue if the log cannot be read.
    """
    try:
        return (_database if (folder / database.NAME).exists() else _lines)(folder, step)
    except (sqlite3.Error, OSError) as error:
        raise InvalidValue(f"{str(folder)!r} holds no log that can be read: {error}.") from error


def _database(folder: Path, step: int) -> tuple[Laid | None, list[Chunk]]:
    """Return of which tensors and columns figures are, and the whole steps in a database that may come after one."""
    with closing(sqlite3.connect(f"{(folder / database.NAME).resolve().as_uri()}?mode=ro", uri=True)) as opened:
        laid = opened.execute("SELECT names, columns FROM layout").fetchone()
        asked = "SELECT steps, data FROM layers WHERE level = 0 AND last > ? ORDER BY last, id"
        rows = [] if laid is None else opened.execute(asked, (step,)).fetchall()
    chunks = [(np.frombuffer(steps, "<i8"), np.frombuffer(data, "<f4")) for steps, data in rows]
    return None if laid is None else (tuple(json.loads(laid[0])), tuple(json.loads(laid[1]))), chunks


def _lines(folder: Path, step: int) -> tuple[Laid | None, list[Chunk]]:
    """The same from files of lines: of the journal as far as the layout, and of the figures the latest files."""
    laid = next((line for line in journal_lines(folder / journal.NAME) if "names" in line), None)
    chunks: list[Chunk] = []
    for file in sorted(folder.glob(f"{LAYERS}*.jsonl"), reverse=True):
        chunks = [*_chunks(file), *chunks]
        if chunks and chunks[0][0][0] <= step:
            break
    return None if laid is None else (tuple(laid["names"]), tuple(laid["columns"])), chunks


def _chunks(file: Path) -> list[Chunk]:
    found: list[Chunk] = []
    for line in journal_lines(file):
        if "level" in line:
            data = np.frombuffer(base64.b64decode(line["data"]), "<f4")
            found.append((np.array(line["steps"], np.int64), data))
        elif "rewind" in line:
            kept = [(steps, data, steps < line["step"]) for steps, data in found]
            found = [(steps[k], data.reshape(len(steps), -1)[k].ravel()) for steps, data, k in kept if k.any()]
    return found
