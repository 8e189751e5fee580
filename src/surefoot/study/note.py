"""A note: one idea, told well, from which cards are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, final

from surefoot.errors import refuse

Topic: TypeAlias = Literal[
    "learning", "penalties", "descent", "adaptive", "step sizes", "schedules", "stopping", "diagnosis", "own"
]
TOPICS: dict[Topic, str] = {
    "learning": "What learning is, and what a net begins with",
    "penalties": "What is made small: penalties, also called losses",
    "descent": "Gradient descent and momentum",
    "adaptive": "Rules that fit a step to each parameter",
    "step sizes": "The step size, also called learning rate, and what goes with it",
    "schedules": "Schedules: how the step size changes over a run",
    "stopping": "Stopping, and averaging the end",
    "diagnosis": "What goes wrong, and how it shows",
    "own": "Notes of your own",
}
"""Every topic with its title, in the order in which they are best learnt."""


@final
@dataclass(frozen=True)
class Drill:
    """How questions with fresh numbers are made for a note.

    Args:
        kind: one of `drills.DRILLS`.
        given: what that kind needs.
    """

    kind: str
    given: Mapping[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Note:
    """One idea. In all texts `code and formulas` stand between backticks, and nothing else is marked up.

    Args:
        id: never changes; lower case, with hyphens. The catalogue's are "rule.adamw" and so on.
        topic: one of `TOPICS`.
        title: the term that is learnt.
        asks: the question on the front.
        says: the answer on the back, in one to three sentences.
        why: why it is so, or why it works.
        picture: an analogy that helps to remember.
        use: when to use it, or where it is met.
        common: how it is commonly told, and how that differs from what is right; "" if it is told right.
        source: paper and section, or book and page.
        also: other names by which people call it, which count as right when typed.
        formula: its formula, a line each, as plain text in the symbols of the glossary.
        mathml: the same as MathML; "" where only plain text is at hand.
        laws: what is always true of it.
        demo: the address of a demonstration on the page, such as "/landscapes?surface=ravine&rule=momentum".
        entry: what the catalogue calls it, such as "rule:momentum"; "" if it is not in there.
        explains: codes of the doctor's checks whose findings it explains.
        drills: how questions with numbers are made for it.
        facts: every number and formula in the texts, with the expression by which a test checks it.

    Errors: InvalidValue naming every fault.
    """

    id: str
    topic: Topic
    title: str
    asks: str
    says: str
    source: str
    why: str = ""
    picture: str = ""
    use: str = ""
    common: str = ""
    also: tuple[str, ...] = ()
    formula: tuple[str, ...] = ()
    mathml: str = ""
    laws: tuple[str, ...] = ()
    demo: str = ""
    entry: str = ""
    explains: tuple[str, ...] = ()
    drills: tuple[Drill, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        faults = [] if self.topic in TOPICS else [f"topic is {self.topic!r}; it is one of {', '.join(TOPICS)}"]
        needed = {"id": self.id, "title": self.title, "asks": self.asks, "says": self.says}
        faults += [f"{name} is empty" for name, text in needed.items() if not text.strip()]
        faults += [f"{name} is not printable" for name, text in needed.items() if not text.isprintable()]
        refuse(f"note {self.id!r}", faults)

    @property
    def texts(self) -> dict[str, str]:
        """All prose of it by the name of the field, those that are not empty."""
        told = {"title": self.title, "asks": self.asks, "says": self.says, "why": self.why}
        told |= {"picture": self.picture, "use": self.use, "common": self.common}
        return {name: text for name, text in told.items() if text}
