"""What a run's page tells in words: the verdict, what was found, what happened, the search, the average."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from surefoot.diagnose import CHECKS, Finding, Seen, Where
from surefoot.diagnose.diagnosis import Diagnosis, diagnosis
from surefoot.diagnose.finding import MEANING
from surefoot.page.library import Known, tried
from surefoot.page.searches import race_chart, race_lines, range_chart
from surefoot.page.study_links import subject_of_check, subjects_of_settings
from surefoot.page.words import whole
from surefoot.trace import DETAIL, Event

TOLD = {
    "best": "best so far", "stopped": "stopped", "finished": "finished", "interrupted": "interrupted",
    "failed": "failed", "diverged": "diverged", "resumed": "resumed", "skipped": "step not taken", "fell": "fell",
    "finding": "finding", "cooling": "cool-down begins", "searched": "step size found", "averaged": "average judged",
}  # fmt: skip
"""How kinds of events are called."""

GRAVE = ("fell", "skipped", "failed", "diverged")
"""Kinds of events that want to be looked at."""


def story(known: Known, events: Sequence[Event]) -> dict[str, Any]:
    """Return what templates of a run's page need beside its curves.

    Args:
        known: the run.
        events: what its log has of events.
    """
    ended: Mapping[str, Any] = known.meta.get("ended") or {}
    found = _findings(ended.get("findings"), events)
    search = ended.get("search") or _search(known)
    return {
        "verdict": _verdict(known, found, events),
        "findings": _told(found),
        "events": [_event(each) for each in events if each.kind not in ("best", DETAIL)],
        "bests": sum(each.kind == "best" for each in events),
        "search": search,
        "race": race_chart(search) if search else "",
        "racers": race_lines(search) if search else [],
        "ranges": [(each, range_chart(each)) for each in (search or {}).get("ranges", ())],
        "average": ended.get("average"),
        "outcome": ended,
        "learn": subjects_of_settings(known.meta.get("settings") or {}),
    }


def _event(event: Event) -> dict[str, Any]:
    grave = event.kind in GRAVE or event.kind == "finding"
    return {
        "step": event.step,
        "kind": event.kind,
        "told": TOLD.get(event.kind, event.kind),
        "text": event.text,
        "grave": grave,
    }


def _findings(full: Sequence[Mapping[str, Any]] | None, events: Sequence[Event]) -> Diagnosis:
    """Return the diagnosis: of the findings as the run's end tells them, or as events told them on the way."""
    if full is None:
        pairs = pairwise([*events, None])
        early = [_on_the_way(one, after) for one, after in pairs if one is not None and one.kind == "finding"]
        return diagnosis(early, CHECKS)
    return diagnosis([_finding(each) for each in full], CHECKS)


def _on_the_way(event: Event, after: Event | None) -> Finding:
    """Return a finding from the event that tells of it in a sentence, and from the next, if that has all of it."""
    code, _, claim = event.text.partition(": ")
    if after is not None and after.kind == DETAIL:
        with suppress(ValueError, KeyError, TypeError):
            return _finding(json.loads(after.text))
    return _early(event.step, code, claim)


def _finding(told: Mapping[str, Any]) -> Finding:
    check, where = CHECKS.get(told["code"]), told["where"]
    return Finding(
        told["code"], told["claim"], told["change"],
        tuple(Seen(each["what"], each["value"], each["expected"]) for each in told["seen"]),
        Where(where["step"], tuple(where["layer"]), tuple(where["rows"]), where["batch"], where["line"]),
        told["evidence"], told["severity"], told["disproof"], check.question if check else told["code"],
    )  # fmt: skip


def _early(step: int, code: str, claim: str) -> Finding:
    check = CHECKS.get(code)
    if check is None:
        return Finding(code, claim, "", (), Where(step), "certain", "note", "", code)
    return Finding(code, claim, "", (), Where(step), check.evidence, check.severity, check.disproof, check.question)


def _told(found: Diagnosis) -> list[dict[str, Any]]:
    """Return the findings in the order in which they are to be read, each with its part in the whole."""
    parts = [("headline", [found.headline] if found.headline else []), ("follows from it", found.symptoms)]
    parts += [("also wrong", found.others), ("true, and perhaps meant", found.notes)]
    return [
        _card(each, role, number)
        for number, (role, each) in enumerate((role, each) for role, group in parts for each in group)
    ]


def _card(finding: Finding, role: str, number: int) -> dict[str, Any]:
    check = CHECKS.get(finding.code)
    return {
        "number": number, "role": role, "code": finding.code, "title": check.title if check else finding.code,
        "why": check.why if check else "", "claim": finding.claim, "change": finding.change,
        "seen": [str(each) for each in finding.seen], "where": str(finding.where), "step": finding.where.step,
        "layers": list(finding.where.layer), "severity": finding.severity, "evidence": finding.evidence,
        "sure": MEANING[finding.evidence], "grave": MEANING[finding.severity], "disproof": finding.disproof,
        "dismiss": finding.dismissal, "about": subject_of_check(finding.code),
    }  # fmt: skip


def _verdict(known: Known, found: Diagnosis, events: Sequence[Event]) -> dict[str, str]:
    """Return the first thing to read: whether all is well, to look at something, or to stop."""
    steps, state = known.facts.steps, known.facts.state
    if state in ("failed", "diverged"):
        return {"level": "stop", "word": state, "text": known.reason or "the run did not end well"}
    if found.headline is not None:
        return {"level": "look", "word": "look at this", "text": found.headline.claim}
    grave = [event for event in events if event.kind in GRAVE]
    if grave:
        return {"level": "look", "word": "look at this", "text": f"step {grave[-1].step}: {grave[-1].text}"}
    if not steps:
        searching = "it is still looking for its step size" if tried(known.facts.path) else "no step was recorded yet"
        return {"level": "well", "word": "under way" if state == "running" else state, "text": searching}
    looked = "so far" if state == "running" else f"in {whole(steps)} steps"
    return {"level": "well", "word": "healthy", "text": f"Nothing wrong found {looked}."}


def _search(known: Known) -> dict[str, Any] | None:
    """Return what is known of a search whose run has not ended."""
    found = tried(known.facts.path)
    return (
        {"tried": found, "reason": "", "step_size": None, "cost": sum(each["steps"] for each in found)}
        if found
        else None
    )
