"""Learn in the terminal."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from surefoot.cli.study_asking import PROMPTS, replied, reviewed
from surefoot.cli.study_desk import Desk
from surefoot.study.card import Card
from surefoot.study.deck import Deck
from surefoot.study.learning import RUNGS, Learning, Round, Rung


def learn(desk: Desk, deck: Deck, cards: Sequence[Card] | None = None) -> None:
    """Learn a deck in rounds, until all is learned.

    Args:
        desk: where.
        deck: what.
        cards: only these of it, from their beginning; None for all, from where the learner left.

    Errors: Left if the learner leaves.
    """
    session = desk.memory.begin("learn", deck.id)
    known = desk.memory.answers({card.id for card in deck.cards}) if cards is None else []
    state = Learning(deck, session, desk.seed, desk.asker, known, cards)
    while state.question is not None:
        number = state.number
        reply = replied(desk, state.question, _head(desk, state))
        desk.keep(state.answer(reply.text, desk.now(), reply.seconds))
        _discuss(desk, state)
        if state.ended is not None:
            parts = _round(desk, deck, state.ended, state.done)
            desk.pressed(parts, " ", "[space] done" if state.done else f"[space] round {number + 1}")
    desk.memory.end(session)


def _discuss(desk: Desk, state: Learning) -> None:
    """Say what is to be said of the last answer, and let the learner set it right."""
    outcome = state.last
    assert outcome is not None  # it has just been given
    mine = not outcome.verdict.right and outcome.question.form in PROMPTS and outcome.text
    keys = "[space] on" + ("  [r] my answer was right" if mine else "")
    head = desk.head(f"Learn: {state.deck.title}", f"round {_number(state)}")
    if desk.pressed(reviewed(desk, outcome, head), " r" if mine else " ", keys, outcome.question.card.note) == "r":
        desk.keep(state.overrule(desk.now()))


def _number(state: Learning) -> int:
    """Return the number of the round to which the last answer belongs."""
    return state.number if state.ended is None else state.ended.number


def _head(desk: Desk, state: Learning) -> Text:
    learned = state.standing()[2]
    return desk.head(
        f"Learn: {state.deck.title}", f"round {state.number}, {state.left} to go; {learned}/{len(state.cards)} learned"
    )


def _round(desk: Desk, deck: Deck, ended: Round, done: bool) -> list[RenderableType]:
    marked = desk.screen.marked
    parts: list[RenderableType] = [desk.head(f"Learn: {deck.title}", f"round {ended.number} is over"), Text("")]
    parts.append(Text(f"{len(ended.right)} right at once, {len(ended.missed)} after a miss."))
    parts += [marked(f"  came again: {card.note.title} ({card.kind})") for card in ended.missed]
    parts += [Text(""), *(Text(f"{bar(count, ended.rungs)} {count:4} {RUNGS[rung]}") for rung, count in _down(ended))]
    parts += [Text(""), Text("Every card is learned: begin anew, or go on with Spaced.", "bold")] if done else []
    return parts


def _down(ended: Round) -> list[tuple[Rung, int]]:
    return sorted(ended.rungs.items(), reverse=True)


def bar(count: int, rungs: dict[Rung, int], width: int = 30) -> str:
    """Return a bar as long as a count's share of all.

    >>> bar(1, {0: 1, 2: 2}, width=6)
    '##    '
    """
    return ("#" * round(width * count / max(sum(rungs.values()), 1))).ljust(width)
