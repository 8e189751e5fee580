"""Which note tells more of what a run's page shows: of a finding, a rule, a schedule.

A run's page names the subject alone, from names that cost nothing; which note that is is looked up when somebody asks,
since reading all notes takes a fifth of a second.
"""

import re
from collections.abc import Mapping
from typing import Any

from surefoot.diagnose import CHECKS
from surefoot.rules import RULES
from surefoot.schedules.joins import JOINS
from surefoot.schedules.shapes import SHAPES

_SCHEDULES = {*SHAPES, *(join.__name__ for join in JOINS)}


def subject_of_check(code: str) -> str:
    """Return what a finding of a check is about; "" if no check has that code.

    >>> subject_of_check("falls"), subject_of_check("nothing-like-it")
    ('check:falls', '')
    """
    return f"check:{code}" if code in CHECKS else ""


def subjects_of_settings(settings: Mapping[str, Any]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return what the rule and the schedule of a run are about: subject and name, by the setting's name.

    >>> subjects_of_settings({"rule": "adamw", "schedule": "warmup(5%) >> none()", "seed": 0})
    {'rule': (('rule:adamw', 'adamw'),), 'schedule': (('schedule:warmup', 'warmup'),)}
    """
    rule, schedule = settings.get("rule"), settings.get("schedule")
    shapes = re.findall(r"[a-z_]+(?=\()", schedule) if isinstance(schedule, str) else []
    told = {
        "rule": [rule] if isinstance(rule, str) and (rule in RULES or rule == "muon") else [],
        "schedule": [shape for shape in dict.fromkeys(shapes) if shape in _SCHEDULES],
    }
    return {kind: tuple((f"{kind}:{name}", name) for name in names) for kind, names in told.items() if names}


def note_about(subject: str) -> str:
    """Return the id of the note on a subject, one that is written before one that is read off; "" if there is none.

    >>> note_about("check:falls") != "", note_about("rule:muon"), note_about("rule:nothing")
    (True, 'muon', '')
    """
    from surefoot.study.library import notes

    kind, _, name = subject.partition(":")
    explaining = (note.id for note in notes() if kind == "check" and name in note.explains)
    on = (note.id for note in notes() if note.entry == subject or (kind == "rule" and note.id == name))
    return next(explaining, "") or next(on, "")
