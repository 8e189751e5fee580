"""Matching in the terminal: terms by letter, meanings by number."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from surefoot.cli.study_desk import Desk
from surefoot.study.deck import Deck
from surefoot.study.matching import PAIRS, Matching, Pairing

LETTERS = "abcefghijk"
"""Of terms: d tells the demonstration elsewhere."""

MOST = 9
"""Pairs that can be told by one key each."""


def match(desk: Desk, deck: Deck) -> None:
    """Play pairs until the learner has enough.

    Errors: Left if the learner leaves.
    """
    while True:
        session = desk.memory.begin("matching", deck.id)
        pairs = PAIRS if desk.length is None else min(desk.length, MOST)
        game = Matching(deck, session, desk.seed, desk.watch(), pairs, desk.timed)
        told = _played(desk, deck, game)
        best = desk.memory.best_times(deck.id, 5)
        if told.time is not None:
            desk.memory.keep_time(session, told.time)
        desk.memory.end(session)
        if desk.pressed(_over(desk, deck, game, told, best), " n", "[n] new game  [space] done") == " ":
            return
        desk.seed += 1


def _played(desk: Desk, deck: Deck, game: Matching) -> Pairing:
    terms = [place for place, tile in enumerate(game.tiles) if tile.side == "term"]
    meanings = [place for place, tile in enumerate(game.tiles) if tile.side == "meaning"]
    named = dict(zip(LETTERS, terms, strict=False)) | dict(zip("123456789", meanings, strict=False))
    said, told = "", Pairing(None)
    while not game.done:
        lying = "".join(name for name, place in named.items() if game.lies(place))
        keys = "a letter and a number make a pair"
        key = desk.pressed(_tiles(desk, deck, game, named, said), lying, keys)
        told = game.choose(named[key], desk.now(), desk.watch())
        desk.keep(told.outcome)
        said = "" if told.tried is None else "Right." if told.right else "No pair."
    return told


def _tiles(desk: Desk, deck: Deck, game: Matching, named: dict[str, int], said: str) -> list[RenderableType]:
    names = {place: name for name, place in named.items()}
    table = Table.grid(padding=(0, 1), expand=True)
    for share in (None, 3, None, 5):
        table.add_column(ratio=share)
    left = [place for name, place in named.items() if name in LETTERS]
    right = [place for name, place in named.items() if name not in LETTERS]
    for pair in zip(left, right, strict=True):
        table.add_row(*(part for place in pair for part in _tile(desk, game, place, names[place])))
    wrong = f"; {game.wrong} wrong, +{game.wrong} s" if game.timed and game.wrong else ""
    head = desk.head(f"Matching: {deck.title}", f"{game.left} to go{wrong}")
    return [head, Text(said, "bold"), table]


def _tile(desk: Desk, game: Matching, place: int, name: str) -> tuple[Text, Text]:
    if not game.lies(place):
        return Text(" -", "dim"), Text("")
    chosen = game.chosen == place
    text = desk.screen.marked(game.tiles[place].text, "reverse" if chosen else "")
    return Text(f"{'>' if chosen else ' '}{name}"), text


def _over(desk: Desk, deck: Deck, game: Matching, told: Pairing, best: list[float]) -> list[RenderableType]:
    parts: list[RenderableType] = [desk.head(f"Matching: {deck.title}", "all pairs are found"), Text("")]
    parts.append(Text(f"Wrong pairs: {game.wrong}."))
    if told.time is not None:
        new = " Your best time." if not best or told.time < best[0] else ""
        parts.append(Text(f"Your time: {told.time:.1f} s, a second for each wrong pair among it.{new}", "bold"))
        times = ", ".join(f"{seconds:.1f} s" for seconds in sorted([*best, told.time])[:5])
        parts.append(Text(f"Best times in this deck: {times}."))
    return parts
