"""Every card of every note can be asked in each of its forms, with one right answer."""

import re
from itertools import combinations

import pytest

from surefoot.catalogue import entries
from surefoot.errors import InvalidValue
from surefoot.study.asking import HIDDEN, asked, forms_of, hidden
from surefoot.study.card import Card, cards_of
from surefoot.study.cloze import GAP, JOIN, gaps
from surefoot.study.deck import Deck, decks
from surefoot.study.fillings import differ, written
from surefoot.study.formula_tree import FUNCTIONS, OPAQUE
from surefoot.study.judging import judged
from surefoot.study.library import notes
from surefoot.study.note import Note
from surefoot.study.question import FORMS
from surefoot.study.words import words_of
from surefoot.symbols import SYMBOLS

DECK = {note.id: deck for deck in decks() for note in deck.notes}


@pytest.mark.parametrize("note", notes(), ids=lambda note: note.id)
def test_every_card_is_asked_in_each_form_and_its_answer_is_right(note):
    deck = DECK[note.id]
    for card in cards_of(note):
        assert {*forms_of(card)} <= {*FORMS}
        assert forms_of(card)[0] == "turn"
        for form in forms_of(card):
            for seed in range(3):
                question = asked(card, form, deck, seed)
                assert question == asked(card, form, deck, seed)
                assert question.form == form
                if form != "turn":
                    assert judged(question, question.answer).right
                if form in ("choice", "curve"):
                    assert_one_right(question)


def assert_one_right(question):
    card, choices = question.card, question.choices
    assert [judged(question, choice).right for choice in choices].count(True) == 1
    assert len(choices) == 4 or card.kind == "predict"
    if card.kind in ("forward", "reverse"):
        assert len({words_of(choice) for choice in choices}) == 4
    if card.kind == "cloze":
        assert all(differ(one, other) for one, other in combinations(choices, 2))


@pytest.mark.parametrize("note", notes(), ids=lambda note: note.id)
def test_a_wrong_choice_is_no_answer_of_a_note_that_asks_or_says_the_same(note):
    deck = DECK[note.id]
    by_says = {}
    for each in notes():
        by_says.setdefault(each.says, []).append(each)
    for seed in range(5):
        question = asked(Card(note, "forward"), "choice", deck, seed)
        for choice in question.choices:
            if choice != note.says:
                assert all(words_of(each.asks) != words_of(note.asks) for each in by_says[choice])
                assert all(not each.entry or each.entry != note.entry for each in by_says[choice])


def test_the_words_of_a_rules_name_do_not_give_its_answer_away():
    given_away = count = 0
    for note in notes():
        if note.id.startswith("rule."):
            for seed in range(5):
                question = asked(Card(note, "forward"), "choice", DECK[note.id], seed)
                shared = {each: len({*words_of(note.title)} & {*words_of(each)}) for each in question.choices}
                given_away += shared.pop(note.says) > max(shared.values())
                count += 1
    assert given_away < count / 3


@pytest.mark.parametrize("note", notes(), ids=lambda note: note.id)
def test_the_text_that_asks_for_a_term_does_not_hold_it(note):
    shown = asked(Card(note, "reverse"), "turn", DECK[note.id], 0).shown[0]
    for name in (note.title, *note.also):
        assert f" {name.casefold()} " not in f" {shown.casefold()} "


CLOZES = [card for note in notes() for card in cards_of(note) if card.kind == "cloze"]


def names_of(text):
    return {*re.findall(r"[^\W\d]\w*", text)}


def test_a_name_that_is_to_be_typed_is_known_or_stands_there():
    for card in CLOZES:
        if JOIN in card.note.formula[card.place]:
            continue  # what is left out of a schedule is a whole phase
        for form in {*forms_of(card)} & {"turn", "typed"}:
            for seed in range(6):
                question = asked(card, form, DECK[card.note.id], seed)
                shown = names_of(" ".join(question.shown))
                known = shown | {*SYMBOLS} | ({question.answer} if form == "turn" else set())
                assert names_of(question.answer) <= known | {"pi", "if", "else"} | FUNCTIONS | OPAQUE


def test_a_formula_whose_only_gap_is_a_name_that_stands_nowhere_is_not_typed():
    note = Note("p", "own", "Perplexity", "?", "!", "-", formula=("perplexity = exp(mean_penalty)",))
    assert forms_of(Card(note, "cloze")) == ("turn", "choice")


