"""A small deck, and one who asks and judges in the plainest way: for the tests of the four ways."""

from surefoot.study.card import PREDICTED
from surefoot.study.deck import Deck
from surefoot.study.note import Drill, Note
from surefoot.study.outcome import Asker
from surefoot.study.question import Question, Verdict


def small_note(name, topic="descent", drills=()):
    return Note(name, topic, f"Term {name}", f"What is {name}?", f"It is what {name} says.", "a book", drills=drills)


def small_deck(count=3, topic="descent", drills=()):
    return Deck("small", "A small deck", tuple(small_note(f"n{place}", topic, drills) for place in range(count)))


DRILL = Drill("one_step", {"rule": "sgd"})
assert DRILL.kind not in PREDICTED


def forms_of(card):
    return {"forward": ("turn", "choice"), "reverse": ("turn", "choice", "typed"), "numeric": ("turn", "number")}[
        card.kind
    ]


def asked(card, form, deck, seed):
    right = f"right {card.id}"
    choices = (right, f"wrong {seed}") if form == "choice" else ()
    return Question(card, form, f"{card.id} by {form}, seed {seed}?", right, choices=choices)


SMALL = Asker(forms_of, asked, lambda question, text: Verdict(text == question.answer, "as judged"))
