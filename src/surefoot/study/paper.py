"""Test: a mixed paper of chosen length, marked when it is handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import final

from surefoot.errors import InvalidValue, refuse
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.note import TOPICS, Topic
from surefoot.study.outcome import RIGHT, WRONG, Asker, Entry, Outcome, seed_of
from surefoot.study.question import FORMS, Form, Question, Verdict

LENGTH = 20
"""Questions of a paper if nothing else is wished for: about a quarter of an hour."""

ASKABLE: tuple[Form, ...] = ("choice", "typed", "number", "curve")
"""Forms in which a paper can ask: all that can be judged."""


@final
@dataclass(frozen=True)
class Mark:
    """What a topic's questions came to.

    Args:
        topic: one of `TOPICS`.
        right: how many were right.
        of: how many there were.
    """

    topic: Topic
    right: int
    of: int


@final
@dataclass(frozen=True)
class Marks:
    """What a paper came to.

    Args:
        right: how many were right.
        of: how many there were.
        seconds: how long answering took.
        topics: those that were asked, in the order in which they are learnt.
        mistakes: what was wrong, in the order in which it was asked.
    """

    right: int
    of: int
    seconds: float
    topics: tuple[Mark, ...]
    mistakes: tuple[Outcome, ...]

    @property
    def again(self) -> tuple[Card, ...]:
        """The cards that were wrong, to be studied again."""
        return tuple(mistake.question.card for mistake in self.mistakes)


@final
class Paper:
    """A test, as a state: no verdict before it is handed in, and until then the last answer can be taken back.

    Args:
        deck: what is asked, of every note once before one is asked twice.
        session: its number.
        seed: of which cards are asked, how, and with which numbers.
        asker: who asks and judges.
        length: how many questions; None for `LENGTH`, or for all cards if there are fewer.
        forms: in which may be asked.

    Errors: InvalidValue naming every fault.

    Laws: the same seed gives the same paper; each answer is told to the log as it is given.

    >>> from surefoot.study.deck import deck_of
    >>> from surefoot.study.outcome import asker
    >>> paper = Paper(deck_of("descent"), 1, 0, asker(), length=5)
    >>> len(paper.questions), paper.place, paper.done
    (5, 0, False)
    """

    def __init__(
        self,
        deck: Deck,
        session: int,
        seed: int,
        asker: Asker,
        length: int | None = None,
        forms: Sequence[Form] = ASKABLE,
    ) -> None:
        cards = [card for card in deck.cards if set(forms) & set(asker.forms_of(card)) & set(ASKABLE)]
        refuse("a test", _faults(len(cards), length, forms))
        random = Random(f"{seed}/paper")
        chosen = _mixed(cards, random)[: LENGTH if length is None else length]
        picked = [random.choice([form for form in asker.forms_of(card) if form in forms]) for card in chosen]
        self.asker = asker
        self.questions: tuple[Question, ...] = tuple(
            asker.asked(card, form, deck, seed_of(seed, card, 0)) for card, form in zip(chosen, picked, strict=True)
        )
        self.handed_in = False
        self._given: list[Outcome] = []
        self._entry = Entry("test", session)

    @property
    def place(self) -> int:
        """The number of the question, from 0; the number of all once the last is answered."""
        return len(self._given)

    @property
    def question(self) -> Question | None:
        """What is asked now; None once the last is answered."""
        return None if self.place == len(self.questions) else self.questions[self.place]

    @property
    def done(self) -> bool:
        """Whether it is handed in."""
        return self.handed_in

    @property
    def seconds(self) -> float:
        """How long answering took so far."""
        return sum(each.answered.seconds for each in self._given if each.answered is not None)

    def answer(self, text: str, now: float, seconds: float) -> Outcome:
        """Answer the question; what comes of it is to be kept, and shown when the paper is handed in.

        Args:
            text: what was typed, or the choice; "" if it is left open.
            now: in seconds since 1970.
            seconds: how long it took.
        """
        question = self.question
        if question is None or self.handed_in:
            raise InvalidValue("every question is answered; hand the paper in, or go back")
        verdict = self.asker.judged(question, text)
        rating = RIGHT if verdict.right else WRONG
        answered = self._entry.of(question, text, verdict.right, rating, now, seconds)
        self._given.append(Outcome(question, text, verdict, answered))
        return self._given[-1]

    def back(self) -> Outcome | None:
        """Take the last answer back, so that it can be given anew; return what is to be taken out of the log."""
        if not self._given or self.handed_in:
            return None
        last = self._given.pop()
        return Outcome(last.question, last.text, last.verdict, None, last.answered)

    def hand_in(self) -> Marks:
        """Hand the paper in; what is left open is counted as wrong, and told to nobody's log."""
        self.handed_in = True
        return self.marks()

    def marks(self) -> Marks:
        """Return what it comes to.

        Errors: InvalidValue before it is handed in.
        """
        if not self.handed_in:
            raise InvalidValue("a paper has no marks before it is handed in")
        open_ones = self.questions[self.place :]
        given = [*self._given, *(Outcome(each, "", Verdict(False, "left open"), None) for each in open_ones)]
        mistakes = tuple(each for each in given if not each.verdict.right)
        return Marks(len(given) - len(mistakes), len(given), self.seconds, _by_topic(given), mistakes)

    def overrule(self, mistake: Outcome, now: float) -> Outcome:
        """Count a mistake as right: a learner knows better what was meant.

        Errors: InvalidValue if it is no answer that was judged wrong, or nothing is handed in yet.
        """
        if not self.handed_in or mistake not in self._given or mistake.answered is None or mistake.verdict.right:
            raise InvalidValue("only an answer that was marked wrong can be counted as right")
        answered = self._entry.of(mistake.question, mistake.text, True, RIGHT, now, mistake.answered.seconds)
        verdict = Verdict(True, "by your own word")
        after = Outcome(mistake.question, mistake.text, verdict, answered, mistake.answered)
        self._given[self._given.index(mistake)] = after
        return after


def _faults(cards: int, length: int | None, forms: Sequence[Form]) -> list[str]:
    unknown = [form for form in forms if form not in ASKABLE]
    faults = [f"{form} is no form of a test; there are {', '.join(ASKABLE)}" for form in unknown]
    told = ", ".join(FORMS[form] for form in forms if form in ASKABLE)
    faults += [] if cards or unknown else [f"no card of this deck can be asked so: {told or 'no form is given'}"]
    if length is not None and not unknown and cards and not 1 <= length <= cards:
        faults.append(f"the length is {length}; it is from 1 to {cards}, the cards that can be asked so")
    return faults


def _mixed(cards: Sequence[Card], random: Random) -> list[Card]:
    """Return cards in a random order in which every note comes once before one comes twice."""
    shuffled = random.sample(list(cards), len(cards))
    turn: dict[str, int] = {}
    turns = []
    for card in shuffled:
        turn[card.note.id] = turn.get(card.note.id, -1) + 1
        turns.append(turn[card.note.id])
    return [shuffled[at] for at in sorted(range(len(shuffled)), key=turns.__getitem__)]


def _by_topic(given: Sequence[Outcome]) -> tuple[Mark, ...]:
    found = {topic: [each for each in given if each.question.card.note.topic == topic] for topic in TOPICS}
    return tuple(
        Mark(topic, sum(each.verdict.right for each in those), len(those)) for topic, those in found.items() if those
    )
