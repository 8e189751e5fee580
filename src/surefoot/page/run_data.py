"""What a run's page draws: its curves, layers, phases and events, as plain values for the script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, final

from surefoot.errors import InvalidValue
from surefoot.page import layer_map
from surefoot.page.buckets import MOST, Buckets, level_for, of_points
from surefoot.page.layer_map import Figures
from surefoot.page.library import Known, Library, tried
from surefoot.page.log import Mark
from surefoot.page.phases import phases
from surefoot.trace import Event

TOGETHER = 400
"""New points that are sent as they are; more are sent by buckets."""


@final
@dataclass(frozen=True)
class Cursor:
    """How much of a run a tab has: a mark of its log, and the last step of its layers' figures.

    >>> Cursor.read(str(Cursor(Mark(3, 1.5), 60)))
    Cursor(mark=Mark(pieces=3, time=1.5), layers=60)
    """

    mark: Mark = field(default_factory=Mark)
    layers: int = -1

    def __str__(self) -> str:
        return f"{self.mark}/{self.layers}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """Return the cursor that a text stands for, or None if it is none."""
        marked, _, layers = text.partition("/")
        mark = Mark.read(marked)
        return cls(mark, int(layers)) if mark and layers.lstrip("-").isdecimal() and len(layers) < 19 else None


def whole(library: Library, known: Known, which: str = "update_ratio", most: int = MOST) -> dict[str, Any]:
    """Return all that a page draws of a run at first.

    Args:
        library: has the run.
        known: the run.
        which: the picture of the layers that is wanted.
        most: buckets of a curve.

    Errors: InvalidValue if the record cannot be read.
    """
    log = library.log(known.facts.path).snapshot(most)
    found = _layers(known)
    curves = {} if found is None else layer_map.curves(found, most)
    return {
        "id": known.id, **glance(known),
        "phases": phases(known.meta.get("settings") or {}, log.events, known.facts.steps),
        "series": {name: each.to_json() for name, each in {**log.series, **curves}.items()},
        "events": list(map(event, log.events)), "map": layer_map.picture(found, which),
        "cursor": str(Cursor(log.mark, -1 if found is None else found.last)),
    }  # fmt: skip


def glance(known: Known) -> dict[str, Any]:
    """Return what a page says of a run beside its curves, which changes while it goes on."""
    total = (known.meta.get("settings") or {}).get("steps")
    best = known.facts.best
    return {
        "title": known.title, "state": known.facts.state, "taken": known.facts.steps,
        "total": total if isinstance(total, int) else None, "best": best if isfinite(best) else None,
        "ended": known.meta.get("ended") is not None,
        "tried": 0 if known.facts.steps else len(tried(known.facts.path)),
    }  # fmt: skip


def event(told: Event) -> dict[str, Any]:
    """Return an event as plain values."""
    return {"step": told.step, "kind": told.kind, "text": told.text}


def news(library: Library, known: Known, cursor: Cursor, which: str) -> dict[str, Any] | None:
    """Return what a tab does not have yet; all of it, marked as such, if the run went back behind what the tab has.

    Args:
        library: has the run.
        known: the run, as it is now.
        cursor: what the tab has.
        which: the picture that it shows.

    Errors: InvalidValue if the record cannot be read.
    """
    new = library.log(known.facts.path).since(cursor.mark)
    if new is None:
        return {**whole(library, known, which), "again": True}
    found = layer_map.later(known.facts.path, cursor.layers)
    curves = _curves(found)
    series = {name: _sent(*points).to_json() for name, points in new.series.items()}
    return {
        "id": known.id, **glance(known), "series": {**series, **curves}, "events": list(map(event, new.events)),
        "phases": phases(known.meta.get("settings") or {}, _told(library, known, new.events), known.facts.steps),
        "map": None if found is None or not len(found) else layer_map.picture(found, which, 8),
        "cursor": str(Cursor(new.mark, max(cursor.layers, -1 if found is None else found.last))),
    }  # fmt: skip


def _told(library: Library, known: Known, new: Sequence[Event]) -> Sequence[Event]:
    """Return the events that phases depend on; all are read only where a cool-down may have begun."""
    open_ended = (known.meta.get("settings") or {}).get("end") is not None
    return library.log(known.facts.path).events() if open_ended else new


def _curves(found: Figures | None) -> Mapping[str, Any]:
    if found is None or not len(found):
        return {}
    return {name: each.to_json() for name, each in layer_map.curves(found, TOGETHER).items()}


def _sent(steps: Any, values: Any) -> Buckets:
    return of_points(steps, values, level_for(int(steps[0]), int(steps[-1]), TOGETHER))


def _layers(known: Known) -> Figures | None:
    try:
        return layer_map.figures(known.facts.path)
    except InvalidValue:
        return None
