"""The examination of a task before hours are spent on it: what was found, what is sound, and what could not be told."""

from dataclasses import dataclass
from typing import Any, final

from surefoot.diagnose.card import card
from surefoot.diagnose.checks.start import CANNOT_OVERFIT, CHECKS, INITIAL_PENALTY
from surefoot.diagnose.diagnosis import Diagnosis, diagnosis
from surefoot.diagnose.finding import Finding


@final
@dataclass(frozen=True)
class Examination:
    """What an examination says.

    Args:
        task: the task's name.
        findings: what is the matter, dismissed codes left out.
        passed: what was looked at and is sound: codes, and what was seen.
        skipped: what could not be looked at: codes, and why.
        rows: training rows that were read.
        whole: whether these are an epoch.
        seconds: how long it took.
    """

    task: str
    findings: tuple[Finding, ...]
    passed: dict[str, str]
    skipped: dict[str, str]
    rows: int
    whole: bool
    seconds: float

    @property
    def sound(self) -> bool:
        """Whether no fault was found; notes are none."""
        return not any(finding.severity == "fault" for finding in self.findings)

    @property
    def diagnosis(self) -> Diagnosis:
        """What the findings say together."""
        return diagnosis(self.findings, {check.code: check for check in CHECKS})

    def summary(self) -> str:
        """Return it in one line, worth pasting."""
        looked = len(self.passed) + len({finding.code for finding in self.findings})
        faults = sum(finding.severity == "fault" for finding in self.findings)
        notes = len(self.findings) - faults
        verdict = f"{faults} fault{'s' * (faults != 1)} found" if faults else "sound"
        counted = f"{looked} of {looked + len(self.skipped)} looked at"
        noted = f", {notes} note{'s' * (notes != 1)}" if notes else ""
        seen = [f"{self.rows:,} rows{'' if self.whole else ' read'}", self.passed.get(INITIAL_PENALTY.code, "")]
        facts = "; ".join([", ".join(filter(None, seen)), *filter(None, [self.passed.get(CANNOT_OVERFIT.code, "")])])
        return f"{self.task}: {counted} and {verdict}{noted} ({facts}) in {self.seconds:.1f} s"

    def __str__(self) -> str:
        """Return it as text: the line, the card of what was found, and what could not be told."""
        lines = [self.summary()]
        if self.findings:
            lines += ["", card(self.diagnosis, "what was looked at")]
        why = dict.fromkeys(self.skipped.values())
        skipped = [f"  - {', '.join(c for c, said in self.skipped.items() if said == each)}: {each}" for each in why]
        return "\n".join([*lines, *(["", "Not looked at:", *skipped] if skipped else [])])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values that JSON holds."""
        return {
            "task": self.task, "sound": self.sound, "findings": [each.to_json() for each in self.findings],
            "passed": self.passed, "skipped": self.skipped, "rows": self.rows, "whole": self.whole,
            "seconds": self.seconds,
        }  # fmt: skip
