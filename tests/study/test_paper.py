"""Laws of Test: which paper, no verdict before it is handed in, the marks, the mistakes."""

import pytest
from study.small import DRILL, SMALL, small_deck, small_note

from surefoot.errors import InvalidValue
from surefoot.study.deck import Deck
from surefoot.study.learning import Learning
from surefoot.study.memory import Memory
from surefoot.study.paper import ASKABLE, LENGTH, Paper


def paper(count=6, seed=0, **more):
    return Paper(small_deck(count, drills=(DRILL,)), 1, seed, SMALL, **more)


def filled(state, wrong=()):
    while state.question is not None:
        text = "no" if state.place in wrong else state.question.answer
        state.answer(text, 1.7e9 + state.place, 2.0)
    return state


def test_it_has_the_length_that_was_wished_for():
    assert len(paper(length=5).questions) == 5
    assert len(paper(6).questions) == 18, "all there are"
    assert len(paper(9).questions) == LENGTH


def test_the_same_seed_gives_the_same_paper_and_another_another():
    assert paper(seed=4).questions == paper(seed=4).questions
    assert paper(seed=4).questions != paper(seed=5).questions


def test_every_note_is_asked_once_before_one_is_asked_twice():
    for seed in range(20):
        asked = [question.card.note.id for question in paper(6, seed, length=12).questions]
        assert len(set(asked[:6])) == len(set(asked[6:])) == 6


@pytest.mark.parametrize("form", ["choice", "typed", "number"])
def test_it_asks_only_in_the_forms_that_were_wished_for(form):
    assert {question.form for question in paper(forms=(form,)).questions} == {form}


def test_no_form_can_be_turned():
    assert {question.form for question in paper(30, length=60).questions} <= set(ASKABLE)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"length": 0}, "the length is 0; it is from 1 to 18"),
        ({"length": 19}, "the length is 19; it is from 1 to 18"),
        ({"forms": ("turn",)}, "turn is no form of a test"),
        ({"forms": ("curve",)}, "no card of this deck can be asked so: choose one of a few pictures"),
        ({"forms": ()}, "no form is given"),
    ],
)
def test_a_paper_that_cannot_be_is_refused(more, said):
    with pytest.raises(InvalidValue, match=said):
        paper(**more)


def test_marks_are_told_when_it_is_handed_in_and_not_before():
    state = filled(paper(length=5), wrong=(1, 3))
    with pytest.raises(InvalidValue, match="no marks before"):
        state.marks()
    marks = state.hand_in()
    assert (marks.right, marks.of, marks.seconds) == (3, 5, 10.0)
    assert [each.question for each in marks.mistakes] == [state.questions[1], state.questions[3]]
    assert state.done


def test_every_answer_is_a_grade_and_is_told_as_it_is_given():
    state = paper(length=2)
    first, second = state.answer(state.question.answer, 1.7e9, 2.0), state.answer("", 1.7e9, 2.0)
    assert [(each.answered.right, each.answered.rating) for each in (first, second)] == [(True, 3), (False, 1)]


def test_the_last_answer_can_be_taken_back_until_it_is_handed_in():
    state = filled(paper(length=3), wrong=(2,))
    taken = state.back()
    assert (taken.answered, taken.taken_back.card) == (None, state.questions[2].card.id)
    assert state.question == state.questions[2]
    assert filled(state).hand_in().right == 3
    assert state.back() is None
    assert paper().back() is None


def test_what_is_left_open_counts_as_wrong():
    state = paper(length=4)
    state.answer(state.question.answer, 1.7e9, 2.0)
    marks = state.hand_in()
    assert (marks.right, marks.of, len(marks.mistakes)) == (1, 4, 3)
    assert {each.verdict.says for each in marks.mistakes} == {"left open"}
    with pytest.raises(InvalidValue, match="every question is answered"):
        state.answer("late", 1.7e9, 1.0)


def test_marks_are_told_for_each_topic_in_the_order_in_which_they_are_learnt():
    notes = (small_note("late", "stopping"), small_note("early", "learning"))
    state = filled(Paper(Deck("two", "Two", notes), 1, 0, SMALL, length=4))
    assert [(mark.topic, mark.right, mark.of) for mark in state.hand_in().topics] == [
        ("learning", 2, 2), ("stopping", 2, 2),
    ]  # fmt: skip


def test_my_answer_was_right_mends_the_marks():
    state = filled(paper(length=3), wrong=(0, 1))
    first, second = state.hand_in().mistakes
    after = state.overrule(first, 1.7e9)
    assert (after.verdict.right, after.taken_back, after.answered.rating) == (True, first.answered, 3)
    assert state.marks().mistakes == (second,)
    with pytest.raises(InvalidValue, match="only an answer that was marked wrong"):
        state.overrule(first, 1.7e9)


def test_the_wrong_ones_can_be_studied_again():
    state = filled(paper(length=6), wrong=(0, 4))
    again = state.hand_in().again
    learning = Learning(small_deck(6, drills=(DRILL,)), 2, 0, SMALL, cards=again)
    assert set(learning.rungs) == {state.questions[0].card.id, state.questions[4].card.id}


def test_what_is_set_right_later_takes_its_own_answer_out_of_the_memory_and_no_other(tmp_path):
    with Memory(tmp_path / "study.sqlite") as memory:
        state = Paper(small_deck(6), memory.begin("test", "small"), 0, SMALL, length=3)
        for _ in range(3):
            memory.answer(state.answer("no", 1.7e9, 2.0).answered)
        after = state.overrule(state.hand_in().mistakes[0], 1.7e9 + 9)
        memory.undo(after.taken_back.session, after.taken_back.card)
        memory.answer(after.answered)
        told = {each.card: each.right for each in memory.answers()}
    assert [told[question.card.id] for question in state.questions] == [True, False, False]
    assert len(told) == 3
