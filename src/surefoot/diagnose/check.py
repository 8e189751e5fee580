"""A check: what it looks for, how sure it can be, and what its finding explains; the judging is done elsewhere.

The docs' page of each check, the list in the terminal and the study cards are written from these declarations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from surefoot.diagnose.finding import At, Evidence, Finding, Seen, Severity, Where
from surefoot.errors import refuse


@final
@dataclass(frozen=True)
class Check:
    """One thing that the doctor looks for.

    Args:
        code: words joined by hyphens; printed, written to records and used to dismiss, so it never changes.
        title: what it finds, in a few words.
        evidence: how its finding is known.
        severity: fault if it is wrong whatever was meant, else note.
        question: what it answers, in a few words; checks that share one never speak of the same place together.
        why: why it matters, in a sentence or two.
        disproof: what would show that the finding is wrong.
        sees: what the doctor must be given to see it: whether it matters if the penalty is a module or a function.
        explains: codes of findings that follow from this one, and fold under it.
        source: where this is described, if anywhere.
        example: a short program, complete but for `import torch` and `import surefoot as sf`, in which it is found.
        at: whether the doctor looks for it in a run, or `surefoot check` at its start.

    Errors: InvalidValue if the code is not words joined by hyphens.
    """

    code: str
    title: str
    evidence: Evidence
    severity: Severity
    question: str
    why: str
    disproof: str
    sees: str = "any loop"
    explains: tuple[str, ...] = ()
    source: str = ""
    example: str = ""
    at: At = "run"

    def __post_init__(self) -> None:
        plain = self.code.replace("-", "").isalnum() and self.code == self.code.lower()
        refuse("Check", [] if plain else [f"code is {self.code!r}; give lower-case words joined by hyphens"])

    def finding(self, claim: str, change: str, seen: Sequence[Seen] = (), where: Where | None = None) -> Finding:
        """Return a finding of this check.

        Args:
            claim: what is the matter, in one sentence, with its numbers; it ends with a full stop, given or not.
            change: what to change, as code.
            seen: the values that show it.
            where: the place.
        """
        claim = f"{claim.rstrip('.')}."
        return Finding(
            self.code, claim, change, tuple(seen), where or Where(), self.evidence, self.severity, self.disproof,
            self.question, self.at,
        )  # fmt: skip
