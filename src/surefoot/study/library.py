"""Every note that comes along: those that are written, in depth, and one for each other entry of the catalogue."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from surefoot.catalogue import KINDS, Entry, entries, find
from surefoot.errors import refuse
from surefoot.study.note import Drill, Note, Topic

FILES = (
    "learning", "penalties", "descent", "adaptive", "step_sizes", "schedules", "stopping", "diagnosis",
)  # fmt: skip
"""Of written notes, in `notes/`."""

_FIELDS = ("id", "topic", "title", "asks", "says", "source", "why", "picture", "use", "common", "demo", "entry")
_LISTS = ("also", "formula", "laws", "explains")


@cache
def notes() -> tuple[Note, ...]:
    """Return every note that comes along: the written ones first, by topic, then the catalogue's others."""
    written = tuple(note for name in FILES for note in _written(name))
    told = {note.entry for note in written}
    return written + tuple(_read_off(entry) for entry in entries() if f"{entry.kind}:{entry.name}" not in told)


def _written(name: str) -> list[Note]:
    file = files("surefoot.study") / "notes" / f"{name}.toml"
    return [note_of(each) for each in tomllib.loads(file.read_text(encoding="utf-8")).get("note", [])]


def note_of(told: Mapping[str, Any]) -> Note:
    """Return the note that a table of a TOML file tells, with the formula and laws of its entry in the catalogue.

    Errors: InvalidValue naming every field that is unknown or has the wrong type, and what Note refuses.
    """
    known = {*_FIELDS, *_LISTS, "drills", "facts"}
    faults = [f"{key} is no field of a note" for key in told if key not in known]
    faults += [f"{key} is no text" for key in _FIELDS if not isinstance(told.get(key, ""), str)]
    faults += [f"{key} is no list of texts" for key in _LISTS if not _texts(told.get(key, []))]
    refuse(f"note {told.get('id')!r}", faults)
    plain: dict[str, Any] = {key: " ".join(told.get(key, "").split()) for key in _FIELDS}
    lists: dict[str, Any] = {key: tuple(told.get(key, ())) for key in _LISTS}
    entry = find(plain["entry"]) if plain["entry"] else None
    if entry is not None:
        lists["formula"] = lists["formula"] or entry.formula
        lists["laws"] = lists["laws"] or _laws(entry)
    drills = tuple(_drill(**each) for each in told.get("drills", ()))
    facts = tuple((str(text), str(check)) for text, check in told.get("facts", ()))
    return Note(**plain, **lists, mathml=mathml(entry) if entry else "", drills=drills, facts=facts)


def _drill(kind: str, **given: Any) -> Drill:
    return Drill(kind, given)


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


_TOPICS: dict[str, Topic] = {"penalty": "penalties", "schedule": "schedules", "check": "diagnosis"}
_PLAIN = ("sgd", "momentum", "nesterov", "momentum_mean", "momentum_keras", "nesterov_keras", "asgd")
"""Rules that take the same step size for all parameters; the others fit it to each."""


def _read_off(entry: Entry) -> Note:
    """Return the note of an entry of the catalogue, in the catalogue's own words."""
    facts = {fact.title: "; ".join(text for _, text in fact.told) for fact in entry.facts}
    topic = _TOPICS.get(entry.kind, "descent" if entry.name in _PLAIN else "adaptive")
    return Note(
        f"{entry.kind}.{entry.name}", topic, entry.name.replace("_", " "), _question(entry), f"{entry.says}.",
        facts.get("source") or "the check's own definition in surefoot.diagnose", why=facts.get("why", ""),
        use=f"`{entry.use}`" if entry.use else "", also=(entry.name,), formula=entry.formula, mathml=mathml(entry),
        laws=_laws(entry), demo=demo_of(entry), entry=f"{entry.kind}:{entry.name}", drills=drills_of(entry),
        explains=(entry.name,) if entry.kind == "check" else (),
    )  # fmt: skip


def _question(entry: Entry) -> str:
    name = entry.name.replace("_", " ")
    return {
        "rule": f"How does the rule {name} step?",
        "schedule": f"What course does the schedule {name} take?",
        "penalty": f"What is {name} for?",
        "check": f"What does the doctor mean by {entry.name}?",
    }[entry.kind]


def drills_of(entry: Entry) -> tuple[Drill, ...]:
    """Return the drills that follow from what an entry is."""
    if entry.kind == "rule":
        return (Drill("one_step", {"rule": entry.name}),)
    if entry.settings:
        given = {"schedule": entry.settings[0]}
        return Drill("factor_at", given), Drill("which_curve", given)
    if entry.kind == "penalty":
        return (Drill("penalty_of", {"penalty": entry.name}),)
    return ()


def demo_of(entry: Entry) -> str:
    """Return the address of the demonstration of an entry on the page; "" if there is none."""
    if entry.kind == "rule":
        return f"/landscapes?surface=ravine&rule={entry.name}"
    if entry.settings:
        return f"/schedules?text={entry.settings[0]}"
    return ""


def _laws(entry: Entry) -> tuple[str, ...]:
    return tuple(text for fact in entry.facts if fact.title == "laws" for _, text in fact.told)


@cache
def _formulas() -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = json.loads(
        files("surefoot").joinpath("formulas.json").read_text(encoding="utf-8")
    )
    return told


def mathml(entry: Entry) -> str:
    """Return an entry's formula as MathML; "" if it has none."""
    found = _formulas().get(KINDS[entry.kind], {}).get(entry.name, {})
    return str(found.get("mathml", ""))
