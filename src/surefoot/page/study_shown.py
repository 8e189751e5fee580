"""How studying is told on a page: the same words and figures as in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import final

from markupsafe import Markup

from surefoot.study.answered import Mode
from surefoot.study.log import Session
from surefoot.study.markup import as_html
from surefoot.study.mastery import Mastery
from surefoot.study.question import Picture

NAMES: dict[Mode, str] = {"learn": "Learn", "test": "Test", "matching": "Matching", "spaced": "Spaced"}
"""What the four ways are called."""

NONE = "no study sessions yet"
"""What stands in place of a history."""

HELP = (
    ("space, Enter", "go on; in Spaced they turn the card"),
    ("1 to 4", "choose an answer; in Spaced they grade the card, and beside each stands when the card comes again"),
    ("0", "I do not know; where something is typed, Enter alone says so"),
    ("r", "after a wrong answer that was typed: my answer was right"),
    ("u", "take the last answer back: in Spaced, and in Test before it is handed in"),
    ("w", "tell curves in words"),
    ("d", "show the demonstration"),
    ("arrows", "in Matching: go from tile to tile; Enter chooses one"),
    ("Esc", "leave; where nothing is typed, q does too"),
)
"""The keys, told."""

WIDE, HIGH = 240.0, 110.0
"""Of a small curve."""


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


def marked(text: str) -> Markup:
    """Return a text of notes as HTML: what stands between backticks is code.

    >>> str(marked("`a < b` & c"))
    '<code>a &lt; b</code> &amp; c'
    """
    return Markup(as_html(text))


def curve(picture: Picture) -> str:
    """Return the path of a small curve, scaled to its own height; what is not finite stands at the top.

    >>> curve(Picture((0.0, 1.0), "rises"))
    'M0 110.0L240 0.0'
    """
    finite = [value for value in picture.y if isfinite(value)]
    bottom, top = min([0.0, *finite]), max([0.0, *finite])
    reach, last = (top - bottom) or 1.0, max(len(picture.y) - 1, 1)
    places = [
        f"{WIDE * at / last:.4g} {HIGH * (1 - (value - bottom) / reach) if isfinite(value) else 0.0:.1f}"
        for at, value in enumerate(picture.y)
    ]
    return "M" + "L".join(places)
