"""Spaced learning in the terminal."""

from datetime import timedelta

from rich.console import RenderableType
from rich.text import Text

from surefoot.cli.study_asking import answer, asking
from surefoot.cli.study_desk import Desk
from surefoot.study.answered import RATINGS, Rating
from surefoot.study.deck import Deck
from surefoot.study.spaced import UNSEEN, Spaced
from surefoot.study.standing import length

GRADES: dict[str, Rating] = {"1": 1, "2": 2, "3": 3, "4": 4}


def space(desk: Desk, deck: Deck) -> None:
    """Turn and grade the cards that are due, until none is.

    Errors: Left if the learner leaves.
    """
    session = desk.memory.begin("spaced", deck.id)
    known = desk.memory.answers({card.id for card in deck.cards})
    unseen = UNSEEN if desk.length is None else desk.length
    state = Spaced(deck, session, desk.seed, desk.asker, known, desk.now(), unseen)
    while True:
        while not state.done:
            _card(desk, deck, state)
        undo = "[u] take back  " if state.summary().answers else ""
        if desk.pressed(_over(desk, deck, state), " u" if undo else " ", f"{undo}[space] done") == " ":
            break
        desk.keep(state.undo())
    desk.memory.end(session)


def _card(desk: Desk, deck: Deck, state: Spaced) -> None:
    question = state.question
    assert question is not None  # it is not done
    head = desk.head(f"Spaced: {deck.title}", f"{state.left} to go")
    front, note = asking(desk, question, head), question.card.note
    undo = "  [u] take back" if state.summary().answers else ""
    begun = desk.watch()
    if desk.pressed(front, " u" if undo else " ", f"[space] turn{undo}", note) == "u":
        return desk.keep(state.undo())
    state.turn()
    parts = [*front, Text("_" * 20, "dim"), *answer(desk, question), Text(""), Text(_grades(state, desk.now()), "bold")]
    key = desk.pressed(parts, "1234u" if undo else "1234", undo.strip(), note)
    if key == "u":
        return desk.keep(state.undo())
    return desk.keep(state.answer(GRADES[key], desk.now(), desk.watch() - begun))


def _grades(state: Spaced, now: float) -> str:
    soon = state.intervals(now)
    return "   ".join(f"[{rating}] {word} {length(soon[rating])}" for rating, word in RATINGS.items())


def _over(desk: Desk, deck: Deck, state: Spaced) -> list[RenderableType]:
    found = state.summary()
    parts: list[RenderableType] = [desk.head(f"Spaced: {deck.title}", "nothing is due"), Text("")]
    if found.answers:
        said = f"{found.answers} answers on {found.cards} cards; {found.forgotten} times forgotten."
        parts.append(Text(said, "bold"))
    else:
        parts.append(Text("Nothing is due now.", "bold"))
    if found.next_due is not None:
        soon = length(timedelta(seconds=max(found.next_due - desk.now(), 0.0)))
        parts.append(Text(f"The next card comes in {soon}."))
    unmet = sum(state.spacing.of(card.id) is None for card in deck.cards)
    parts += [Text(f"{unmet} cards of this deck were never met: another session meets more.")] if unmet else []
    return parts
