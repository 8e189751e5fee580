"""How a question is put on the screen, how it is answered by keys, and what is said of the answer."""

from dataclasses import dataclass
from typing import final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from surefoot.cli.study_curves import drawn
from surefoot.cli.study_desk import Desk, demonstration
from surefoot.cli.study_keys import Left
from surefoot.study.outcome import Outcome
from surefoot.study.question import Question

PROMPTS = {"typed": "answer: ", "number": "number: "}
"""What stands before an answer that is typed."""


@final
@dataclass(frozen=True)
class Reply:
    """What a learner did with a question.

    Args:
        text: the answer; "" for none.
        seconds: how long it took.
        key: what was pressed in its stead, of the keys that were allowed; "" if it was answered.
    """

    text: str
    seconds: float
    key: str = ""


def replied(desk: Desk, question: Question, head: Text, others: str = "", told: str = "") -> Reply:
    """Put a question and return what is done with it.

    Args:
        desk: where.
        question: the question; to be turned is none of its forms here.
        head: the first line.
        others: keys that are allowed besides.
        told: what these do.

    Errors: Left if the learner leaves.
    """
    begun = desk.watch()
    while True:
        typed = question.form in PROMPTS
        found = _typed(desk, question, head, others, told) if typed else _chosen(desk, question, head, others, told)
        if found.key != "w":
            return Reply(found.text, desk.watch() - begun, found.key)
        parts = [head, Text(""), *(Text(line) for line in _words(question))]
        desk.pressed(parts, " ", "[space] back")


def _chosen(desk: Desk, question: Question, head: Text, others: str, told: str) -> Reply:
    numbers = "123456789"[: len(question.choices)]
    words = "w" if question.pictures else ""
    keys = f"[1]-[{numbers[-1:]}] choose  [0] I do not know"
    keys += ("  [w] in words" if words else "") + (f"  {told}" if told else "")
    key = desk.pressed(asking(desk, question, head), f"{numbers}0{words}{others}", keys, question.card.note)
    if key in numbers:
        return Reply(question.choices[numbers.index(key)], 0.0)
    return Reply("", 0.0) if key == "0" else Reply("", 0.0, key)


def _typed(desk: Desk, question: Question, head: Text, others: str, told: str) -> Reply:
    note = question.card.note
    more = f"  {told.replace('[', '[:')}" if told else ""
    last = f"[Enter] alone: I do not know{more}  {'[:d] demo  ' if note.demo else ''}[:?] keys  [Esc] leave"
    desk.screen.show(asking(desk, question, head), last, desk.key)
    while True:
        text = desk.keys.line(PROMPTS[question.form])
        key = text[1:].strip().lower() if text.startswith(":") else ""
        if not key:
            return Reply(text, 0.0)
        if key == "q":
            raise Left
        if key in others:
            return Reply("", 0.0, key)
        if key == "?":
            desk.explain()
            desk.screen.show(asking(desk, question, head), last, desk.key)
        else:
            desk.screen.tell(demonstration(note) if key == "d" else f"There is no key :{key} here.")


def asking(desk: Desk, question: Question, head: Text) -> list[RenderableType]:
    """Return the screen of a question that waits for its answer."""
    marked = desk.screen.marked
    parts: list[RenderableType] = [head, Text(""), marked(question.asks, "bold")]
    parts += [Padding(marked(line), (0, 0, 0, 2)) for line in question.shown]
    parts += [Text(""), *choices(desk, question)] if question.choices else []
    return parts


def choices(desk: Desk, question: Question) -> list[RenderableType]:
    """Return what there is to choose from, with the number of each."""
    if question.pictures:
        return [Text(line) for line in _curves(desk, question)]
    table = Table.grid(padding=(0, 1))
    for place, choice in enumerate(question.choices, 1):
        table.add_row(f"[{place}]", desk.screen.marked(choice))
    return [table]


def _curves(desk: Desk, question: Question) -> list[str]:
    if not desk.screen.watched:
        return _words(question)
    names = [f"[{place}] {name}" for place, name in enumerate(question.choices, 1)]
    return drawn(question.pictures, names, desk.screen.console.width, desk.screen.has_blocks)


def _words(question: Question) -> list[str]:
    both = zip(question.choices, question.pictures, strict=True)
    return [f"[{place}] {name}: {picture.says}" for place, (name, picture) in enumerate(both, 1)]


def told(desk: Desk, outcome: Outcome) -> list[RenderableType]:
    """Return what is said of an answer: whether it was right, what is right, and how that comes about."""
    marked, question, verdict = desk.screen.marked, outcome.question, outcome.verdict
    word = "Right" if verdict.right else "Wrong" if outcome.text else "Not known"
    says = f": {verdict.says}" if verdict.says and outcome.text else ""
    parts: list[RenderableType] = [Text(f"{word}{says}.", f"bold {'green' if verdict.right else 'red'}")]
    if outcome.text and not (verdict.right and outcome.text == question.answer):
        parts.append(marked(f"You answered: {outcome.text}"))
    parts += [Text(""), *answer(desk, question)]
    return parts


def answer(desk: Desk, question: Question) -> list[RenderableType]:
    """Return the answer of a question, and what is told of it."""
    marked = desk.screen.marked
    parts: list[RenderableType] = [marked(question.answer, "bold")]
    if question.tells.strip() and question.tells.strip() != question.answer:
        parts += [Text(""), *(marked(line) for line in question.tells.splitlines())]
    return parts


def reviewed(desk: Desk, outcome: Outcome, head: Text) -> list[RenderableType]:
    """Return the screen of a question that was answered."""
    question = outcome.question
    shown = [Padding(desk.screen.marked(line), (0, 0, 0, 2)) for line in question.shown]
    return [head, Text(""), desk.screen.marked(question.asks), *shown, Text(""), *told(desk, outcome)]
