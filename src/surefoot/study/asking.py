"""How a card is asked: which forms it has, and the question that a form and a seed make of it."""

import re
from collections.abc import Sequence
from random import Random

from surefoot.catalogue import find
from surefoot.errors import InvalidValue
from surefoot.study.card import Card
from surefoot.study.cloze import JOIN, cloze_of, typable
from surefoot.study.deck import Deck
from surefoot.study.drills import exercise_of
from surefoot.study.fillings import others_for, written
from surefoot.study.formula_tree import FUNCTIONS, OPAQUE
from surefoot.study.library import notes
from surefoot.study.near import others_of
from surefoot.study.note import Note
from surefoot.study.question import Form, Question
from surefoot.study.words import words_of
from surefoot.symbols import SYMBOLS

SHORT = 4
"""Words that a term may have to be typed."""

HIDDEN = "…"
"""What stands for a term in the text that asks for it."""


def forms_of(card: Card) -> tuple[Form, ...]:
    """Return the forms in which a card can be asked, the easiest first; every card can be turned.

    >>> note = Note("sgd", "own", "SGD", "How does it step?", "Against the gradient.", "-")
    >>> forms_of(Card(note, "forward")), forms_of(Card(note, "reverse"))
    (('turn', 'choice'), ('turn', 'choice', 'typed'))
    """
    match card.kind:
        case "forward":
            return "turn", "choice"
        case "reverse":
            short = any(len(term.split()) <= SHORT for term in (card.note.title, *card.note.also))
            return ("turn", "choice", "typed") if short else ("turn", "choice")
        case "cloze":
            line, others = _lines(card)
            return ("turn", "choice", "typed") if typable(line, others, _known(card.note)) else ("turn", "choice")
        case "numeric":
            return "turn", "number"
        case "predict":
            return "turn", "curve" if card.drill.kind == "which_curve" else "choice"


def asked(card: Card, form: Form, deck: Deck, seed: int) -> Question:
    """Return a card's question in a form; the same seed gives the same question.

    Args:
        card: what is asked.
        form: one of `forms_of(card)`.
        deck: the deck that is learnt, whose other notes give the wrong choices.
        seed: of the numbers, the gap and the choices.

    Errors: InvalidValue if the card has no such form.

    >>> note = Note("sgd", "own", "SGD", "How does it step?", "SGD steps against the gradient.", "-")
    >>> asked(Card(note, "reverse"), "typed", Deck("mine", "Mine", (note,)), seed=0).shown
    ('… steps against the gradient.',)
    """
    if form not in forms_of(card):
        raise InvalidValue(f"{card.id} is asked by {', '.join(forms_of(card))}, and {form!r} is none of these")
    drawn = Random(f"{card.id} {seed}")
    match card.kind:
        case "forward":
            return _forward(card, form, deck, drawn)
        case "reverse":
            return _reverse(card, form, deck, drawn)
        case "cloze":
            return _cloze(card, form, drawn)
        case _:
            return _drilled(card, form, seed)


def _forward(card: Card, form: Form, deck: Deck, drawn: Random) -> Question:
    note = card.note
    others = others_of(note, deck.notes, lambda each: each.says, drawn) if form == "choice" else []
    choices = _mixed(note.says, others, drawn) if others else ()
    return Question(card, form, note.asks, note.says, choices=choices, tells=note.why)


def _reverse(card: Card, form: Form, deck: Deck, drawn: Random) -> Question:
    note = card.note
    others = others_of(note, deck.notes, lambda each: each.title, drawn) if form == "choice" else []
    choices = _mixed(note.title, others, drawn) if others else ()
    accepts = () if choices else _accepted(note, deck)
    shown = (hidden(note.says, note),)
    return Question(card, form, "Which term is told here?", note.title, shown, choices, (), accepts, tells=note.why)


def _accepted(note: Note, deck: Deck) -> tuple[str, ...]:
    """Return what counts as a note's title.

    That is its other names, its first part where no other note begins so, and the names of notes told alike; what is
    another note's own title or entry is not. A check is a case of the note that explains it, and no other thing.
    """
    everything = {each.id: each for each in (*notes(), *deck.notes) if each.id != note.id}.values()
    alike = [each for each in everything if words_of(each.says) == words_of(note.says)]
    taken = {words_of(name) for each in everything if each not in alike for name in _own_names(each)}
    found = [name for name in note.also if words_of(name) not in taken]
    found += [name for each in alike for name in (each.title, *each.also)]
    head = _head(note.title)
    if head != note.title and not any(_head(each.title).casefold() == head.casefold() for each in everything):
        found.append(head)
    return tuple(dict.fromkeys(name for name in found if name != note.title))


def _own_names(note: Note) -> tuple[str, ...]:
    kind, _, name = note.entry.partition(":")
    return () if kind == "check" else (note.title, name) if name else (note.title,)


def _head(title: str) -> str:
    return title.partition(":")[0].strip()


def hidden(text: str, note: Note) -> str:
    """Return a text without the names of what it is about.

    >>> hidden("Momentum keeps rolling.", Note("m", "descent", "Momentum", "?", "!", "-"))
    '… keeps rolling.'
    """
    for name in sorted({note.title, _head(note.title), *note.also}, key=len, reverse=True):
        written = r"[\s_-]".join(map(re.escape, re.split(r"[\s_-]+", name)))
        text = re.sub(rf"(?<![\w.]){written}s?(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return text


def _cloze(card: Card, form: Form, drawn: Random) -> Question:
    note, (line, others) = card.note, _lines(card)
    cloze = cloze_of(line, drawn, others, _known(note) if form == "typed" else None)
    answer = written(cloze.answer) if form == "choice" else cloze.answer
    choices = _mixed(answer, others_for(cloze, note.formula, drawn), drawn) if form == "choice" else ()
    shown = [cloze.line if place == card.place else each for place, each in enumerate(note.formula)]
    shown += _legend(note)
    if (
        form != "choice"
        and JOIN not in line
        and _names(answer) - {*SYMBOLS, *_names(" ".join(shown)), *FUNCTIONS, *OPAQUE}
    ):
        shown.append(f"its names: {', '.join(sorted(_names(' '.join(note.formula)) - FUNCTIONS - OPAQUE))}")
    asks = f"{note.title}: what is missing in the formula?"
    return Question(card, form, asks, answer, tuple(shown), choices, tells=line)


def _lines(card: Card) -> tuple[str, tuple[str, ...]]:
    """Return a card's line of the formula, and the others."""
    lines, place = card.note.formula, card.place
    return lines[place], (*lines[:place], *lines[place + 1 :])


def _names(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", text))


def _known(note: Note) -> set[str]:
    """Return the names that may be asked for alone: those of the glossary, and those that the legend tells."""
    return {*SYMBOLS, *_names(" ".join(_legend(note)))}


def _legend(note: Note) -> tuple[str, ...]:
    """Return, in a line, what the names in a formula mean, as far as the catalogue knows them."""
    names = _names(" ".join(note.formula))
    terms = find(note.entry).terms if note.entry else ()
    told = [f"{term.name}: {term.says}" for term in terms if term.name in names and term.says]
    return ("; ".join(told),) if told else ()


def _drilled(card: Card, form: Form, seed: int) -> Question:
    made = exercise_of(card.drill, seed)
    return Question(
        card, form, made.asks, made.answer, made.shown, made.choices, made.pictures, within=made.within,
        tells=made.tells,
    )  # fmt: skip


def _mixed(right: str, others: Sequence[str], drawn: Random) -> tuple[str, ...]:
    choices = [right, *others]
    drawn.shuffle(choices)
    return tuple(choices)
