"""What came of looking for one thing, and the time that is left to look for more."""

from dataclasses import dataclass
from time import perf_counter
from typing import final

from surefoot.diagnose.finding import Finding
from surefoot.errors import SurefootError


@final
@dataclass(frozen=True)
class Looked:
    """What came of one check: a finding, or what was seen to be sound, or why it could not be looked at.

    Args:
        code: the check's.
        finding: what is the matter, or None.
        passed: what was seen, in a few words; "" if that says nothing of interest.
        skipped: why it was not looked at; "" if it was.
    """

    code: str
    finding: Finding | None = None
    passed: str = ""
    skipped: str = ""


class Unable(SurefootError):
    """Something that a check needs and this task does not give; its message is the reason."""


@final
class Clock:
    """How much time is left.

    >>> Clock(100.0).share(0.5) > 49.0
    True
    """

    def __init__(self, seconds: float) -> None:
        self._begun, self.seconds = perf_counter(), seconds

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return perf_counter() - self._begun

    @property
    def left(self) -> float:
        """Seconds that are left, 0 at least."""
        return max(0.0, self.seconds - self.passed)

    def share(self, part: float) -> float:
        """Return the second, counted from the start, at which a part of what is left will have passed."""
        return self.passed + part * self.left


def told(error: BaseException) -> str:
    """Return an error of the user's code in one line."""
    text = str(error) if isinstance(error, SurefootError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split()).rstrip(".")
