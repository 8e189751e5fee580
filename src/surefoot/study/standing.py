"""How a learner stands, in the few words and figures that the terminal and the page both show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, final

from surefoot.study.answered import NAMES
from surefoot.study.log import Session
from surefoot.study.mastery import Mastery

NONE = "no study sessions yet"
"""What stands in place of a history."""


@final
@dataclass(frozen=True)
class Standing:
    """How a deck or a note stands.

    Args:
        mastery: how well it is known.
        due: how many of its cards are due; cards never met are not.
    """

    mastery: Mastery
    due: int

    @property
    def known(self) -> str:
        """How much is known now."""
        return f"{self.mastery.known:.0%}"

    @property
    def mastered(self) -> str:
        """How much is mastered."""
        return f"{self.mastery.mastered:.0%}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON holds."""
        found = self.mastery
        told = {"cards": found.cards, "seen": found.seen, "known": found.known, "mastered": found.mastered}
        return {**told, "due": self.due}


@final
@dataclass(frozen=True)
class Sitting:
    """A session as the history tells it.

    Args:
        when: it was begun.
        way: which of the four it was.
        deck: the deck's id.
        told: what came of it.
    """

    when: datetime
    way: str
    deck: str
    told: str


def sittings(sessions: Sequence[Session], most: int) -> list[Sitting]:
    """Return the latest sessions, the last first."""
    return [_sitting(each) for each in reversed(sessions[-most:])]


def _sitting(session: Session) -> Sitting:
    name = next((name for mode, name in NAMES.items() if mode == session.mode), session.mode)
    took = f"{round(session.seconds)} s" if session.seconds < 90 else f"{round(session.seconds / 60)} min"
    told = f"{session.right} of {session.answers} right, {took}"
    return Sitting(datetime.fromtimestamp(session.begun).astimezone(), name, session.deck, told)


def length(interval: timedelta) -> str:
    """Return how long something is, as short as it can be told.

    >>> [length(timedelta(seconds=s)) for s in (60, 330, 7200, 2 * 86400, 45 * 86400, 800 * 86400)]
    ['1 min', '6 min', '2 h', '2 d', '45 d', '2.2 y']
    """
    seconds = interval.total_seconds()
    if seconds < 3600:
        return f"{max(round(seconds / 60 + 1e-9), 1)} min"
    if seconds < 86400:
        return f"{round(seconds / 3600)} h"
    days = seconds / 86400
    return f"{round(days)} d" if days < 365 else f"{days / 365.25:.1f} y"
