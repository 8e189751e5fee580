"""Laws of mastery: what is known now fades, what is mastered was shown."""

from dataclasses import replace

import pytest

from surefoot.study.answered import Answered
from surefoot.study.card import cards_of
from surefoot.study.deck import decks
from surefoot.study.mastery import EXPLAINED, STABLE, Mastery, Progress
from surefoot.study.note import Drill, Note

NOW = 1.7e9
DAY = 86400.0
WORDS = Note("words", "own", "A", "What?", "This.", "-")
FORMULA = replace(WORDS, id="formula", formula=("v = b v + g",))
NUMBER = replace(FORMULA, id="number", drills=(Drill("one_step"),))
CURVE = replace(FORMULA, id="curve", drills=(Drill("diverges"),))


def an_answer(card, at=NOW, right=True, rating=None, form="typed"):
    return Answered(card, at, "spaced", form, right, rating, "", 1.0, 1)


def known_well(card):
    """Answers after which a card is stable for more than 21 days."""
    return [an_answer(card, NOW - 40 * DAY, rating=4), an_answer(card, NOW - 10 * DAY, rating=4)]


def test_nothing_answered_is_nothing_known():
    for deck in decks():
        assert Progress().of(deck.cards, NOW) == Mastery(0.0, 0.0, len(deck.cards), 0)
    assert Progress().of([], NOW) == Mastery(0.0, 0.0, 0, 0)


def test_what_was_just_missed_is_not_known():
    progress = Progress([an_answer("words/forward", right=False, rating=1)])
    assert progress.spacing.retrievability("words/forward", NOW) == 1.0, "FSRS counts whole days"
    assert progress.of(cards_of(WORDS), NOW).known == 0.0


def test_known_now_is_the_mean_of_all_cards_and_fades_with_the_days():
    cards = cards_of(WORDS)
    progress = Progress([an_answer("words/forward", rating=3)])
    now, later = progress.of(cards, NOW), progress.of(cards, NOW + 9 * DAY)
    assert (now.known, now.seen) == (0.5, 1)
    assert later.known == progress.spacing.retrievability("words/forward", NOW + 9 * DAY) / 2 < 0.5


def test_a_note_of_words_alone_is_mastered_by_stable_cards():
    progress = Progress(known_well("words/forward"))
    assert progress.spacing.of("words/forward").stability >= STABLE
    assert progress.of(cards_of(WORDS), NOW).mastered == 0.5


def test_a_card_that_was_wrong_last_is_not_mastered_until_it_is_right_again():
    progress = Progress(known_well("words/forward"))
    (card, _) = cards_of(WORDS)
    progress.add(an_answer(card.id, NOW, right=False))
    assert not progress.mastered(card)
    progress.add(an_answer(card.id, NOW + 1))
    assert progress.mastered(card)


def test_a_pair_in_matching_neither_makes_nor_breaks_mastery():
    progress = Progress(known_well("words/forward"))
    (card, _) = cards_of(WORDS)
    progress.add(an_answer(card.id, right=False, form="pair"))
    assert progress.mastered(card)


def test_a_card_below_21_days_is_not_mastered():
    progress = Progress([an_answer("words/forward", rating=3)])
    assert progress.spacing.of("words/forward").stability < STABLE
    assert progress.of(cards_of(WORDS), NOW).mastered == 0.0


@pytest.mark.parametrize(
    ("note", "other", "shown"),
    [
        (FORMULA, "formula/forward", "formula/cloze/0"),
        (NUMBER, "number/cloze/0", "number/numeric/0"),
        (CURVE, "curve/cloze/0", "curve/predict/0"),
    ],
)
def test_a_note_is_demonstrated_by_a_right_number_or_curve_or_else_a_filled_gap(note, other, shown):
    forward = cards_of(note)[0]
    progress = Progress(known_well(forward.id))
    progress.add(an_answer(other))
    progress.add(an_answer(shown, right=False))
    assert not progress.demonstrated(note)
    assert not progress.mastered(forward)
    progress.add(an_answer(shown))
    progress.add(an_answer(shown, right=False))  # it was shown once
    assert progress.demonstrated(note)
    assert progress.mastered(forward)


def test_all_of_a_deck_is_mastered_when_all_of_it_was_shown():
    deck = decks()[1]
    answers = sorted((each for card in deck.cards for each in known_well(card.id)), key=lambda each: each.at)
    found = Progress(answers).of(deck.cards, NOW)
    assert (found.mastered, found.seen) == (1.0, found.cards)
    assert 0.9 < found.known <= 1.0


def test_both_figures_are_explained_with_the_numbers_that_are_used():
    assert {*EXPLAINED} == {"known", "mastered"}
    assert f"{STABLE:.0f} days" in EXPLAINED["mastered"]
