"""A question: one card, asked in one form, with all that is needed to show it and to judge an answer."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from surefoot.study.card import Card

Form: TypeAlias = Literal["turn", "choice", "typed", "number", "curve"]
FORMS: dict[Form, str] = {
    "turn": "think of the answer, turn the card, grade yourself",
    "choice": "choose one of a few answers",
    "typed": "type a word or a formula",
    "number": "type a number",
    "curve": "choose one of a few pictures",
}
"""Every form with what the learner does."""


@final
@dataclass(frozen=True)
class Picture:
    """A curve to choose from: values at whole steps, told without their scale.

    Args:
        y: the values, at x from 0.
        says: what it looks like, in words, for those who do not see it.
    """

    y: tuple[float, ...]
    says: str


@final
@dataclass(frozen=True)
class Question:
    """One card, asked in one form.

    Args:
        card: what is asked.
        form: how.
        asks: the question; `code` stands between backticks.
        answer: what is right, as it is shown.
        shown: lines to be seen beside the question: a formula with a gap, numbers; may be none.
        choices: of choice and curve, in the order in which they are shown; the answer is one of them.
        pictures: of curve, one for each choice; a choice is then "A", "B" and so on.
        accepts: other texts that are right when typed.
        within: of number, how far off an answer may be, as a part of it.
        tells: what is told when it has been answered: how the number comes about, why.
    """

    card: Card
    form: Form
    asks: str
    answer: str
    shown: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    accepts: tuple[str, ...] = ()
    within: float = 0.01
    tells: str = ""


@final
@dataclass(frozen=True)
class Verdict:
    """What is to be said of an answer.

    Args:
        right: whether it counts as right.
        says: what is said beside "right" or "wrong", such as that one letter was off; may be empty.
    """

    right: bool
    says: str = ""
