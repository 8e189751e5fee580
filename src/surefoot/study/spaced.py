"""Spaced: each card again when it is about to be forgotten, graded by the learner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from surefoot.errors import InvalidValue, refuse
from surefoot.study.answered import RATINGS, Answered, Rating
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.outcome import Asker, Entry, Outcome, seed_of
from surefoot.study.question import Question, Verdict
from surefoot.study.spacing import Spacing

UNSEEN = 20
"""Cards of a deck met for the first time within a day, as in Anki."""

DAY = 24 * 3600.0
"""Seconds."""

AHEAD = 20 * 60.0
"""Seconds: a card that is due sooner than this is asked at the end of the session, as Anki does it."""


@final
@dataclass(frozen=True)
class Graded:
    """What a session of spaced learning was.

    Args:
        answers: how many were given.
        cards: on how many cards.
        forgotten: how often a card was graded "again".
        next_due: when the first card of the deck comes again, in seconds since 1970; None if none does.
    """

    answers: int
    cards: int
    forgotten: int
    next_due: float | None


@final
class Spaced:
    """A session of spaced learning, as a state: a card, turned, graded from 1 to 4, and the next that is due.

    Args:
        deck: what is learnt.
        session: its number.
        seed: of the numbers that are asked.
        asker: who asks.
        answers: of the log, in the order in which they were given.
        now: in seconds since 1970.
        unseen: how many cards of the deck may be met for the first time within 24 hours, earlier sessions counted.

    Laws: what is due comes first, the longest overdue before the others; undoing an answer leads back to its card, with
        the same numbers; a session ends when nothing is due within twenty minutes.

    >>> from surefoot.study.deck import deck_of
    >>> from surefoot.study.outcome import asker
    >>> spaced = Spaced(deck_of("descent"), 1, 0, asker(), [], now=1.7e9)
    >>> spaced.intervals(1.7e9)[3], spaced.answer(3, 1.7e9, 2.0).verdict.right
    (datetime.timedelta(seconds=600), True)
    """

    def __init__(
        self,
        deck: Deck,
        session: int,
        seed: int,
        asker: Asker,
        answers: Sequence[Answered],
        now: float,
        unseen: int = UNSEEN,
    ) -> None:
        refuse("spaced learning", [] if unseen >= 0 else [f"unseen is {unseen}; it is at least 0"])
        self.deck, self.seed, self.asker = deck, seed, asker
        self.spacing = Spacing(answers)
        self.turned = False
        self._known = list(answers)
        self._given: list[tuple[Outcome, tuple[Card, ...]]] = []
        self._entry = Entry("spaced", session)
        self._queue = self._first(now, unseen)
        self.question: Question | None = None
        self._show(now)

    def _first(self, now: float, unseen: int) -> tuple[Card, ...]:
        queue, met = [], self._met(now)
        for card in self.spacing.due(self.deck.cards, now):
            new = self.spacing.of(card.id) is None
            met += new
            queue += [] if new and met > unseen else [card]
        return tuple(queue)

    def _met(self, now: float) -> int:
        """Return how many cards of the deck were met for the first time within the last day."""
        first = dict[str, float]()
        for each in self._known:
            if each.rating is not None:
                first[each.card] = min(each.at, first.get(each.card, each.at))
        return sum(first.get(card.id, 0.0) > now - DAY for card in self.deck.cards)

    @property
    def done(self) -> bool:
        """Whether nothing is to be asked now or soon."""
        return self.question is None

    @property
    def left(self) -> int:
        """How many cards wait, the one that is shown among them."""
        return len(self._queue) + len(self._soon())

    def turn(self) -> Question:
        """Turn the card; return its question, with the answer."""
        self.turned = True
        return self._asked()

    def intervals(self, now: float) -> dict[Rating, timedelta]:
        """Return how long it would be until the card comes again, by the grade it gets."""
        return self.spacing.intervals(self._asked().card.id, now)

    def answer(self, rating: Rating, now: float, seconds: float) -> Outcome:
        """Grade the card: 1 it was forgotten, 2 it was hard, 3 it was known, 4 it was easy.

        Args:
            rating: the grade.
            now: in seconds since 1970.
            seconds: how long it took.

        Errors: InvalidValue if it is no grade, or no card is shown.
        """
        question = self._asked()
        if rating not in RATINGS:
            raise InvalidValue(f"the grade is {rating!r}; it is 1 to 4")
        answered = self._entry.of(question, "", rating > 1, rating, now, seconds)
        outcome = Outcome(question, "", Verdict(rating > 1, RATINGS[rating]), answered)
        self._given.append((outcome, self._queue))
        self.spacing.add(answered)
        self._queue = tuple(card for card in self._queue if card.id != question.card.id)
        self._show(now)
        return outcome

    def undo(self) -> Outcome | None:
        """Take the last grade of this session back and show its card again; None if there is none."""
        if not self._given:
            return None
        outcome, self._queue = self._given.pop()
        told = [each.answered for each, _ in self._given if each.answered is not None]
        self.spacing = Spacing([*self._known, *told])
        self.question = outcome.question
        self.turned = False
        return Outcome(outcome.question, outcome.text, outcome.verdict, None, outcome.answered)

    def summary(self) -> Graded:
        """Return what the session was so far."""
        given = [outcome for outcome, _ in self._given]
        found = [self.spacing.of(card.id) for card in self.deck.cards]
        due = [each.due for each in found if each is not None]
        cards = {each.question.card.id for each in given}
        return Graded(len(given), len(cards), sum(not each.verdict.right for each in given), min(due, default=None))

    def _show(self, now: float) -> None:
        card = self._next(now)
        self.turned = False
        self.question = None if card is None else self._made(card)

    def _next(self, now: float) -> Card | None:
        """Return the card to be shown: one that has come due, the next of the queue, one due soon."""
        soon = self._soon()
        if soon and self._due(soon[0]) <= now:
            return soon[0]
        if self._queue:
            return self._queue[0]
        return soon[0] if soon and self._due(soon[0]) <= now + AHEAD else None

    def _soon(self) -> list[Card]:
        """Return the cards that are counted in minutes, whichever session asked them last, the first due first."""
        queued = {card.id for card in self._queue}
        learning = [card for card in self.deck.cards if card.id not in queued and self._in_minutes(card)]
        return sorted(learning, key=self._due)

    def _in_minutes(self, card: Card) -> bool:
        found = self.spacing.of(card.id)
        return found is not None and found.due - found.last <= AHEAD

    def _due(self, card: Card) -> float:
        found = self.spacing.of(card.id)
        return 0.0 if found is None else found.due

    def _made(self, card: Card) -> Question:
        forms = self.asker.forms_of(card)
        count = sum(outcome.question.card.id == card.id for outcome, _ in self._given)
        form = "turn" if "turn" in forms else forms[0]
        return self.asker.asked(card, form, self.deck, seed_of(self.seed, card, count))

    def _asked(self) -> Question:
        if self.question is None:
            raise InvalidValue("nothing is due; there is nothing to grade")
        return self.question
