"""Laws of Learn: rounds of seven, rungs, and what is told to the log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study.small import DRILL, SMALL, small_deck

from surefoot.errors import InvalidValue
from surefoot.study.learning import ROUND, Learning, lifted, rungs_of
from surefoot.study.memory import Memory


def learning(count=3, answers=(), drills=(), **more):
    return Learning(small_deck(count, drills=drills), 1, 0, SMALL, answers, **more)


def right(state, now=1.7e9):
    return state.answer(state.question.answer, now, 2.0)


def wrong(state, now=1.7e9):
    return state.answer("no idea", now, 2.0)


def test_an_unseen_card_is_chosen_and_a_familiar_one_is_typed_where_it_can_be():
    state, forms = learning(1), []
    while not state.done:
        forms.append((state.question.card.kind, state.question.form))
        right(state)
    assert sorted(forms) == [("forward", "choice")] * 2 + [("reverse", "choice"), ("reverse", "typed")]


def test_a_number_that_is_right_is_learned_at_once():
    state = learning(1, drills=(DRILL,))
    while state.question.form != "number":
        right(state)
    card = state.question.card
    right(state)
    assert state.rungs[card.id] == 2


def test_a_round_asks_seven_cards_of_seven_notes():
    state, notes = learning(10), []
    while state.ended is None:
        notes.append(state.question.card.note.id)
        right(state)
    assert len(notes) == ROUND == len(set(notes)) == len(state.ended.right)
    assert state.ended.rungs == {-1: 0, 0: 13, 1: 7, 2: 0}


def test_a_round_of_few_notes_is_filled_with_their_other_cards():
    state = learning(4)
    assert state.left == ROUND


def test_what_was_wrong_comes_again_at_the_end_of_the_same_round():
    state = learning(7)
    missed = state.question.card
    wrong(state)
    assert state.rungs[missed.id] == -1
    for _ in range(ROUND - 1):
        assert state.question.card.id != missed.id
        right(state)
    assert state.ended is None
    assert (state.question.card.id, state.question.form) == (missed.id, "choice")
    right(state)
    assert [card.id for card in state.ended.missed] == [missed.id]
    assert len(state.ended.right) == ROUND - 1


def test_what_was_wrong_when_the_learner_left_comes_first_the_next_time():
    state = learning(12)
    log = [right(state).answered for _ in range(5)] + [wrong(state).answered]
    assert learning(12, log).question.card.id == log[-1].card


def test_a_question_that_comes_again_has_other_choices():
    state = learning(7)
    before = state.question
    wrong(state)
    while state.question.card.id != before.card.id:
        right(state)
    assert state.question.choices != before.choices


def test_familiar_cards_wait_behind_unseen_ones_until_two_rounds_are_over():
    state, rounds = learning(14), []
    while not state.done and len(rounds) < 4:
        asked = set()
        state.ended = None
        while state.ended is None:
            asked.add(state.question.card.id)
            right(state)
        rounds.append(asked)
    assert rounds[0].isdisjoint(rounds[1])
    assert rounds[2] == rounds[0], "first met two rounds ago, they go before unseen ones"


def test_my_answer_was_right_leaves_all_as_if_it_had_been():
    one, other = learning(7), learning(7)
    right(one), right(other)
    right(one), wrong(other)
    outcome = other.overrule(1.7e9)
    assert (outcome.verdict.right, outcome.taken_back.right) == (True, False)
    assert (outcome.answered.right, outcome.answered.rating, outcome.answered.text) == (True, 3, "no idea")
    assert one.rungs == other.rungs
    assert one.question == other.question
    while not one.done:
        assert one.question == other.question
        right(one), right(other)
        assert one.ended == other.ended


def test_only_a_wrong_answer_can_be_set_right_and_only_once():
    state = learning(7)
    with pytest.raises(InvalidValue, match="nothing to set right"):
        state.overrule(1.7e9)
    wrong(state)
    state.overrule(1.7e9)
    with pytest.raises(InvalidValue, match="nothing to set right"):
        state.overrule(1.7e9)


def test_only_the_first_answer_to_a_card_in_a_session_is_a_grade():
    state, ratings = learning(1), {}
    ratings.setdefault(state.question.card.id, []).append(wrong(state).answered.rating)
    while not state.done:
        outcome = right(state)
        ratings.setdefault(outcome.answered.card, []).append(outcome.answered.rating)
    assert sorted(ratings.values()) == [[1, None, None], [3, None]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(0, 10**6), st.lists(st.booleans(), max_size=60))
def test_it_ends_and_the_log_alone_tells_the_same_rungs(count, seed, answers):
    deck = small_deck(count, drills=(DRILL,))
    state, log = Learning(deck, 1, seed, SMALL), []
    for well in answers:
        log += [] if state.done else [(right(state) if well else wrong(state)).answered]
    if not state.done:
        assert rungs_of(deck.cards, log) == state.rungs
        again = Learning(deck, 2, seed, SMALL, log)
        assert again.rungs == state.rungs
    for _ in range(2 * len(deck.cards) + 9):
        if not state.done:
            right(state)
    assert state.done
    assert state.standing() == {-1: 0, 0: 0, 1: 0, 2: len(deck.cards)}


def test_once_all_is_learned_it_begins_anew():
    state, log = learning(2), []
    while not state.done:
        log.append(right(state).answered)
    assert set(rungs_of(state.cards, log).values()) == {0}
    assert not learning(2, log).done
    with pytest.raises(InvalidValue, match="every card is learned"):
        state.answer("", 1.7e9, 2.0)


def test_only_some_cards_can_be_learnt():
    deck = small_deck(4)
    state, met = Learning(deck, 1, 0, SMALL, cards=deck.cards[:2]), set()
    while not state.done:
        met.add(state.question.card.id)
        right(state)
    assert met == {card.id for card in deck.cards[:2]}


def test_answers_of_other_ways_move_no_rung():
    state = learning(1)
    told = right(state).answered
    other = type(told)(**{**told.__dict__, "mode": "test"})
    assert set(rungs_of(state.cards, [other]).values()) == {0}


def test_a_rung_is_left_upwards_by_what_is_right_and_to_the_bottom_by_what_is_wrong():
    assert [lifted(rung, "choice", True) for rung in (-1, 0, 1, 2)] == [1, 1, 2, 2]
    assert {lifted(rung, "typed", True) for rung in (-1, 0, 1, 2)} == {2}
    assert {lifted(rung, form, False) for rung in (-1, 0, 1, 2) for form in ("choice", "typed", "number")} == {-1}


def test_what_is_set_right_stands_in_the_memory_as_right_alone(tmp_path):
    with Memory(tmp_path / "study.sqlite") as memory:
        state = Learning(small_deck(7), memory.begin("learn", "small"), 0, SMALL)
        memory.answer(right(state).answered)
        memory.answer(wrong(state).answered)
        outcome = state.overrule(1.7e9)
        memory.undo(outcome.taken_back.session, outcome.taken_back.card)
        memory.answer(outcome.answered)
        assert [each.right for each in memory.answers()] == [True, True]
