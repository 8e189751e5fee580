"""A finding: one thing that the doctor says, with all that a person needs to believe it, mend it or dismiss it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, final

from surefoot.trace import DETAIL, Event

Evidence: TypeAlias = Literal["certain", "tested", "statistical"]
"""Certain is a fact of the program's state; tested was confirmed by a small experiment; statistical was calibrated on
healthy runs and has persisted."""

Severity: TypeAlias = Literal["fault", "note"]
"""A fault is wrong whatever was meant; a note is true and may be meant, so it never heads a diagnosis."""

MEANING: dict[Evidence | Severity, str] = {
    "certain": "a fact of the program's state",
    "tested": "confirmed by a small experiment",
    "statistical": "calibrated on healthy runs, and has persisted",
    "fault": "wrong whatever was meant",
    "note": "true, and perhaps meant; it never heads a diagnosis",
}
"""What these words say, for those who read them in a list or on a page."""

At: TypeAlias = Literal["run", "start", "fit"]
"""A run's findings are the doctor's, made while it goes on, or a fit's, which sees more; those at the start are of
`surefoot check`, before it."""

STRENGTH: dict[Evidence, int] = {"certain": 0, "tested": 1, "statistical": 2}


@final
@dataclass(frozen=True)
class Seen:
    """One value that was seen, beside what a sound run would show.

    Args:
        what: a short name, such as "sum of each row of the penalty's input".
        value: what it was, as text or number.
        expected: what it would be in a sound run; "" where there is nothing to compare with.

    >>> str(Seen("penalty before any step", 13.8, "about 2.30 (ln 10)"))
    'penalty before any step: 13.8, expected about 2.30 (ln 10)'
    """

    what: str
    value: str | float
    expected: str = ""

    def __str__(self) -> str:
        value = f"{self.value:.4g}" if isinstance(self.value, float) else self.value
        return f"{self.what}: {value}" + (f", expected {self.expected}" if self.expected else "")


@final
@dataclass(frozen=True)
class Where:
    """Where something is the matter; whatever is not known is left out.

    Args:
        step: steps taken when it was seen.
        layer: names of modules or parameters, as the model has them.
        rows: rows of the batch, from 0.
        batch: what batch, as the run counts them.
        line: file and line of the user's code.

    >>> str(Where(step=3, layer=("body.0.weight",), rows=(5, 9)))
    'step 3, body.0.weight, rows 5 and 9 of the batch'
    """

    step: int | None = None
    layer: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    batch: str = ""
    line: str = ""

    def __str__(self) -> str:
        parts = [] if self.step is None else [f"step {self.step}"]
        parts += [listed(self.layer)] if self.layer else []
        if self.rows:
            parts.append(f"row{'s' * (len(self.rows) > 1)} {listed(tuple(map(str, self.rows)))} of the batch")
        return ", ".join(parts + [part for part in (self.batch, self.line) if part])


@final
@dataclass(frozen=True)
class Finding:
    """What is the matter, how that is known, where, and what to change. `Check.finding` makes them.

    Args:
        code: the check's, such as "softmax-twice"; never changes its meaning.
        claim: what is the matter, in one sentence.
        change: what to change, as code.
        seen: the values that show it.
        where: the place.
        evidence: certain, tested or statistical.
        severity: fault or note.
        disproof: what would show that it is wrong.
        question: what it answers; of findings that answer one question at one place only the first is kept.
        at: whether it is made in a run or at its start.
    """

    code: str
    claim: str
    change: str
    seen: tuple[Seen, ...]
    where: Where
    evidence: Evidence
    severity: Severity
    disproof: str
    question: str
    at: At = "run"

    @property
    def dismissal(self) -> str:
        """How to have it never said again, as code."""
        return dismissal(self.code, self.at)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON holds."""
        place = {
            "step": self.where.step, "layer": list(self.where.layer), "rows": list(self.where.rows),
            "batch": self.where.batch, "line": self.where.line,
        }  # fmt: skip
        seen = [{"what": each.what, "value": _plain(each.value), "expected": each.expected} for each in self.seen]
        return {
            "code": self.code, "claim": self.claim, "change": self.change, "seen": seen, "where": place,
            "evidence": self.evidence, "severity": self.severity, "disproof": self.disproof,
            "dismiss": self.dismissal,
        }  # fmt: skip


def kept(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain values from which `remade` makes it again, for a checkpoint."""
    return asdict(finding)


def remade(plain: Mapping[str, Any]) -> Finding:
    """Return the finding that `kept` was given.

    >>> found = Finding("a-code", "It is so.", "x = 1", (Seen("sum", 2.0),), Where(3), "certain", "fault", "-", "?")
    >>> remade(kept(found)) == found
    True
    """
    facts = plain["where"].items()
    where: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts}
    return Finding(**{**plain, "seen": tuple(Seen(**each) for each in plain["seen"]), "where": Where(**where)})


def as_events(finding: Finding, step: int) -> tuple[Event, Event]:
    """Return a finding as events of a run: in a sentence for people, and in full as JSON for what reads the record.

    >>> found = Finding("a-code", "It is so.", "x = 1", (Seen("sum", 2.0),), Where(3), "certain", "fault", "-", "?")
    >>> [(each.kind, each.text[:18]) for each in as_events(found, 4)]
    [('finding', 'a-code: It is so.'), ('detail', '{"code": "a-code",')]
    """
    full = json.dumps(finding.to_json(), allow_nan=False)
    return Event(step, "finding", f"{finding.code}: {finding.claim}"), Event(step, DETAIL, full)


def dismissal(code: str, at: At) -> str:
    """Return how to have findings of a code never said again, as code.

    >>> dismissal("softmax-twice", "run"), dismissal("rows-in-both", "start")
    ("sf.Doctor(..., dismiss=['softmax-twice'])", 'surefoot check TASK --dismiss rows-in-both')
    """
    if at == "start":
        return f"surefoot check TASK --dismiss {code}"
    return f"sf.{'fit' if at == 'fit' else 'Doctor'}(..., dismiss=[{code!r}])"


def listed(names: tuple[str, ...], most: int = 4) -> str:
    """Return names as a person lists them, the first few and how many more.

    >>> listed(("a",)), listed(("a", "b")), listed(tuple("abcdef"))
    ('a', 'a and b', 'a, b, c, d and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _plain(value: str | float) -> str | float | None:
    return value if isinstance(value, str) or math.isfinite(value) else str(value)
