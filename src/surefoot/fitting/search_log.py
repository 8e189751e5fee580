"""What a search has tried, on the disk as it goes: a run that is resumed tries nothing twice."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, final

from surefoot.race import Candidate
from surefoot.search.trial import Outcome

NAME = "search.jsonl"


@final
class SearchLog:
    """The outcomes of a run's short runs, a line each, on the disk as soon as they are told.

    A short run starts from the same state, whatever came before it, so an outcome that is known is as good as one that
    is found again.

    Args:
        folder: the run's; None keeps nothing.

    Errors: none; a line that a death has torn is passed over, and a disk that fails keeps nothing more.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / NAME
        lines = [] if self._file is None else _lines(self._file)
        self.known: tuple[Outcome, ...] = tuple(found for each in lines if (found := _outcome(each)) is not None)
        self._steps = next((each["steps"] for each in lines if "candidate" not in each and "steps" in each), None)

    def steps(self, found: Callable[[], int]) -> int:
        """Return the length of run that is searched for: the one written down, or the one found now.

        A length that follows from the clock would be another one after a death.
        """
        if self._steps is None:
            self._steps = found()
            self._add({"steps": self._steps})
        return int(self._steps)

    def add(self, outcome: Outcome) -> None:
        """Write an outcome down, if it is new."""
        if outcome not in self.known:
            penalty = outcome.penalty if math.isfinite(outcome.penalty) else str(outcome.penalty)
            self._add({"candidate": asdict(outcome.candidate), "penalty": penalty, "taken": outcome.steps})

    def _add(self, line: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps(line, allow_nan=False)}\n")  # a torn line before it stays alone
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self._file = None  # the record says what is wrong with the disk


def _lines(file: Path) -> list[dict[str, Any]]:
    try:
        texts = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        found += [line] if isinstance(line, dict) else []
    return found


def _outcome(line: dict[str, Any]) -> Outcome | None:
    try:
        return Outcome(Candidate(**line["candidate"]), float(line["penalty"]), int(line["taken"]))
    except (KeyError, TypeError, ValueError):
        return None
