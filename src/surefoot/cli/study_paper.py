"""Test in the terminal."""

from rich.console import RenderableType
from rich.text import Text

from surefoot.cli.study_asking import PROMPTS, replied, reviewed
from surefoot.cli.study_desk import Desk
from surefoot.cli.study_learn import learn
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.note import TOPICS
from surefoot.study.outcome import Outcome
from surefoot.study.paper import ASKABLE, Marks, Paper
from surefoot.study.question import FORMS, Form


def examine(desk: Desk, deck: Deck, forms: tuple[Form, ...]) -> None:
    """Take a test of a deck: answer, hand in, see the marks and the mistakes, study these again.

    Args:
        desk: where.
        deck: of what.
        forms: in which may be asked; none to let the learner choose.

    Errors: Left if the learner leaves.
    """
    Paper(deck, 0, desk.seed, desk.asker, desk.length, forms or ASKABLE)  # what cannot be is refused at once
    wished = forms or _wished(desk, deck)
    session = desk.memory.begin("test", deck.id)
    paper = Paper(deck, session, desk.seed, desk.asker, desk.length, wished)
    _fill(desk, deck, paper)
    paper.hand_in()
    desk.memory.end(session)
    again = _discuss(desk, deck, paper)
    if again:
        learn(desk, deck, again)


def _wished(desk: Desk, deck: Deck) -> tuple[Form, ...]:
    """Let the learner choose the forms; space takes all that are not taken out."""
    there = [form for form in ASKABLE if any(form in desk.asker.forms_of(card) for card in deck.cards)]
    taken = set(there)
    while True:
        length = f"{desk.length or 'up to 20'} questions; no verdict before you hand in."
        parts: list[RenderableType] = [desk.head(f"Test: {deck.title}"), Text(""), Text(length), Text("")]
        parts += [Text(f" {n}  [{'x' if f in taken else ' '}] {FORMS[f]}") for n, f in enumerate(there, 1)]
        numbers = "1234"[: len(there)]
        begin = " " if taken else ""
        key = desk.pressed(parts, f"{numbers}{begin}", f"[1]-[{len(there)}] take in or out  [space] begin")
        if key == " ":
            return tuple(form for form in there if form in taken)
        taken ^= {there[numbers.index(key)]}


def _fill(desk: Desk, deck: Deck, paper: Paper) -> None:
    """Have every question answered, until the paper is handed in."""
    while True:
        question, of = paper.question, len(paper.questions)
        undo = ("u", "[u] back") if paper.place else ("", "")
        if question is None:
            parts = [desk.head(f"Test: {deck.title}"), Text(""), Text(f"All {of} questions are answered.")]
            if desk.pressed(parts, " u", "[space] hand in  [u] back") == " ":
                return
            desk.keep(paper.back())
            continue
        head = desk.head(f"Test: {deck.title}", f"question {paper.place + 1} of {of}")
        reply = replied(desk, question, head, *undo)
        if reply.key:
            desk.keep(paper.back())
        else:
            desk.keep(paper.answer(reply.text, desk.now(), reply.seconds))


def _discuss(desk: Desk, deck: Deck, paper: Paper) -> tuple[Card, ...]:
    """Show the marks and the mistakes; return the cards that are to be studied again now."""
    while True:
        marks = paper.marks()
        review = "[m] see the mistakes  [l] learn them  " if marks.mistakes else ""
        key = desk.pressed(_marked(desk, deck, marks), " ml" if marks.mistakes else " ", f"{review}[space] done")
        if key == "m":
            for place, mistake in enumerate(marks.mistakes, 1):
                _review(desk, paper, mistake, f"mistake {place} of {len(marks.mistakes)}")
        else:
            return marks.again if key == "l" else ()


def _review(desk: Desk, paper: Paper, mistake: Outcome, place: str) -> None:
    mine = mistake.question.form in PROMPTS and mistake.text
    keys = "[space] on" + ("  [r] my answer was right" if mine else "")
    parts = reviewed(desk, mistake, desk.head("Test: what was wrong", place))
    if desk.pressed(parts, " r" if mine else " ", keys, mistake.question.card.note) == "r":
        desk.keep(paper.overrule(mistake, desk.now()))


def _marked(desk: Desk, deck: Deck, marks: Marks) -> list[RenderableType]:
    share = round(100 * marks.right / marks.of)
    minutes, seconds = divmod(round(marks.seconds), 60)
    parts: list[RenderableType] = [desk.head(f"Test: {deck.title}", "marked"), Text("")]
    parts.append(Text(f"{marks.right} of {marks.of} right, {share} %, in {minutes} min {seconds} s.", "bold"))
    if len(marks.topics) > 1:
        parts += [Text(f"  {mark.right:3} of {mark.of:3}  {TOPICS[mark.topic]}") for mark in marks.topics]
    parts += [Text(""), Text("Wrong:")] if marks.mistakes else []
    wrong = [f"  {each.question.card.note.title} ({each.question.card.kind})" for each in marks.mistakes]
    return parts + [desk.screen.marked(line) for line in wrong]
