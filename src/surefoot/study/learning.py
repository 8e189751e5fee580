"""Learn: rounds of seven cards, first chosen, then typed; what was wrong comes again in the round."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from surefoot.errors import InvalidValue
from surefoot.study.answered import Answered
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.outcome import RIGHT, WRONG, Asker, Entry, Outcome, seed_of
from surefoot.study.question import Form, Question, Verdict
from surefoot.study.spacing import spread

ROUND = 7
"""Cards of a round: as many as are held in mind at once (Miller, Psychological Review 63, 1956)."""

LONG_AGO = 2
"""Rounds after which a familiar card goes before unseen ones: later, it would be familiar no more."""

Rung: TypeAlias = Literal[-1, 0, 1, 2]
RUNGS: dict[Rung, str] = {-1: "wrong", 0: "unseen", 1: "familiar", 2: "learned"}
"""How far a card is."""

_FIRST: tuple[Form, ...] = ("choice", "curve", "number", "typed")
_THEN: tuple[Form, ...] = ("typed", "number", "curve", "choice")
_PRODUCED = ("typed", "number")


@final
@dataclass(frozen=True)
class Round:
    """What a round was.

    Args:
        number: from 1.
        right: cards that were right at once.
        missed: cards that were wrong at least once, and came again.
        rungs: how many cards of all stand on each rung at its end.
    """

    number: int
    right: tuple[Card, ...]
    missed: tuple[Card, ...]
    rungs: dict[Rung, int]


@final
class Learning:
    """A session of Learn, as a state: it asks, is answered, and says what to keep.

    A card that is unseen or was wrong is asked by choice, a familiar one is typed, where it can be. A right choice
    lifts a card one rung, a right number or word makes it learned, a wrong answer puts it to the bottom and later into
    the same round. A round takes wrong cards first, then familiar ones first met two or more rounds ago, then unseen
    ones, then the other familiar ones; of seven different notes as long as there are as many.

    Args:
        deck: what is learnt, and where wrong choices come from.
        session: its number.
        seed: of all questions.
        asker: who asks and judges.
        answers: of the log, from which rungs of earlier sessions are read.
        cards: only these of the deck; None for all.

    Laws: it ends when every card is learned; the same seed and the same answers give the same questions.

    >>> from surefoot.study.deck import deck_of
    >>> from surefoot.study.outcome import asker
    >>> learning = Learning(deck_of("descent"), 1, 0, asker())
    >>> learning.answer(learning.question.answer, 1.7e9, 3.0).verdict.right
    True
    """

    def __init__(
        self,
        deck: Deck,
        session: int,
        seed: int,
        asker: Asker,
        answers: Iterable[Answered] = (),
        cards: Sequence[Card] | None = None,
    ) -> None:
        self.deck, self.seed, self.asker = deck, seed, asker
        self.cards = tuple(deck.cards if cards is None else cards)
        self.rungs = rungs_of(self.cards, answers)
        self.number = 0
        self.question: Question | None = None
        self.ended: Round | None = None
        """The round that the last answer ended, if it did."""
        self.last: Outcome | None = None
        """What came of the last answer."""
        self._entry = Entry("learn", session)
        self._met: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        self._graded: set[str] = set()
        self._missed: dict[str, Card] = {}
        self._round: tuple[Card, ...] = ()
        self._queue: tuple[Card, ...] = ()
        self._begin_round()

    @property
    def done(self) -> bool:
        """Whether every card is learned."""
        return self.question is None

    @property
    def left(self) -> int:
        """How many questions this round has at least, the present one among them."""
        return len(self._queue)

    def standing(self) -> dict[Rung, int]:
        """Return how many cards stand on each rung."""
        found = Counter(self.rungs.values())
        return {rung: found[rung] for rung in RUNGS}

    def answer(self, text: str, now: float, seconds: float) -> Outcome:
        """Answer the question.

        Args:
            text: what was typed, or the choice; "" if it is not known.
            now: in seconds since 1970.
            seconds: how long it took.
        """
        question = self._asked()
        self._before = self._queue, self._missed, self.rungs[question.card.id]
        return self._settled(question, text, self.asker.judged(question, text), now, seconds)

    def overrule(self, now: float) -> Outcome:
        """Count the last answer, which was judged wrong, as right: a learner knows better what was meant.

        Errors: InvalidValue if there is no such answer.
        """
        wrong = self.last
        if wrong is None or wrong.verdict.right or wrong.answered is None:
            raise InvalidValue("the last answer was not judged wrong; there is nothing to set right")
        card = wrong.question.card
        self._queue, self._missed, self.rungs[card.id] = self._before
        self._counts[card.id] -= 1
        self._graded -= {card.id} if wrong.answered.rating is not None else set()
        verdict = Verdict(True, "by your own word")
        return self._settled(wrong.question, wrong.text, verdict, now, wrong.answered.seconds, wrong.answered)

    def _settled(
        self,
        question: Question,
        text: str,
        verdict: Verdict,
        now: float,
        seconds: float,
        taken_back: Answered | None = None,
    ) -> Outcome:
        card = question.card
        rating = None if card.id in self._graded else RIGHT if verdict.right else WRONG
        self._graded.add(card.id)
        self._counts[card.id] += 1
        self.rungs[card.id] = lifted(self.rungs[card.id], question.form, verdict.right)
        self._queue = self._queue[1:] if verdict.right else (*self._queue[1:], card)
        self._missed = self._missed if verdict.right else {**self._missed, card.id: card}
        answered = self._entry.of(question, text, verdict.right, rating, now, seconds)
        self.last = Outcome(question, text, verdict, answered, taken_back)
        self._go_on()
        return self.last

    def _go_on(self) -> None:
        self.ended = None
        if self._queue:
            self.question = self._made(self._queue[0])
            return
        right = tuple(card for card in self._round if card.id not in self._missed)
        self.ended = Round(self.number, right, tuple(self._missed.values()), self.standing())
        self._begin_round()

    def _begin_round(self) -> None:
        self.number += 1
        self._missed = {}
        self._round = self._queue = self._next()
        self._met = {card.id: self.number for card in self._round} | self._met
        self.question = self._made(self._round[0]) if self._round else None

    def _next(self) -> tuple[Card, ...]:
        """Return the cards of a round: one of each note first, others of those notes if places are left."""
        wanted = sorted((card for card in self.cards if self.rungs[card.id] < 2), key=self._urgency)
        first = {card.note.id: card for card in reversed(wanted)}
        firsts = [card for card in wanted if first[card.note.id] is card]
        others = [card for card in wanted if first[card.note.id] is not card]
        return tuple(spread([*firsts, *others][:ROUND]))

    def _urgency(self, card: Card) -> int:
        rung = self.rungs[card.id]
        if rung == 1:
            return 1 if self.number - self._met.get(card.id, -LONG_AGO) >= LONG_AGO else 3
        return 0 if rung == -1 else 2

    def _asked(self) -> Question:
        if self.question is None:
            raise InvalidValue("every card is learned; there is nothing to answer")
        return self.question

    def _made(self, card: Card) -> Question:
        seed = seed_of(self.seed, card, self._counts[card.id])
        return self.asker.asked(card, form_for(self.rungs[card.id], self.asker.forms_of(card)), self.deck, seed)


def lifted(rung: Rung, form: str, right: bool) -> Rung:
    """Return the rung of a card after an answer.

    >>> lifted(0, "choice", True), lifted(1, "typed", True), lifted(1, "curve", True), lifted(1, "typed", False)
    (1, 2, 2, -1)
    """
    if not right:
        return -1
    return 2 if rung >= 1 or form in _PRODUCED else 1


def form_for(rung: Rung, forms: Sequence[Form]) -> Form:
    """Return the form in which a card on a rung is asked, of those in which it can be.

    >>> form_for(0, ("turn", "choice", "typed")), form_for(1, ("turn", "choice", "typed")), form_for(1, ("curve",))
    ('choice', 'typed', 'curve')
    """
    wanted = _THEN if rung == 1 else _FIRST
    return next(form for form in wanted if form in forms)


def rungs_of(cards: Sequence[Card], answers: Iterable[Answered]) -> dict[str, Rung]:
    """Return the rung of each card after the answers in Learn; once all are learned, all begin anew.

    >>> from surefoot.study.note import Note
    >>> card = Card(Note("a", "own", "A", "What?", "This.", "-"), "forward")
    >>> told = Answered("a/forward", 1.7e9, "learn", "choice", True, 3, "This.", 2.0, 1)
    >>> rungs_of([card], [told]), rungs_of([card], [told, told])
    ({'a/forward': 1}, {'a/forward': 0})
    """
    rungs: dict[str, Rung] = {card.id: 0 for card in cards}
    below = len(rungs)
    for told in answers:
        if told.mode != "learn" or told.card not in rungs:
            continue
        before = rungs[told.card]
        rungs[told.card] = after = lifted(before, told.form, told.right)
        below += (before == 2) - (after == 2)
        if not below:
            rungs, below = dict.fromkeys(rungs, 0), len(rungs)
    return rungs
