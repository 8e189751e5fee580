"""The runs that a page shows: looked up in a list by their names, never by a path that a request gives."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import nan
from pathlib import Path
from typing import Any, TypeAlias, final

from surefoot.errors import InvalidValue
from surefoot.page.log import Log
from surefoot.page.log_database import DatabaseLog
from surefoot.page.log_lines import JournalLog, StillLog
from surefoot.records import database, journal
from surefoot.records.lock import held
from surefoot.records.meta import NAME as META
from surefoot.records.meta import known_meta, read_meta
from surefoot.records.shelf import RunFacts, State, facts
from surefoot.records.titles import FILE as TITLE
from surefoot.records.titles import title_of
from surefoot.trace import SCHEMA

Signature: TypeAlias = tuple[tuple[str, int, int], ...]
"""Files of a run with their sizes and the times of their last change."""

SEARCH = "search.jsonl"
"""What a search has tried so far, a line each."""

_WATCHED = (META, TITLE, database.NAME, f"{database.NAME}-wal", journal.NAME, SEARCH)
"""The files that tell whether a run has moved on."""


LAYERS = "layers-0-"
"""How the files with the layers' latest figures begin, beside a journal."""


@final
@dataclass(frozen=True)
class Known:
    """A run in the list.

    Args:
        facts: what is known at a glance.
        title: what its owner calls it; the name of what ran if they call it nothing.
        reason: why it ended; "" while it has not.
        seconds: how long it took; None while that is not known.
        meta: all that `meta.json` says.
    """

    facts: RunFacts
    title: str
    reason: str
    seconds: float | None
    meta: dict[str, Any]

    @property
    def id(self) -> str:
        """The name of its folder, by which requests call it."""
        return self.facts.path.name


@final
class Library:
    """The runs of a folder, read again only where a file has changed.

    Args:
        folder: holds all runs; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[Signature, Known | None]] = {}
        self._logs: dict[Path, Log] = {}

    def runs(self) -> list[Known]:
        """Return all runs, the newest first; what cannot be read is passed over."""
        found = [known for path in self._paths() if (known := self._look(path)) is not None]
        self._known = {path: self._known[path] for path in [known.facts.path for known in found]}
        return sorted(found, key=lambda each: each.facts.begun, reverse=True)

    def find(self, run: str) -> Known | None:
        """Return the run of a name, or None if the list has none of that name."""
        if run not in self._names() or not (self.folder / run / META).is_file():
            return None
        return self._look(self.folder / run)

    def _paths(self) -> Iterator[Path]:
        yield from (self.folder / name for name in self._names() if (self.folder / name / META).is_file())

    def _names(self) -> list[str]:
        try:
            with os.scandir(self.folder) as entries:
                return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
        except OSError:
            return []

    def _look(self, path: Path) -> Known | None:
        now = signature(path)
        before = self._known.get(path)
        if before is None or before[0] != now or before[1] is None or before[1].facts.state == "running":
            self._known[path] = now, self._read(path)
        return self._known[path][1]

    def _read(self, path: Path) -> Known | None:
        try:
            meta = read_meta(path)
            ended = meta.get("ended") or {}
            lines = not ended and (path / journal.NAME).exists()
            found = self._facts(path, meta) if lines else facts(path)
        except (InvalidValue, OSError):
            return None
        return Known(found, found.title or found.name, str(ended.get("reason", "")), ended.get("seconds"), meta)

    def _facts(self, path: Path, meta: dict[str, Any]) -> RunFacts:
        """Return the facts of a run that goes on and is kept as lines, of which only the new ones are read."""
        log = self.log(path)
        taken, judged = log.last("penalty"), log.last("validation_penalty")
        best = next((event.step for event in reversed(log.events()) if event.kind == "best"), -1)
        steps = max([each + more for each, more in ((taken, 1), (judged, 0)) if each is not None], default=0)
        found = log.buckets("validation_penalty", 0, best, best).mean
        state: State = "running" if held(path) else "killed"
        begun = datetime.fromisoformat(meta["begun"])
        low = float(found[-1]) if len(found) else nan
        return RunFacts(path, str(meta["name"]), begun, state, steps, low, title_of(path))

    def log(self, path: Path) -> Log:
        """Return the log of a run that was found here.

        Errors: InvalidValue if it cannot be read.
        """
        if path not in self._logs:
            self._logs[path] = _log(path)
        return self._logs[path]

    def forget(self, path: Path) -> None:
        """Forget a run that is no longer there."""
        self._known.pop(path, None)
        self._logs.pop(path, None)


def signature(path: Path) -> Signature:
    """Return what changes when a run moves on."""
    names = [*_WATCHED]
    if (path / journal.NAME).exists():
        names += sorted(each.name for each in os.scandir(path) if each.name.startswith(LAYERS))
    found = []
    for name in names:
        try:
            about = os.stat(path / name)
        except OSError:
            continue
        found.append((name, about.st_size, about.st_mtime_ns))
    return tuple(found)


def tried(path: Path) -> list[dict[str, Any]]:
    """Return what a run's search has tried so far, as `Found.to_json` tells it; a torn line is passed over."""
    try:
        texts = (path / SEARCH).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for text in texts:
        try:
            line = json.loads(text)
            of, penalty = line["candidate"], line["penalty"]
            told = {"rule": of["rule"], "decay": of["decay"], "step_size": of["step_size"], "steps": of["length"]}
            found.append({**told, "penalty": penalty if isinstance(penalty, float) else None})
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _log(path: Path) -> Log:
    meta = known_meta(path)
    if (path / journal.NAME).exists():
        return JournalLog(path)
    if meta["schema"] < SCHEMA or not _opens(path):
        return StillLog(path)
    return DatabaseLog(path)


def _opens(path: Path) -> bool:
    """Tell whether SQLite can read a database where it is; on a disk that cannot be written it may not."""
    import sqlite3

    try:
        DatabaseLog(path).buckets("", 0, 0, 0)
    except sqlite3.Error:
        return False
    return True
