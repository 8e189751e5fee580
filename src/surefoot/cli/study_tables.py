"""Decks, notes and sessions as tables, and as JSON."""

from collections.abc import Sequence
from typing import Any, final

from rich.table import Table
from rich.text import Text

from surefoot.study.answered import Answered
from surefoot.study.card import Card, cards_of
from surefoot.study.deck import Deck, decks
from surefoot.study.log import Session
from surefoot.study.mastery import Mastery
from surefoot.study.memory import Memory
from surefoot.study.note import Note
from surefoot.study.standing import NONE, Standing, sittings

BRIEF = (
    "known now: how likely you are right at this moment; unseen cards count as 0",
    "mastered: known for 21 days or more, right the last time, and shown to work with",
)
"""The figures in a line each; `mastery.EXPLAINED` says it in full."""


@final
class Standings:
    """How all cards stand; as long as nothing was answered it needs no model of forgetting.

    Args:
        answers: of the log.
        now: in seconds since 1970.
    """

    def __init__(self, answers: Sequence[Answered], now: float) -> None:
        self.now = now
        self._progress = None
        if answers:
            from surefoot.study.mastery import Progress

            self._progress = Progress(answers)

    def of(self, cards: Sequence[Card]) -> Standing:
        """Return how cards stand."""
        if self._progress is None:
            return Standing(Mastery(0.0, 0.0, len(cards), 0), 0)
        found = [self._progress.spacing.of(card.id) for card in cards]
        due = sum(each is not None and each.due <= self.now for each in found)
        return Standing(self._progress.of(cards, self.now), due)


def every_deck(memory: Memory) -> tuple[Deck, ...]:
    """Return the decks that come along and hold notes, then the learner's own."""
    return tuple(deck for deck in (*decks(), *memory.own()) if deck.notes)


def decks_table(found: Sequence[Deck], standings: Standings, keys: Sequence[str] = ()) -> Table:
    """Return a table of decks.

    Args:
        found: the decks.
        standings: how they stand.
        keys: by which each is chosen; none for their ids.
    """
    table = _table("" if keys else "deck", "title" if not keys else "deck", "notes", "known now", "mastered", "due now")
    for place, deck in enumerate(found):
        first = f"[{keys[place]}]" if keys else deck.id
        table.add_row(first, _title(deck.title), str(len(deck.notes)), *_row(standings.of(deck.cards)))
    return table


def notes_table(deck: Deck, standings: Standings) -> Table:
    """Return a table of a deck's notes."""
    table = _table("note", "title", "cards", "known now", "mastered", "due now")
    for note in deck.notes:
        cards = cards_of(note)
        table.add_row(note.id, _title(note.title), str(len(cards)), *_row(standings.of(cards)))
    return table


def _row(standing: Standing) -> tuple[str, str, str]:
    return standing.known, standing.mastered, str(standing.due)


def _title(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _table(*names: str) -> Table:
    table = Table.grid(padding=(0, 1))
    for place, _ in enumerate(names):  # if room is short, the titles alone get shorter
        table.add_column(justify="left" if place < 2 else "right", no_wrap=place != 1)
    table.add_row(*(Text(name, "bold") for name in names))
    return table


def history(sessions: Sequence[Session], most: int) -> list[str]:
    """Return the latest sessions, a line each, the last first; it says so if there are none."""
    if not sessions:
        return [NONE]
    latest = [
        f"{each.when:%Y-%m-%d %H:%M}  {each.way:8}  {each.deck}: {each.told}" for each in sittings(sessions, most)
    ]
    left = len(sessions) - len(latest)
    return latest + ([f"and {left} before"] if left else [])


def listed(memory: Memory, deck: Deck | None, now: float) -> tuple[Table, list[str]]:
    """Return a deck's notes as a table, or all decks, with the lines that stand beneath them."""
    standings = Standings(memory.answers(), now)
    if deck is not None:
        return notes_table(deck, standings), []
    return decks_table(every_deck(memory), standings), ["", *BRIEF, "", *history(memory.sessions(), 10)]


def plain(memory: Memory, deck: Deck | None, now: float) -> dict[str, Any]:
    """Return a deck with its notes, or all decks with the history, as JSON has them."""
    standings = Standings(memory.answers(), now)
    if deck is not None:
        return _deck_plain(deck, standings)
    return _decks_plain(every_deck(memory), standings, memory.sessions())


def _decks_plain(found: Sequence[Deck], standings: Standings, sessions: Sequence[Session]) -> dict[str, Any]:
    told = [
        {"id": deck.id, "title": deck.title, "own": deck.own, "notes": len(deck.notes),
         **standings.of(deck.cards).to_json()}
        for deck in found
    ]  # fmt: skip
    names = ("mode", "deck", "begun", "ended", "answers", "right", "seconds")
    return {"decks": told, "sessions": [{name: getattr(each, name) for name in names} for each in sessions]}


def _deck_plain(deck: Deck, standings: Standings) -> dict[str, Any]:
    told = {"id": deck.id, "title": deck.title, "own": deck.own, **standings.of(deck.cards).to_json()}
    return {**told, "notes": [_note_plain(note, standings) for note in deck.notes]}


def _note_plain(note: Note, standings: Standings) -> dict[str, Any]:
    names = ("id", "topic", "title", "also", "asks", "says", "why", "picture", "use", "common", "formula", "laws",
             "source", "demo", "entry", "explains")  # fmt: skip
    cards = [{"id": card.id, "kind": card.kind, **standings.of([card]).to_json()} for card in cards_of(note)]
    return {**{name: getattr(note, name) for name in names}, **standings.of(cards_of(note)).to_json(), "asked": cards}
