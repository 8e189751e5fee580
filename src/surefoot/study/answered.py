"""An answer as the log keeps it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from surefoot.errors import refuse

Mode: TypeAlias = Literal["learn", "test", "matching", "spaced"]
MODES: dict[Mode, str] = {
    "learn": "rounds of seven: first chosen, then typed; what was wrong comes again in the round",
    "test": "a paper of a length of your choice, marked at its end",
    "matching": "pairs against the clock",
    "spaced": "each card again when it is about to be forgotten",
}
"""The four ways to learn, with what each is."""

NAMES: dict[Mode, str] = {"learn": "Learn", "test": "Test", "matching": "Matching", "spaced": "Spaced"}
"""What they are called."""

Rating: TypeAlias = Literal[1, 2, 3, 4]
RATINGS: dict[Rating, str] = {1: "again", 2: "hard", 3: "good", 4: "easy"}
"""What a learner says of a card in spaced learning; FSRS's."""


@final
@dataclass(frozen=True)
class Answered:
    """One answer.

    Args:
        card: the card's id.
        at: when, in seconds since 1970, UTC.
        mode: one of `MODES`.
        form: one of `question.FORMS`, or "pair" in matching.
        right: whether it was right.
        rating: for FSRS, of an answer that counts there: a graded card, and the first answer in Learn or Test (wrong is
            1, right is 3); None of any other.
        text: what was answered, as far as it was typed or chosen.
        seconds: how long it took.
        session: the session's number.

    Errors: InvalidValue naming every fault.
    """

    card: str
    at: float
    mode: Mode
    form: str
    right: bool
    rating: Rating | None
    text: str
    seconds: float
    session: int

    def __post_init__(self) -> None:
        faults = [] if self.mode in MODES else [f"mode is {self.mode!r}; it is one of {', '.join(MODES)}"]
        faults += [] if self.rating in (None, *RATINGS) else [f"rating is {self.rating!r}; it is 1 to 4"]
        refuse("an answer", faults)
