"""Laws of Spaced: what is due comes first, and an undone answer leaves no trace."""

from datetime import timedelta

import pytest
from study.small import SMALL, small_deck

from surefoot.errors import InvalidValue
from surefoot.study.answered import Answered
from surefoot.study.spaced import Spaced
from surefoot.study.spacing import Spacing

NOW = 1.7e9
DAY = 86400.0


def spaced(count=3, answers=(), now=NOW, **more):
    return Spaced(small_deck(count), 1, 0, SMALL, list(answers), now, **more)


def graded(card, at, rating):
    return Answered(card, at, "spaced", "turn", rating > 1, rating, "", 2.0, 1)


def test_a_card_is_turned_and_graded():
    state = spaced()
    assert (state.question.form, state.turned) == ("turn", False)
    assert state.turn().answer == "right n0/forward"
    assert state.turned
    told = state.answer(3, NOW, 2.0).answered
    assert (told.card, told.right, told.rating, told.form, told.mode) == ("n0/forward", True, 3, "turn", "spaced")
    assert not state.turned


def test_a_forgotten_card_is_told_as_wrong():
    told = spaced().answer(1, NOW, 2.0)
    assert (told.answered.right, told.verdict.right, told.verdict.says) == (False, False, "again")


def test_what_is_overdue_longest_comes_first_then_the_unseen():
    answers = [graded("n2/forward", NOW - 9 * DAY, 4), graded("n1/forward", NOW - 30 * DAY, 4)]
    state, asked = spaced(answers=answers), []
    for _ in range(3):
        asked.append(state.question.card.id)
        state.answer(4, NOW, 2.0)
    assert asked[:2] == ["n1/forward", "n2/forward"]
    assert asked[2] not in ("n1/forward", "n2/forward")


def test_each_grade_tells_its_interval():
    assert list(spaced().intervals(NOW).values())[:3] == [
        timedelta(minutes=1), timedelta(minutes=5, seconds=30), timedelta(minutes=10),
    ]  # fmt: skip


def test_a_card_due_in_minutes_comes_again_when_its_time_has_come_or_nothing_else_is_left():
    state = spaced(2)
    first = state.question.card.id
    state.answer(1, NOW, 2.0)
    assert state.question.card.id != first
    state.answer(4, NOW + 61, 2.0)
    assert state.question.card.id == first, "a minute is over"
    state.answer(1, NOW + 62, 2.0)
    while state.question.card.id != first:
        state.answer(4, NOW + 63, 2.0)
    assert state.left == 1, "nothing else is left"


def test_it_ends_when_nothing_is_due_soon():
    state = spaced(2)
    for _ in range(4):
        state.answer(4, NOW, 2.0)
    assert state.done
    assert (state.summary().answers, state.summary().cards, state.summary().forgotten) == (4, 4, 0)
    assert state.summary().next_due > NOW + DAY
    with pytest.raises(InvalidValue, match="nothing is due"):
        state.answer(3, NOW, 2.0)
    assert spaced(2, answers=[graded(card.id, NOW, 4) for card in small_deck(2).cards]).done


def test_so_many_cards_are_met_for_the_first_time_and_no_more():
    state = spaced(9, unseen=3)
    assert state.left == 3
    assert spaced(9, unseen=0).done
    with pytest.raises(InvalidValue, match="unseen is -1"):
        spaced(unseen=-1)


def test_what_was_met_today_counts_in_the_next_session():
    answers = [graded(f"n{each}/forward", NOW - 3600.0, 4) for each in range(2)]
    assert spaced(9, answers, unseen=3).left == 1
    assert spaced(9, answers, now=NOW + DAY, unseen=3).left >= 3


def test_a_card_failed_in_another_session_comes_again_in_this_one():
    answers = [graded(card.id, NOW - 5, 4) for card in small_deck(2).cards[1:]]
    state = spaced(2, [*answers, graded("n0/forward", NOW - 5, 1)])
    assert not state.done
    assert (state.question.card.id, state.left) == ("n0/forward", 1)
    state.answer(4, NOW, 2.0)
    assert state.done


def test_undo_leads_back_to_the_card_and_forgets_the_grade():
    known = [graded("n0/forward", NOW - 9 * DAY, 3)]
    one, other = spaced(answers=known), spaced(answers=known)
    for rating in (3, 1, 4):
        one.answer(rating, NOW, 2.0)
        other.answer(rating, NOW, 2.0)
    before, left = one.question, one.left
    one.answer(2, NOW + 5, 2.0)
    taken = one.undo()
    assert (taken.answered, taken.taken_back.card) == (None, before.card.id)
    assert (one.question, one.left) == (before, left)
    assert one.spacing.of("n0/forward") == other.spacing.of("n0/forward")
    assert one.intervals(NOW + 9) == other.intervals(NOW + 9)
    for rating in (3, 3, 1, 4, 4):
        assert one.answer(rating, NOW + 10, 2.0) == other.answer(rating, NOW + 10, 2.0)
    assert one.question == other.question


def test_undo_goes_back_to_the_first_answer_and_no_further():
    state = spaced()
    first = state.question
    state.answer(3, NOW, 2.0)
    state.answer(3, NOW, 2.0)
    assert state.undo() is not None
    assert state.undo() is not None
    assert state.undo() is None
    assert state.question == first


def test_undo_brings_a_session_back_that_was_over():
    state = spaced(1)
    while not state.done:
        state.answer(4, NOW, 2.0)
    state.undo()
    assert not state.done


def test_the_log_alone_tells_the_same_as_the_session():
    state, log = spaced(3), []
    for rating in (1, 2, 3, 4, 3, 3, 1, 3):
        log.append(state.answer(rating, NOW + len(log), 2.0).answered)
    replayed = Spacing(log)
    for card in small_deck(3).cards:
        assert replayed.of(card.id) == state.spacing.of(card.id)


@pytest.mark.parametrize("grade", [0, 5, "3", None])
def test_a_grade_is_one_to_four(grade):
    with pytest.raises(InvalidValue, match="it is 1 to 4"):
        spaced().answer(grade, NOW, 2.0)
