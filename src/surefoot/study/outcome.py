"""What comes of an answer, and who asks and judges: what the four ways have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias, final

from surefoot.study.answered import Answered, Mode, Rating
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.question import Form, Question, Verdict

LONGEST = 300.0
"""Seconds that count of one answer: whoever takes longer has left the room."""

RIGHT: Rating = 3
WRONG: Rating = 1
"""What FSRS is told of an answer that was judged."""

Asked: TypeAlias = Callable[[Card, Form, Deck, int], Question]


@final
@dataclass(frozen=True)
class Asker:
    """Who asks and judges; in tests it may be something small.

    Args:
        forms_of: the forms in which a card can be asked.
        asked: the question that a card, a form, a deck and a seed give, always the same.
        judged: what is to be said of a text as the answer to a question.
    """

    forms_of: Callable[[Card], tuple[Form, ...]]
    asked: Asked
    judged: Callable[[Question, str], Verdict]


def asker() -> Asker:
    """Return the one that asks by the library's own formulas.

    >>> from surefoot.study.deck import deck_of
    >>> asker().forms_of(deck_of("descent").cards[0])[0]
    'turn'
    """
    from surefoot.study.asking import asked, forms_of
    from surefoot.study.judging import judged

    return Asker(forms_of, asked, judged)


@final
@dataclass(frozen=True)
class Outcome:
    """What came of an answer.

    Args:
        question: what was asked.
        text: what was answered.
        verdict: whether that was right.
        answered: what is to be appended to the log; None if nothing is.
        taken_back: the answer that is to be taken back before that; None for none.
    """

    question: Question
    text: str
    verdict: Verdict
    answered: Answered | None
    taken_back: Answered | None = None


@final
@dataclass(frozen=True)
class Entry:
    """What all answers of one session share.

    Args:
        mode: one of `MODES`.
        session: its number.
    """

    mode: Mode
    session: int

    def of(
        self,
        question: Question,
        text: str,
        right: bool,
        rating: Rating | None,
        now: float,
        seconds: float,
        form: str = "",
    ) -> Answered:
        """Return an answer as the log keeps it; its form is the question's if none is told.

        >>> from surefoot.study.note import Note
        >>> question = Question(Card(Note("a", "own", "A", "What?", "This.", "-"), "forward"), "turn", "What?", "This.")
        >>> Entry("spaced", 7).of(question, "", True, 4, 1.7e9, 1e5).seconds
        300.0
        """
        counted = min(max(seconds, 0.0), LONGEST)
        told = form or question.form
        return Answered(question.card.id, now, self.mode, told, right, rating, text, counted, self.session)


def seed_of(seed: int, card: Card, count: int) -> int:
    """Return the seed of the question that a card is asked for the `count`-th time in a session.

    >>> from surefoot.study.note import Note
    >>> card = Card(Note("a", "own", "A", "What?", "This.", "-"), "forward")
    >>> seed_of(0, card, 0) == seed_of(0, card, 0), seed_of(0, card, 0) == seed_of(0, card, 1)
    (True, False)
    """
    return Random(f"{seed}/{card.id}/{count}").randrange(2**31)
