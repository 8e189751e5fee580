"""The desk at which is studied: the screen, the keys, the memory, the clock, and the keys that work everywhere."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import final

from rich.console import RenderableType
from rich.text import Text

from surefoot.cli.study_keys import LEAVES, Keys, Left
from surefoot.cli.study_screen import Screen
from surefoot.study.answered import MODES, NAMES
from surefoot.study.mastery import EXPLAINED
from surefoot.study.memory import Memory
from surefoot.study.note import Note
from surefoot.study.outcome import Asker, Outcome

HELP = (
    "Every answer is kept as soon as it is given: whenever you leave, nothing is lost.",
    "",
    "[space] or [Enter] goes on; in Spaced it turns the card.",
    "[1] to [4] choose an answer; in Spaced they grade the card: again, hard, good, easy. Beside each stands when the"
    " card comes again.",
    "[Enter] alone, where something is typed: I do not know.",
    "[r] after a wrong answer that was typed: my answer was right.",
    "[u] takes the last answer back: in Spaced, and in Test before it is handed in.",
    "[w] tells curves in words.",
    "[d] prints the address of a demonstration: `surefoot page` shows it.",
    "[q] or [Esc] leaves. Where words are typed, q is a letter: `:q` and Esc leave, `:d`, `:u` and `:?` do the rest.",
)
"""The keys, told."""


@final
@dataclass
class Desk:
    """Where is studied.

    Args:
        screen: where is shown.
        keys: what is pressed.
        memory: where answers are kept.
        asker: who asks and judges.
        seed: of this visit's questions.
        length: of a test, of spaced learning, of a game; None for what is usual.
        timed: whether matching has a clock.
    """

    screen: Screen
    keys: Keys
    memory: Memory
    asker: Asker
    seed: int
    length: int | None = None
    timed: bool = True

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def watch(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()

    def keep(self, outcome: Outcome | None) -> None:
        """Put what came of an answer into the memory; when this returns it is on the disk."""
        if outcome is not None and outcome.taken_back is not None:
            self.memory.undo(outcome.taken_back.session, outcome.taken_back.card)
        if outcome is not None and outcome.answered is not None:
            self.memory.answer(outcome.answered)

    def head(self, left: str, right: str = "") -> Text:
        """Return the first line of a screen."""
        room = self.screen.console.width - len(right) - 2
        title = left if len(left) <= room else f"{left[: room - 3]}..."
        return Text(f"{title}{' ' * (self.screen.console.width - len(title) - len(right))}{right}", "bold")

    def pressed(
        self, parts: Sequence[RenderableType], allowed: str, told: str, note: Note | None = None, asked: bool = True
    ) -> str:
        """Show a screen and return the first key that is allowed; Enter stands for the space.

        Args:
            parts: the screen.
            allowed: keys of one sign.
            told: which keys there are, in words; those that work everywhere are told besides.
            note: what is shown, whose demonstration [d] tells.
            asked: whether [?] shows the keys.

        Errors: Left if the learner leaves.
        """
        last = self.told(told, note) if asked else f"{told}  [q] back"
        self.screen.show(parts, last, self.key)
        while True:
            key = self.key()
            if key in allowed:
                return key
            if key == "?" and asked:
                self.explain()
                self.screen.show(parts, last, self.key)
            elif key == "d" and note is not None:
                self.screen.tell(demonstration(note))

    def told(self, keys: str, note: Note | None) -> str:
        """Return the last line of a screen."""
        return "  ".join(filter(None, [keys, "[d] demo" if note and note.demo else "", "[?] keys  [q] leave"]))

    def key(self) -> str:
        """Return the next key.

        Errors: Left if the learner leaves.
        """
        key = self.keys.key()
        if key in LEAVES:
            raise Left
        return " " if key == "enter" else key

    def explain(self) -> None:
        """Show the keys, the four ways and what the figures mean; leaving it leads back."""
        marked = self.screen.marked
        parts = [self.head("Keys"), *map(marked, HELP), Text("")]
        parts += [self.head("The four ways"), *(marked(f"{NAMES[mode]}: {MODES[mode]}.") for mode in MODES), Text("")]
        parts += [self.head("The figures"), *map(marked, EXPLAINED.values())]
        with suppress(Left):
            self.pressed(parts, " ", "[space] back", asked=False)


def demonstration(note: Note) -> str:
    """Return where a note's demonstration is found.

    >>> demonstration(Note("a", "own", "A", "What?", "This.", "-", demo="/schedules?text=linear()"))
    "See it live: surefoot page --open '/schedules?text=linear()'"
    """
    return f"See it live: surefoot page --open '{note.demo}'" if note.demo else "This card has no demonstration."
