"""What the memory keeps of studying, as values: sessions, answers, answers taken back, times of matching."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, final

from surefoot.errors import refuse
from surefoot.study.answered import MODES, RATINGS, Answered

LATEST = 7_258_118_400.0
"""The first second of the year 2200, UTC: a later answer is a broken clock, and FSRS plans a hundred years ahead."""

LARGEST = 2**63 - 1
"""The largest whole number that SQLite keeps."""


@final
@dataclass(frozen=True)
class Session:
    """One sitting, reckoned from its answers, so that one that was killed stands there too.

    Args:
        id: its number.
        mode: one of `MODES`.
        deck: the deck's id.
        begun: when, in seconds since 1970, UTC.
        ended: when it was ended; None if it was left or killed.
        answers: how many there are, those taken back aside.
        right: how many of them were right.
        seconds: how long answering them took.
    """

    id: int
    mode: str
    deck: str
    begun: float
    ended: float | None = None
    answers: int = 0
    right: int = 0
    seconds: float = 0.0


@final
@dataclass(frozen=True)
class Logged:
    """An answer as it stands in the log.

    Args:
        answered: the answer.
        undone: when it was taken back; None if it counts.
    """

    answered: Answered
    undone: float | None = None


@final
@dataclass(frozen=True)
class Time:
    """How long a game of matching took.

    Args:
        session: the session's number.
        seconds: with what wrong pairs added.
    """

    session: int
    seconds: float


@final
@dataclass(frozen=True)
class Log:
    """All that was ever told to a memory, the truth from which everything else is rebuilt.

    Args:
        sessions: in the order of their numbers; how many answers each has is not told here.
        answers: in the order in which they were told.
        times: of matching.
    """

    sessions: tuple[Session, ...] = ()
    answers: tuple[Logged, ...] = ()
    times: tuple[Time, ...] = ()


def answer_faults(told: Mapping[str, Any]) -> list[str]:
    """Return what keeps a table of plain values from being an answer."""
    faults = [f"{name} is {_shown(told.get(name))}; it must be a text" for name in ("card", "text", "form", "mode")
              if not isinstance(told.get(name), str)]  # fmt: skip
    faults += [] if faults or told["mode"] in MODES else [f"mode is {_shown(told['mode'])}; it is one of {_MODES}"]
    faults += moment_faults("at", told.get("at")) + seconds_faults(told.get("seconds"))
    if not isinstance(told.get("right"), bool):
        faults.append(f"right is {_shown(told.get('right'))}; it is true or false")
    rating = told.get("rating")
    if rating is not None and (type(rating) is not int or rating not in RATINGS):
        faults.append(f"rating is {_shown(rating)}; it is 1 to 4, or none")
    return faults + number_faults("session", told.get("session"))


_MODES = ", ".join(MODES)


def moment_faults(name: str, value: object) -> list[str]:
    """Return what keeps a value from being a moment in seconds since 1970."""
    if type(value) in (int, float) and 0.0 <= value < LATEST:  # type: ignore[operator]
        return []
    return [f"{name} is {_shown(value)}; it must be seconds since 1970, before the year 2200"]


def seconds_faults(value: object) -> list[str]:
    """Return what keeps a value from being a length of time."""
    if type(value) is int and 0 <= value < LATEST:
        return []
    if isinstance(value, float) and isfinite(value) and value >= 0.0:
        return []
    return [f"seconds is {_shown(value)}; it must be a number of at least 0"]


def number_faults(name: str, value: object) -> list[str]:
    """Return what keeps a value from being the number of something kept."""
    if type(value) is int and 0 <= value <= LARGEST:
        return []
    return [f"{name} is {_shown(value)}; it must be a whole number of at least 0"]


def answered_from(told: Mapping[str, Any], where: str) -> Answered:
    """Return the answer that a table of plain values tells.

    Args:
        told: every field of `Answered` by its name; what else there is, is left.
        where: how a message calls it.

    Errors: InvalidValue naming every fault.

    >>> told = {"card": "adam/forward", "at": 1.7e9, "mode": "spaced", "form": "turn", "right": True, "rating": 3}
    >>> answered_from({**told, "text": "", "seconds": 2.5, "session": 1}, "an answer").rating
    3
    """
    refuse(where, answer_faults(told))
    given = {name: told[name] for name in Answered.__dataclass_fields__}
    return Answered(**{**given, "at": float(told["at"]), "seconds": float(told["seconds"])})


def checked(answered: Answered) -> Answered:
    """Return an answer as it may be kept: half letters, which some terminals send, are written out.

    Errors: InvalidValue naming every fault.
    """
    text = str(answered.text).encode("utf-8", "backslashreplace").decode("utf-8")
    return answered_from({**asdict(answered), "text": text}, "an answer")


def _shown(value: object) -> str:
    return repr(value)[:60] if isinstance(value, str | float | bool | None) else f"a {type(value).__name__}"
