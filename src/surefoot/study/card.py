"""Cards: the kinds of question that a note is asked in, each remembered by itself."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from surefoot.study.note import Drill, Note

Kind: TypeAlias = Literal["forward", "reverse", "cloze", "numeric", "predict"]
KINDS: dict[Kind, str] = {
    "forward": "the question, then its answer",
    "reverse": "what is told, then the term",
    "cloze": "the formula with a part left out",
    "numeric": "fresh numbers, to be computed",
    "predict": "which of several pictures is the right one",
}
"""Every kind with what it asks."""

PREDICTED = ("which_curve", "diverges")
"""Kinds of drill whose question is a prediction; of all others it is a number."""


@final
@dataclass(frozen=True)
class Card:
    """One kind of question on one note.

    Args:
        note: what is learnt.
        kind: how it is asked.
        place: which line of the formula, or which drill, from 0.
    """

    note: Note
    kind: Kind
    place: int = 0

    @property
    def id(self) -> str:
        """What its answers are remembered by; never changes while the note stays what it is.

        >>> from surefoot.study.note import Note
        >>> Card(Note("adam", "adaptive", "Adam", "What is it?", "A rule.", "-"), "cloze", 1).id
        'adam/cloze/1'
        """
        several = self.kind not in ("forward", "reverse")
        return f"{self.note.id}/{self.kind}" + (f"/{self.place}" if several else "")

    @property
    def drill(self) -> Drill:
        """How its numbers are made; only of a numeric or a predict card."""
        return self.note.drills[self.place]


def cards_of(note: Note) -> tuple[Card, ...]:
    """Return the cards of a note: forward and reverse always, the others as far as it has formulas and drills."""
    made = [Card(note, "forward"), Card(note, "reverse")]
    made += [Card(note, "cloze", place) for place, line in enumerate(note.formula) if "=" in line]
    for place, drill in enumerate(note.drills):
        made.append(Card(note, "predict" if drill.kind in PREDICTED else "numeric", place))
    return tuple(made)
