"""Matching, as the page plays it."""

import secrets
import time
from typing import Any, ClassVar, final

from surefoot.page.study_play import Play
from surefoot.page.study_room import Room
from surefoot.study.answered import Mode
from surefoot.study.deck import Deck
from surefoot.study.matching import Matching, Pairing
from surefoot.study.note import Note


@final
class MatchPlay(Play):
    """A game of pairs.

    Args:
        room: where answers are kept.
        deck: from which they are drawn.
        timed: whether there is a clock.

    Errors: InvalidValue if the deck has too few notes; nothing is begun then.
    """

    mode: ClassVar[Mode] = "matching"

    def __init__(self, room: Room, deck: Deck, *, timed: bool) -> None:
        seed = secrets.randbelow(2**31)
        Matching(deck, 0, seed, 0.0)
        super().__init__(room, deck)
        self.timed = timed
        self._game = Matching(deck, self.session, seed, time.monotonic(), timed=timed)
        self._best = room.best_times(deck.id, 5)
        self._told = Pairing(None)

    @property
    def stage(self) -> str:
        """The tiles, or the end."""
        return "over" if self._game.done else "tiles"

    @property
    def note(self) -> Note | None:
        """No note: a demonstration would tell which tiles are a pair."""
        return None

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be done now."""
        return ("new",) if self._game.done else ("choose",)

    def done(self, act: str, text: str) -> Play | None:
        """Choose a tile, or begin another game."""
        if act == "new":
            return MatchPlay(self.room, self.deck, timed=self.timed)
        place = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1
        if self._game.lies(place):
            self._told = self._game.choose(place, self.now(), time.monotonic())
            self.room.keep(self._told.outcome)
            if self._told.time is not None:
                self.room.memory.keep_time(self.session, self._told.time)
            if self._game.done:
                self.end()
        return None

    def parts(self) -> dict[str, Any]:
        """Return what its template needs."""
        game, told = self._game, self._told
        said = "" if told.tried is None else "Right." if told.right else "No pair."
        new = told.time is not None and (not self._best or told.time < self._best[0])
        times = sorted([*self._best, *([told.time] if told.time is not None else [])])[:5]
        lying = [tile if game.lies(place) else None for place, tile in enumerate(game.tiles)]
        parts = {"game": game, "tiles": lying, "said": said, "tried": told.tried, "time": told.time, "new": new}
        return {**parts, "times": times, "elapsed": game.time(time.monotonic())}
