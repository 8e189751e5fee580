"""The first screens of studying: the table of decks, and one deck with its four ways."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from surefoot.cli.study_desk import Desk
from surefoot.cli.study_keys import Left
from surefoot.cli.study_tables import BRIEF, Standings, decks_table, every_deck, history
from surefoot.errors import InvalidValue
from surefoot.study.answered import MODES, NAMES, Mode
from surefoot.study.deck import Deck
from surefoot.study.mastery import EXPLAINED
from surefoot.study.question import Form

LETTERS = "abcefghijklmnoprstuvwxyz"
"""Of decks; q leaves, and d tells demonstrations elsewhere."""

SHOWN = 13
"""Decks on one screen: with all the rest they fill 24 lines."""

WAYS: dict[str, Mode] = {"1": "learn", "2": "test", "3": "matching", "4": "spaced"}


def choose(desk: Desk, forms: tuple[Form, ...]) -> None:
    """Show the decks, and study the one that is chosen, until the learner leaves."""
    start = 0
    while True:
        found = every_deck(desk.memory)
        shown = found[start : start + SHOWN]
        keys = LETTERS[: len(shown)]
        more = "  [space] more decks" if len(found) > SHOWN else ""
        try:
            key = desk.pressed(_decks(desk, shown, keys), keys + (" " if more else ""), f"[a]-[{keys[-1]}] deck{more}")
        except Left:
            return
        if key == " ":
            start = start + SHOWN if start + SHOWN < len(found) else 0
        else:
            visit(desk, shown[keys.index(key)], forms)


def _decks(desk: Desk, shown: tuple[Deck, ...], keys: str) -> list[RenderableType]:
    standings = Standings(desk.memory.answers(), desk.now())
    parts: list[RenderableType] = [desk.head("Study"), decks_table(shown, standings, keys)]
    parts += [Text(line, "dim") for line in BRIEF]
    parts.append(Text("A deck is learnt in four ways: Learn, Test, Matching, Spaced; choose it first."))
    return parts + [Text(line) for line in history(desk.memory.sessions(), 2)]


def visit(desk: Desk, deck: Deck, forms: tuple[Form, ...]) -> None:
    """Show a deck and its four ways, and go them, until the learner leaves."""
    while True:
        try:
            key = desk.pressed(_deck(desk, deck), "".join(WAYS), "[1]-[4] begin")
        except Left:
            return
        try:
            go(desk, deck, WAYS[key], forms)
        except Left:
            continue
        except InvalidValue as error:
            desk.pressed([desk.head(deck.title), Text(""), Text(str(error))], " ", "[space] back")


def _deck(desk: Desk, deck: Deck) -> list[RenderableType]:
    standing = Standings(desk.memory.answers({card.id for card in deck.cards}), desk.now()).of(deck.cards)
    known, mastered, due = standing.known, standing.mastered, standing.due
    sessions = [each for each in desk.memory.sessions() if each.deck == deck.id]
    best = desk.memory.best_times(deck.id, 1)
    told = f"{len(deck.notes)} notes, {standing.mastery.cards} cards, {standing.mastery.seen} seen; {due} due now"
    parts: list[RenderableType] = [desk.head(deck.title), Text(told), Text("")]
    ways = Table.grid(padding=(0, 2))
    for key, mode in WAYS.items():
        time = f"; best time {best[0]:.1f} s" if mode == "matching" and best else ""
        ways.add_row(f"[{key}] {NAMES[mode]}", f"{MODES[mode]}{time}")
    parts.append(ways)
    figures = ((known, EXPLAINED["known"]), (mastered, EXPLAINED["mastered"]))
    for figure, text in figures:
        name, _, says = text.partition(":")
        parts += [Text(""), Text.assemble((f"{name}, {figure}:", "bold"), says)]
    return [*parts, Text(""), *(Text(line) for line in history(sessions, 4))]


def go(desk: Desk, deck: Deck, mode: Mode, forms: tuple[Form, ...]) -> None:
    """Study a deck in one of the four ways.

    Errors: Left if the learner leaves before its end.
    """
    from surefoot.cli.study_learn import learn
    from surefoot.cli.study_matching import match
    from surefoot.cli.study_paper import examine
    from surefoot.cli.study_spaced import space

    desk.seed += 1  # another visit asks other things
    ways = {
        "learn": lambda: learn(desk, deck),
        "test": lambda: examine(desk, deck, forms),
        "matching": lambda: match(desk, deck),
        "spaced": lambda: space(desk, deck),
    }
    ways[mode]()
