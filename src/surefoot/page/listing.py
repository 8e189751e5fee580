"""The list of runs: which of them are asked for, in what order, and what stands in a row."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, final

from surefoot.errors import InvalidValue
from surefoot.page.drawing import spark
from surefoot.page.library import Known, Library, Signature, signature

if TYPE_CHECKING:
    from pathlib import Path

SORTS: Mapping[str, tuple[str, Callable[[Known], Any], bool]] = {
    "begun": ("newest", lambda known: known.facts.begun, True),
    "best": ("best validation", lambda known: known.facts.best if isfinite(known.facts.best) else inf, False),
    "title": ("name", lambda known: known.title.lower(), False),
    "steps": ("steps", lambda known: known.facts.steps, True),
    "state": ("status", lambda known: known.facts.state, False),
}
"""How the list can be sorted: what that is called, by what, and whether the greatest comes first."""

STATES = ("running", "finished", "stopped", "diverged", "interrupted", "failed", "killed")

PATIENCE = 0.1
"""Seconds that small curves may take before a page is answered; those left out come with its stream."""

PACE = 25e6
"""Bytes of a log in a second, about, as a small curve is made of it."""


@final
@dataclass(frozen=True)
class Asked:
    """What part of the list is asked for.

    Args:
        words: all of them are in a run's title, name, folder, rule or reason.
        state: how the runs stand; "" for all.
        sort: one of `SORTS`.
    """

    words: tuple[str, ...] = ()
    state: str = ""
    sort: str = "begun"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """Return what a query asks for; what it cannot mean is left out."""
        state, sort = query.get("state", ""), query.get("sort", "begun")
        words = tuple(query.get("search", "")[:200].lower().split())
        return cls(words, state if state in STATES else "", sort if sort in SORTS else "begun")

    def wants(self, known: Known) -> bool:
        """Tell whether a run is asked for."""
        settings = known.meta.get("settings") or {}
        text = " ".join([known.title, known.facts.name, known.id, known.reason, str(settings.get("rule", ""))]).lower()
        return self.state in ("", known.facts.state) and all(word in text for word in self.words)


@final
@dataclass(frozen=True)
class Row:
    """A run in the list.

    Args:
        known: the run.
        spark: its validation penalty, or its penalty, as a small curve; "" if there is none, or not yet.
    """

    known: Known
    spark: str

    @property
    def id(self) -> str:
        """The run's name."""
        return self.known.id


@final
class Listing:
    """The list, with the small curves that were drawn before.

    Args:
        library: has the runs.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._sparks: dict[Path, tuple[Signature, str]] = {}
        self.many = 0

    def rows(self, asked: Asked, patience: float = PATIENCE) -> list[Row]:
        """Return the runs that are asked for, in the order that is asked for.

        Args:
            asked: which, and in what order.
            patience: seconds that small curves may take; a run has its former one, or none, where that is too short.
        """
        runs = self._library.runs()
        self.many = len(runs)
        _, key, falling = SORTS[asked.sort]
        found = sorted((known for known in runs if asked.wants(known)), key=key, reverse=falling)
        until = time.monotonic() + patience
        return [Row(known, self._spark(known, until)) for known in found]

    def _spark(self, known: Known, until: float) -> str:
        path = known.facts.path
        now, before = signature(path), self._sparks.get(path)
        if before is not None and before[0] == now:
            return before[1]
        if time.monotonic() + sum(size for _, size, _ in now) / PACE > until:
            return before[1] if before is not None else ""
        self._sparks[path] = now, self._drawn(known)
        return self._sparks[path][1]

    def _drawn(self, known: Known) -> str:
        try:
            series = self._library.log(known.facts.path).snapshot(55).series
        except (InvalidValue, OSError):
            return ""
        name = "validation_penalty" if len(series.get("validation_penalty", ())) > 1 else "penalty"
        if name not in series:
            return ""
        each = series[name]
        values = each.mean[each.counts > 0]
        said = f"{name.replace('_', ' ')} from {values[0]:.3g} to {values[-1]:.3g}" if len(values) else name
        return spark(each.steps.tolist(), each.mean.tolist(), said)
