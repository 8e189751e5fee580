"""Matching: six terms and what they mean, as twelve tiles, against the clock or without one."""

from dataclasses import dataclass
from random import Random
from typing import Literal, final

from surefoot.errors import InvalidValue, refuse
from surefoot.study.asking import hidden
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.note import Note
from surefoot.study.outcome import Entry, Outcome
from surefoot.study.question import Question, Verdict

PAIRS = 6
PENALTY = 1.0
"""Seconds that a wrong pair costs."""

LONGEST = 130
"""Characters of a tile: three lines beside the terms, in a terminal of 80 columns."""


@final
@dataclass(frozen=True)
class Tile:
    """Half of a pair.

    Args:
        note: the id of the note it belongs to.
        side: whether it is the term, or what it means.
        text: what is written on it.
    """

    note: str
    side: Literal["term", "meaning"]
    text: str


@final
@dataclass(frozen=True)
class Pairing:
    """What came of choosing a tile.

    Args:
        chosen: the places of the tiles that are now chosen: none, or one that waits for its other half.
        tried: the places of the pair that was tried; none if it was only chosen.
        right: whether the two belong together.
        outcome: what is to be kept; None if no pair was tried.
        time: how long the game took, with what wrong pairs cost, once it is over; None before, and without a timer.
    """

    chosen: int | None
    tried: tuple[int, int] | None = None
    right: bool = False
    outcome: Outcome | None = None
    time: float | None = None


@final
class Matching:
    """A game of pairs, as a state.

    Args:
        deck: from which the notes are drawn.
        session: its number.
        seed: of the notes and of where the tiles lie.
        begun: when the first tile may be chosen, in seconds of the clock that `choose` gets.
        pairs: how many; fewer if the deck has no more that can be told apart.
        timed: whether there is a time at its end.

    Errors: InvalidValue if the deck has fewer than two notes that can be told apart, or fewer pairs are wished for.

    Laws: it ends when every tile has its other half; each wrong pair costs one second.

    >>> from surefoot.study.deck import deck_of
    >>> game = Matching(deck_of("descent"), 1, 0, begun=100.0)
    >>> len(game.tiles), game.left, game.done
    (12, 6, False)
    """

    def __init__(
        self, deck: Deck, session: int, seed: int, begun: float, pairs: int = PAIRS, timed: bool = True
    ) -> None:
        apart = _told_apart(deck)
        faults = [] if pairs >= 2 else [f"there are {pairs} pairs; a game has at least 2"]
        faults += [] if len(apart) >= 2 else [f"deck {deck.id!r} has {len(apart)} notes; a game needs at least 2"]
        refuse("matching", faults)
        random = Random(f"{seed}/matching")
        self.notes: dict[str, Note] = {note.id: note for note in random.sample(apart, min(pairs, len(apart)))}
        terms = [Tile(note.id, "term", note.title) for note in self.notes.values()]
        meanings = [Tile(note.id, "meaning", meaning_of(note)) for note in self.notes.values()]
        self.tiles = tuple(random.sample(terms + meanings, 2 * len(terms)))
        self.begun, self.timed = begun, timed
        self.wrong = 0
        self.chosen: int | None = None
        self._gone: set[int] = set()
        self._entry = Entry("matching", session)
        self._last = begun

    @property
    def left(self) -> int:
        """How many pairs are still to be found."""
        return (len(self.tiles) - len(self._gone)) // 2

    @property
    def done(self) -> bool:
        """Whether every tile has its other half."""
        return not self.left

    def lies(self, place: int) -> bool:
        """Return whether a tile still lies there."""
        return 0 <= place < len(self.tiles) and place not in self._gone

    def time(self, now: float) -> float:
        """Return how long the game has taken, with what wrong pairs cost."""
        return now - self.begun + PENALTY * self.wrong

    def choose(self, place: int, at: float, now: float) -> Pairing:
        """Choose a tile: the first of a pair, the second, or another first of the same side; the same again lets it go.

        Args:
            place: where it lies, from 0.
            at: in seconds since 1970, for the log.
            now: in seconds of the clock by which the game began.

        Errors: InvalidValue if no tile lies there.
        """
        if not self.lies(place):
            raise InvalidValue(f"no tile lies at {place}")
        first = self.chosen
        if first is None or self.tiles[first].side == self.tiles[place].side:
            self.chosen = None if first == place else place
            return Pairing(self.chosen)
        self.chosen = None
        return self._tried(first, place, at, now)

    def _tried(self, first: int, second: int, at: float, now: float) -> Pairing:
        one, other = self.tiles[first], self.tiles[second]
        right = one.note == other.note
        self._gone |= {first, second} if right else set()
        self.wrong += not right
        term, meaning = (one, other) if one.side == "term" else (other, one)
        outcome = self._outcome(term, meaning, right, at, now - self._last)
        self._last = now
        time = self.time(now) if self.timed and self.done else None
        return Pairing(None, (first, second), right, outcome, time)

    def _outcome(self, term: Tile, meaning: Tile, right: bool, at: float, seconds: float) -> Outcome:
        note = self.notes[term.note]
        card = Card(note, "forward")
        question = Question(card, "choice", term.text, meaning_of(note))
        answered = self._entry.of(question, meaning.text, right, None, at, seconds, form="pair")
        return Outcome(question, meaning.text, Verdict(right), answered)


def meaning_of(note: Note) -> str:
    """Return what a note says as it stands on a tile: whole sentences as far as there is room, without its own names.

    >>> meaning_of(Note("adam", "adaptive", "Adam", "?", "Adam keeps two means. It corrects them.", "-"))
    '… keeps two means. It corrects them.'
    """
    text = hidden(note.says, note)
    if len(text) <= LONGEST:
        return text
    end = text.rfind(". ", 0, LONGEST)
    return text[: end + 1] if end > LONGEST // 3 else f"{text[: text.rfind(' ', 0, LONGEST)]} …"


def _told_apart(deck: Deck) -> list[Note]:
    """Return notes of which no two share a term or a meaning."""
    found: dict[str, Note] = {}
    for note in deck.notes:
        found.setdefault(note.title.casefold(), note)
    return list({meaning_of(note): note for note in found.values()}.values())
