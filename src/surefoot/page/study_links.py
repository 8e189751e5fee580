"""Which note tells more of what a run's page shows: of a finding, a rule, a schedule."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any


@cache
def note_explaining(code: str) -> str:
    """Return the id of the note that explains a check's findings, a written one first; "" if there is none.

    >>> note_explaining("falls") != "", note_explaining("nothing-like-it")
    (True, '')
    """
    from surefoot.study.library import notes  # half a second, which a page without findings does without

    return next((note.id for note in notes() if code in note.explains), "")


def notes_of_settings(settings: Mapping[str, Any]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the notes on the rule and the schedule of a run: id and title, by the setting's name.

    >>> notes_of_settings({"rule": "adamw", "seed": 0})
    {'rule': (('adamw', 'AdamW'),)}
    """
    rule, schedule = settings.get("rule"), settings.get("schedule")
    told: dict[str, tuple[str, ...]] = {"rule": (f"rule:{rule}",) if isinstance(rule, str) else ()}
    shapes = re.findall(r"[a-z_]+(?=\()", schedule) if isinstance(schedule, str) else []
    told["schedule"] = tuple(f"schedule:{shape}" for shape in dict.fromkeys(shapes))
    found = {name: tuple(filter(None, map(note_on, entries))) for name, entries in told.items()}
    return {name: each for name, each in found.items() if each}


@cache
def note_on(entry: str) -> tuple[str, str] | None:
    """Return id and title of the note on an entry of the catalogue; None if there is none."""
    from surefoot.study.library import notes

    return next(((note.id, note.title) for note in notes() if note.entry == entry), None)
