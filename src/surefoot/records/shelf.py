"""All runs that a folder holds: what each is, how it stands, the latest of a name, and taking one away."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, final

from filelock import Timeout

from surefoot.errors import InvalidValue
from surefoot.records.lock import RunLock, held
from surefoot.records.meta import NAME, read_meta
from surefoot.records.reading import read_progress
from surefoot.records.titles import title_of

State: TypeAlias = Literal["running", "finished", "stopped", "diverged", "interrupted", "failed", "killed"]
"""How a run stands: a process holds it, or it ended in one of five ways, or it was killed and said nothing."""


@final
@dataclass(frozen=True)
class RunFacts:
    """What is known of a run at a glance.

    Args:
        path: its folder.
        name: what ran.
        begun: when.
        state: how it stands.
        steps: steps taken, as far as was recorded.
        best: the best validation penalty; NaN without one.
        title: what its owner calls it; "" if nothing.
    """

    path: Path
    name: str
    begun: datetime
    state: State
    steps: int
    best: float
    title: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain values that JSON holds."""
        return {
            "path": str(self.path), "name": self.name, "begun": self.begun.isoformat(), "state": self.state,
            "steps": self.steps, "best": self.best if isfinite(self.best) else None, "title": self.title,
        }  # fmt: skip


def runs(folder: str | Path) -> list[RunFacts]:
    """Return all runs of a folder, the oldest first; what is no run, or cannot be read, is passed over.

    Errors: none; a folder that is not there holds no runs.
    """
    found = []
    for meta in sorted(Path(folder).glob(f"*/{NAME}")):
        try:
            found.append(facts(meta.parent))
        except InvalidValue:
            continue
    return sorted(found, key=lambda each: each.begun)


def facts(path: str | Path) -> RunFacts:
    """Return what is known of one run.

    Errors: InvalidValue if there is none, or a newer surefoot wrote it.
    """
    where = Path(path)
    running = held(where)  # before its words: an end that is written in between is then seen
    meta = read_meta(where)
    ended: dict[str, Any] = meta["ended"] or {}
    state = cast("State", ended.get("ended", "finished") if ended else "running" if running else "killed")
    best = (ended.get("best") or {}).get("validation_penalty")
    steps = ended.get("step")
    if steps is None or (best is None and "best" not in ended):
        steps, best = _logged(where)
    return RunFacts(
        where, str(meta["name"]), datetime.fromisoformat(meta["begun"]), state, steps, nan if best is None else best,
        title_of(where),
    )  # fmt: skip


def _logged(where: Path) -> tuple[int, float]:
    """Return steps and best by the log; a run that was killed before it had one has taken no step."""
    try:
        return read_progress(where)
    except InvalidValue:
        return 0, nan


def latest(folder: str | Path, name: str | None = None) -> RunFacts | None:
    """Return the run of a folder that was begun last, of those that have a name if one is given; None without one."""
    return next((each for each in reversed(runs(folder)) if name in (None, each.name)), None)


def delete(path: str | Path) -> None:
    """Take a run's folder away with all that is in it.

    Errors: InvalidValue if there is no run there, it is running, or its folder cannot be taken away.
    """
    where = Path(path)
    read_meta(where)
    try:
        lock = RunLock(where)
        try:
            shutil.rmtree(where)
        finally:
            lock.release()
    except Timeout as error:
        raise InvalidValue(f"{str(path)!r} is running; stop it first, then delete it.") from error
    except OSError as error:
        raise InvalidValue(f"{str(path)!r} cannot be taken away: {error}.") from error


def find(folder: str | Path, run: str) -> RunFacts:
    """Return the run that is meant: by its folder, the beginning of that folder's name, its title or what ran.

    Of several with one title, and of several of what ran, it is the latest.

    Args:
        folder: holds all runs.
        run: a path, the name of a folder there or as much of its beginning as no other has, a title, or what ran.

    Errors: InvalidValue if no run, or more than one, is meant.
    """
    if (Path(run) / NAME).is_file():
        return facts(run)
    if run and (Path(folder) / run / NAME).is_file():
        return facts(Path(folder) / run)
    there = runs(folder)
    named = [each for each in there if each.name == run] + [each for each in there if run and each.title == run]
    begun = [each for each in there if run and each.path.name.startswith(run)]
    if named or len(begun) == 1:
        return (named or begun)[-1]
    if begun:
        raise InvalidValue(f"{run!r} is the beginning of {len(begun)} runs; write more of {begun[-1].path.name!r}.")
    names = ", ".join(dict.fromkeys(each.name for each in reversed(there)))
    raise InvalidValue(f"{str(folder)!r} has no run {run!r}; it has {f'runs of {names}' if there else 'none'}.")