def test_a_gap_is_worth_asking_for_wherever_the_line_has_one_that_is():
    for card in CLOZES:
        line = card.note.formula[card.place]
        others = [each for each in card.note.formula if each != line]
        large = [gap for gap in gaps(line) if len(names_of(gap.answer)) > 1]
        fresh = [gap for gap in large if all(gap.answer not in each for each in (gap.line, *others))]
        for seed in range(6):
            question = asked(card, "choice", DECK[card.note.id], seed)
            answer, gapped = question.answer, question.shown[card.place]
            if fresh:
                assert answer != line.partition("=")[0].strip()
                assert len(answer) > 1
                assert all(f" {answer} " not in f" {each} " for each in (gapped, *others))


def test_no_choice_in_a_gap_is_nonsense_and_all_are_written_alike():
    for card in CLOZES:
        for seed in range(6):
            for choice in asked(card, "choice", DECK[card.note.id], seed).choices:
                assert choice == written(choice)
                assert choice != "0"
                assert not re.search(r"(?<![\w)^*/])(\w+) [-+] \1(?![\w^(*/])|(?<!\w)\(\w+\)", choice), choice


def test_a_gap_is_a_whole_expression_that_makes_the_line_whole_again():
    gaps = set()
    for note in notes():
        for card in cards_of(note):
            if card.kind == "cloze":
                for seed in range(8):
                    question = asked(card, "turn", DECK[note.id], seed)
                    line = question.shown[card.place]
                    assert line.count(GAP) == 1
                    assert line.replace(GAP, question.answer) == note.formula[card.place]
                    gaps.add((card.id, question.answer))
    assert len(gaps) > 400


def test_another_seed_asks_other_numbers_another_gap_and_in_another_order():
    note = next(note for note in notes() if note.entry == "rule:adam")
    deck = DECK[note.id]
    for card, form in ((Card(note, "forward"), "choice"), (cards_of(note)[-1], "number"), (cards_of(note)[2], "typed")):
        assert len({(q.choices, q.asks, q.shown) for q in (asked(card, form, deck, seed) for seed in range(20))}) > 3


def test_a_name_of_another_note_is_no_answer():
    note = Note("nadam", "adaptive", "Nadam", "?", "Adam that looks ahead.", "-", also=("NAdam", "NadamW"))
    question = asked(Card(note, "reverse"), "typed", Deck("mine", "Mine", (note,), own=True), 0)
    assert judged(question, "nadam").right
    assert not judged(question, "nadamw").right


@pytest.mark.parametrize("note", [note for note in notes() if note.also], ids=lambda note: note.id)
def test_no_other_name_of_a_note_is_the_name_of_another_rule(note):
    for entry in entries("rule"):
        if entry.name not in (note.id, note.entry.removeprefix("rule:")):
            assert all(words_of(name) != words_of(entry.name) for name in note.also)


def test_notes_that_say_the_same_all_count_when_one_is_asked_for():
    one, two = (note for note in notes() if note.entry in ("rule:rmsprop_optax", "rule:rmsprop_keras"))
    question = asked(Card(one, "reverse"), "typed", DECK[one.id], 0)
    assert judged(question, one.title).right
    assert judged(question, two.title).right == (words_of(one.says) == words_of(two.says))


def test_a_deck_of_ones_own_with_one_note_borrows_its_wrong_choices():
    note = Note("mine.1", "own", "Entropy", "What is it?", "The mean surprise of a draw, in nats or bits.", "-")
    question = asked(Card(note, "forward"), "choice", Deck("mine", "Mine", (note,), own=True), 0)
    assert len({*question.choices}) == 4


def test_the_names_of_a_note_are_hidden_and_words_that_hold_them_are_not():
    note = Note("adam", "own", "Adam: the update", "?", "!", "-", also=("heavy-ball",))
    assert (
        hidden("Adam divides; adamw decays; a heavy ball rolls.", note)
        == f"{HIDDEN} divides; adamw decays; a {HIDDEN} rolls."
    )


def test_a_form_that_a_card_does_not_have_is_refused():
    note = notes()[0]
    with pytest.raises(InvalidValue, match="none of these"):
        asked(Card(note, "forward"), "number", DECK[note.id], 0)
