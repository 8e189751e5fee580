"""The diagnosis: one headline out of many findings, its symptoms folded under it, and no two that contradict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from surefoot.diagnose.check import Check
from surefoot.diagnose.finding import STRENGTH, Finding


@final
@dataclass(frozen=True)
class Diagnosis:
    """What the findings of a run say together.

    Args:
        headline: the fault to mend first; None if there is none.
        symptoms: faults and notes that the headline explains.
        others: faults that it does not explain.
        notes: what is true and may be meant.

    Laws: every finding that was kept is in exactly one place. A note is never the headline. The order in which findings
    are given changes nothing but between equals.
    """

    headline: Finding | None = None
    symptoms: tuple[Finding, ...] = ()
    others: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether no fault was found."""
        return self.headline is None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON holds."""
        rows = {"symptoms": self.symptoms, "others": self.others, "notes": self.notes}
        head = None if self.headline is None else self.headline.to_json()
        return {"headline": head, **{name: [each.to_json() for each in found] for name, found in rows.items()}}


def kept(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without those that answer a question that was answered before, for the same place.

    Of two answers to one question the surer one stays, then the earlier: a run cannot be told two things that exclude
    each other.
    """
    found: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for each in sorted(findings, key=_rank):
        found.setdefault((each.question, each.where.layer), each)
    return list(found.values())


def diagnosis(findings: Iterable[Finding], checks: Mapping[str, Check]) -> Diagnosis:
    """Return the diagnosis of a run.

    Args:
        findings: what was found, in any order.
        checks: all checks by code; they say what explains what.
    """
    found = kept(findings)
    faults = [each for each in found if each.severity == "fault"]
    roots = [each for each in faults if not any(each.code in reach(other.code, checks) for other in faults)]
    if not faults:
        return Diagnosis(notes=tuple(found))
    headline = (roots or faults)[0]  # a circle of explanations has no root: the surest, earliest leads
    below = reach(headline.code, checks)
    rest = [each for each in found if each is not headline]
    return Diagnosis(
        headline,
        tuple(each for each in rest if each.code in below),
        tuple(each for each in rest if each.code not in below and each.severity == "fault"),
        tuple(each for each in rest if each.code not in below and each.severity == "note"),
    )


def reach(code: str, checks: Mapping[str, Check]) -> set[str]:
    """Return the codes that a code explains, directly or through others; not itself."""
    found: set[str] = set()
    fresh: Sequence[str] = [code]
    while fresh:
        fresh = [each for one in fresh if one in checks for each in checks[one].explains if each not in found]
        found.update(fresh)
    return found - {code}


def _rank(finding: Finding) -> tuple[int, int, int, str]:
    step = -1 if finding.where.step is None else finding.where.step
    return (finding.severity == "note", STRENGTH[finding.evidence], step, finding.code)
