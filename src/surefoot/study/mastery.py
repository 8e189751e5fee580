"""How well something is known: now, and for good."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from surefoot.study.answered import Answered
from surefoot.study.card import Card, cards_of
from surefoot.study.note import Note
from surefoot.study.spacing import Spacing

STABLE = 21.0
"""Days of stability from which a card counts as mastered; Anki too calls a card mature from 21 days on."""

EXPLAINED = {
    "known": (
        "Known now: how likely you would answer each card right at this moment, as FSRS estimates it from your answers,"
        " on average over all cards; a card that you have not seen yet, or that you got wrong the last time, counts as"
        " zero. It falls with every day."
    ),
    "mastered": (
        "Mastered: the share of cards that would still be known with 90 % after 21 days or more without a look, that"
        " you answered right the last time, and whose note you have shown to work with: by a number or a curve once"
        " given right or, where a note asks for neither, a gap in its formula once filled."
    ),
}
"""What the two figures mean, as it is told where they stand."""

_SHOWN = (("numeric", "predict"), ("cloze",))
"""The kinds of card by which a note is shown to be understood: the first of these groups of which it has any."""


@final
@dataclass(frozen=True)
class Mastery:
    """How well some cards are known.

    Args:
        known: the mean probability of a right answer now, from 0 to 1; a card never graded, or wrong the last time,
            counts as 0.
        mastered: the share of mastered cards, from 0 to 1.
        cards: how many there are.
        seen: how many of them were ever graded.
    """

    known: float
    mastered: float
    cards: int
    seen: int


@final
class Progress:
    """What the answers say of how well cards are known: of a note, a topic, a deck.

    Args:
        answers: all that count, in the order in which they were given.

    >>> from surefoot.study.note import Note
    >>> note = Note("a", "own", "A", "What?", "This.", "-")
    >>> Progress([Answered("a/forward", 1.7e9, "spaced", "turn", True, 4, "", 4.0, 1)]).of(cards_of(note), 1.7e9)
    Mastery(known=0.5, mastered=0.0, cards=2, seen=1)
    """

    def __init__(self, answers: Iterable[Answered] = ()) -> None:
        self.spacing = Spacing()
        self._last: dict[str, bool] = {}
        self._ever: set[str] = set()
        for answered in answers:
            self.add(answered)

    def add(self, answered: Answered) -> None:
        """Take one more answer into account; a pair in matching says nothing of what was last known."""
        self.spacing.add(answered)
        if answered.form != "pair":
            self._last[answered.card] = answered.right
            self._ever |= {answered.card} if answered.right else set()

    def of(self, cards: Sequence[Card], now: float) -> Mastery:
        """Return how well cards are known.

        Args:
            cards: of a note, a topic or a deck; none gives zeros.
            now: in seconds since 1970.
        """
        count = len(cards) or 1
        known = sum(self.known(card, now) for card in cards) / count
        mastered = sum(self.mastered(card) for card in cards) / count
        return Mastery(known, mastered, len(cards), sum(self.spacing.of(card.id) is not None for card in cards))

    def known(self, card: Card, now: float) -> float:
        """Return how likely a card is answered right now.

        FSRS counts whole days and would call certain what was missed a minute ago; here that counts as 0.
        """
        return self.spacing.retrievability(card.id, now) if self._last.get(card.id, False) else 0.0

    def mastered(self, card: Card) -> bool:
        """Return whether a card is stable, was answered right the last time, and its note is demonstrated."""
        found = self.spacing.of(card.id)
        stable = found is not None and found.stability >= STABLE
        return stable and self._last.get(card.id, False) and self.demonstrated(card.note)

    def demonstrated(self, note: Note) -> bool:
        """Return whether a note was shown to be understood, or has no card by which that could be shown."""
        asked = demonstrations_of(note)
        return not asked or not self._ever.isdisjoint(asked)


def demonstrations_of(note: Note) -> frozenset[str]:
    """Return the ids of the cards by which a note is shown to be understood; none if it has only words."""
    for kinds in _SHOWN:
        if found := frozenset(card.id for card in cards_of(note) if card.kind in kinds):
            return found
    return frozenset()
