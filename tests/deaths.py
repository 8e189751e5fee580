"""Kills runs at random moments and lets them go on: what `test_deaths` and `make kills` stand on."""

import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

WHOLE = Path(__file__).with_name("mortal.py")


@dataclass(frozen=True)
class Death:
    """One run that was killed.

    Args:
        kind: which of the runs of `mortal.KINDS`.
        after: seconds after it had begun.
        phase: what it was doing.
        integrity: what SQLite says of its record.
        recorded: the last step of which the record has a penalty.
    """

    kind: str
    after: float
    phase: str
    integrity: str
    recorded: int


def started(kind: str, runs: Path, *, resume: bool, torch_threads: int = 1) -> "subprocess.Popen[str]":
    """Start a run in a process of its own; return when it has begun."""
    command = [sys.executable, str(WHOLE), kind, str(runs), str(int(resume)), str(torch_threads)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "begun\n", line + process.communicate()[1]
    return process


def ended(process: "subprocess.Popen[str]") -> dict[str, object]:
    """Wait for a run's end; return what it says of itself: hash of the weights, kind of end, steps, seconds."""
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    found: dict[str, object] = json.loads(out.splitlines()[-1])
    return found


def killed(kind: str, runs: Path, after: float, *, resume: bool, by: signal.Signals = signal.SIGKILL) -> Death | None:
    """Start a run and kill it; None if it was quicker."""
    process = started(kind, runs, resume=resume)
    time.sleep(after)
    if process.poll() is not None:
        process.communicate()
        return None
    process.send_signal(by)
    process.communicate(timeout=60)
    made = sorted(runs.iterdir()) if runs.exists() else []
    return examined(kind, after, made[-1]) if made else Death(kind, after, "before the first word", "no log yet", -1)


def examined(kind: str, after: float, folder: Path) -> Death:
    """Return how a killed run's folder was left; nothing in it is changed."""
    file = folder / "run.sqlite"
    integrity, recorded, searched = "no log yet", -1, 0
    if file.exists() and file.stat().st_size:
        with closing(sqlite3.connect(file)) as database:
            integrity = str(database.execute("PRAGMA integrity_check").fetchone()[0])
            found = database.execute(
                "SELECT max(step) FROM point JOIN series ON series.id = series WHERE key = 'penalty'"
            )
            recorded = int(next(iter(found.fetchone()), -1) or -1) if integrity == "ok" else -1
            searched = int(database.execute("SELECT count(*) FROM event WHERE kind = 'searched'").fetchone()[0])
    writing = any(folder.glob("**/*.part"))
    phase = "writing" if writing else "training" if searched or recorded >= 0 or kind == "loader" else "search"
    return Death(kind, after, phase, integrity, recorded)


def lived_through(
    kind: str, runs: Path, deaths: int, whole: float, draw: random.Random
) -> tuple[list[Death], dict[str, object]]:
    """Kill a run again and again, then let it go on to its end; return its deaths, and what the end says."""
    found: list[Death] = []
    for number in range(deaths):
        death = killed(kind, runs, draw.uniform(0.0, whole), resume=number > 0)
        if death is None:
            break
        found.append(death)
    return found, ended(started(kind, runs, resume=bool(found) or deaths == 0))


def digest(tensors: list[bytes]) -> str:
    """Return one hash of all of a model's bytes."""
    return hashlib.sha256(b"".join(tensors)).hexdigest()
