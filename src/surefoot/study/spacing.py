"""When each card comes again: FSRS, the model of forgetting of the `fsrs` package, over the log of answers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from surefoot.errors import MissingPackage, refuse
from surefoot.study.answered import RATINGS, Answered, Rating
from surefoot.study.card import Card
from surefoot.study.log import moment_faults

if TYPE_CHECKING:
    import fsrs

RETENTION = 0.9
"""How likely a card is still known on the day on which it comes again; FSRS's own default."""

LEARNING = (timedelta(minutes=1), timedelta(minutes=10))
"""How soon a new card comes again before it is counted in days; FSRS's own default."""

State: TypeAlias = Literal["learning", "review", "relearning"]


@final
@dataclass(frozen=True)
class Remembered:
    """What FSRS holds of a card.

    Args:
        state: "learning" or, once forgotten, "relearning" while it comes again within minutes; "review" afterwards.
        stability: days after which it is known with a probability of `RETENTION`.
        difficulty: from 1 to 10.
        due: when it is to come again, in seconds since 1970, UTC.
        last: when it was last answered.
    """

    state: State
    stability: float
    difficulty: float
    due: float
    last: float


@final
class Spacing:
    """What is remembered of each card, and when it comes again.

    Source: Ye, Su and Cao, "A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition Scheduling", KDD
    2022; the model is FSRS 6 as py-fsrs has it, without its random change of intervals.

    Args:
        answers: in the order in which they were given; those without a rating are passed over.

    Errors: MissingPackage if `fsrs` is not installed.

    Laws: the same answers give the same intervals.

    >>> spacing = Spacing([Answered("adam/forward", 1.7e9, "spaced", "turn", True, 3, "", 4.0, 1)])
    >>> [str(interval) for interval in spacing.intervals("adam/forward", 1.7e9 + 600).values()]
    ['0:01:00', '0:10:00', '2 days, 0:00:00', '4 days, 0:00:00']
    """

    def __init__(self, answers: Iterable[Answered] = ()) -> None:
        self._cards: dict[str, fsrs.Card] = {}
        _scheduler()
        for answered in answers:
            self.add(answered)

    def add(self, answered: Answered) -> None:
        """Take one more answer into account."""
        if answered.rating is not None:
            self._cards[answered.card] = self._reviewed(answered.card, answered.rating, answered.at)

    def _reviewed(self, card_id: str, rating: Rating, now: float) -> "fsrs.Card":
        from fsrs import Rating as Grade

        found = self._cards.get(card_id) or _new(card_id, now)
        return _scheduler().review_card(found, Grade(rating), moment(now))[0]

    def of(self, card_id: str) -> Remembered | None:
        """Return what is remembered of a card, or None if it was never graded."""
        found = self._cards.get(card_id)
        return None if found is None else _remembered(found)

    def after(self, card_id: str, rating: Rating, now: float) -> Remembered:
        """Return what would be remembered of a card if it were graded so now; nothing changes.

        Errors: InvalidValue if the rating is not 1 to 4 or now is no moment in seconds since 1970.
        """
        faults = [] if rating in RATINGS else [f"rating is {rating!r}; it is 1 to 4"]
        refuse("a grade", faults + moment_faults("now", now))
        return _remembered(self._reviewed(card_id, rating, now))

    def intervals(self, card_id: str, now: float) -> dict[Rating, timedelta]:
        """Return how long it would be until a card comes again, by the grade that it gets now."""
        soon = {rating: self.after(card_id, rating, now).due for rating in RATINGS}
        return {rating: moment(due) - moment(now) for rating, due in soon.items()}

    def retrievability(self, card_id: str, now: float) -> float:
        """Return how likely a card is known now; 0 if it was never graded. Whole days since the last answer count."""
        found = self._cards.get(card_id)
        return 0.0 if found is None else float(_scheduler().get_card_retrievability(found, moment(now)))

    def due(self, cards: Sequence[Card], now: float) -> list[Card]:
        """Return the cards to be asked now: those that are due, the longest overdue first, then those never seen.

        Args:
            cards: in the order in which they are first met.
            now: in seconds since 1970.

        Laws: cards of one note come one after the other only where there are too few others.
        """
        told = [(found.due, card) for card in cards if (found := self._cards.get(card.id))]
        late = [card for when, card in sorted(told, key=lambda each: each[0]) if when <= moment(now)]
        new = [card for card in cards if card.id not in self._cards]
        first = spread(late)
        return first + spread(new, after=first[-1].note.id if first else "")


def moment(seconds: float) -> datetime:
    """Return a moment as FSRS wants it: of UTC, and saying so."""
    return datetime.fromtimestamp(seconds, UTC)


def spread(cards: Sequence[Card], after: str = "") -> list[Card]:
    """Return cards in nearly their order, with others between those of one note wherever there are enough others.

    Args:
        cards: in the order that is wanted.
        after: the note of the card before them; "" if there is none.

    >>> from surefoot.study.card import cards_of
    >>> from surefoot.study.note import Note
    >>> [card.id for card in spread([c for n in "ab" for c in cards_of(Note(n, "own", n, "?", n, "-"))])]
    ['a/forward', 'b/forward', 'a/reverse', 'b/reverse']
    """
    left, counts, made = list(cards), Counter(card.note.id for card in cards), list[Card]()
    while left:
        many = max(counts, key=counts.__getitem__)
        crowded = 2 * counts[many] > len(left)  # it must take every second place from here on
        fits = many if crowded and many != after else next((c.note.id for c in left if c.note.id != after), after)
        made.append(left.pop(next(at for at, card in enumerate(left) if card.note.id == fits)))
        after = made[-1].note.id
        counts[after] -= 1
    return made


@cache
def _scheduler() -> "fsrs.Scheduler":
    try:
        from fsrs import Scheduler
    except ImportError as error:
        raise MissingPackage("studying needs fsrs; install it with: pip install 'surefoot[study]'") from error
    return Scheduler(
        desired_retention=RETENTION, learning_steps=LEARNING, relearning_steps=LEARNING[1:], enable_fuzzing=False
    )


def _new(card_id: str, now: float) -> "fsrs.Card":
    from fsrs import Card as Unseen

    return Unseen(card_id=number_of(card_id), due=moment(now))  # without a number it would wait a millisecond for one


def number_of(card_id: str) -> int:
    """Return a whole number for a card's id, the same on every machine."""
    return int.from_bytes(sha256(card_id.encode("utf-8", "replace")).digest()[:6], "big")


_STATES: dict[int, State] = {1: "learning", 2: "review", 3: "relearning"}


def _remembered(card: "fsrs.Card") -> Remembered:
    assert card.stability is not None  # it has been graded
    assert card.difficulty is not None
    assert card.last_review is not None
    last = card.last_review.timestamp()
    return Remembered(_STATES[card.state], card.stability, card.difficulty, card.due.timestamp(), last)
