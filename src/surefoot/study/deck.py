"""Decks: the notes that are learnt together."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import final

from surefoot.catalogue import KINDS
from surefoot.errors import InvalidValue
from surefoot.study.card import Card, cards_of
from surefoot.study.library import notes
from surefoot.study.note import TOPICS, Note


@final
@dataclass(frozen=True)
class Deck:
    """Notes that are learnt together.

    Args:
        id: never changes; lower case, with hyphens.
        title: what it is about.
        notes: in the order in which they are first met.
        own: whether it is the learner's.
    """

    id: str
    title: str
    notes: tuple[Note, ...]
    own: bool = False

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """All cards, note by note."""
        return tuple(card for note in self.notes for card in cards_of(note))


@cache
def decks() -> tuple[Deck, ...]:
    """Return the decks that come along: one for each topic, told in depth, then the whole catalogue by kind.

    >>> [deck.id for deck in decks()][:3]
    ['learning', 'penalties', 'descent']
    """
    told = [note for note in notes() if "." not in note.id]
    by_topic = [
        Deck(topic.replace(" ", "-"), title, tuple(note for note in told if note.topic == topic))
        for topic, title in TOPICS.items()
        if topic != "own"
    ]
    by_kind = [Deck(f"all-{several}", f"The catalogue: all {several}", _of(kind)) for kind, several in KINDS.items()]
    return tuple(by_topic + by_kind)


def _of(kind: str) -> tuple[Note, ...]:
    return tuple(note for note in notes() if note.entry.startswith(f"{kind}:"))


def deck_of(name: str) -> Deck:
    """Return a deck that comes along, by its id.

    Errors: InvalidValue if there is none of that id.
    """
    for deck in decks():
        if deck.id == name:
            return deck
    raise InvalidValue(f"there is no deck {name!r}; there are {', '.join(deck.id for deck in decks())}")
