"""Laws of spacing: FSRS's own intervals, and the order in which cards come."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import fsrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.study.answered import Answered
from surefoot.study.card import Card, cards_of
from surefoot.study.deck import decks
from surefoot.study.note import Note
from surefoot.study.spacing import Spacing, number_of, spread

NOW = 1.7e9
DAY = 86400.0
GAPS = (5.0, 70.0, 700.0, 4000.0, DAY / 2, DAY - 1, DAY, 3 * DAY, 20 * DAY, 400 * DAY)


def an_answer(card, at, rating):
    return Answered(card, at, "spaced", "turn", rating is None or rating > 1, rating, "", 1.0, 1)


def a_history(draw):
    """Ratings of one card at random times, to the microsecond, some early and some late."""
    at, made = NOW + draw.random() * DAY, []
    for _ in range(draw.randrange(1, 12)):
        made.append((draw.choice((1, 2, 3, 3, 3, 4)), at))
        at = round(at + draw.choice(GAPS) * draw.uniform(0.5, 2.0), 6)
    return made, at


def of_time(at):
    return datetime.fromtimestamp(at, UTC)


def test_intervals_are_those_of_fsrs_for_a_thousand_random_histories():
    draw = random.Random(0)
    theirs = fsrs.Scheduler(
        desired_retention=0.9, learning_steps=(timedelta(minutes=1), timedelta(minutes=10)), enable_fuzzing=False
    )
    for number in range(1000):
        history, now = a_history(draw)
        card = fsrs.Card(card_id=number)
        for rating, at in history:
            card, _ = theirs.review_card(card, fsrs.Rating(rating), of_time(at))
        spacing = Spacing(an_answer("x", at, rating) for rating, at in history)
        after = {rating: theirs.review_card(card, fsrs.Rating(rating), of_time(now))[0] for rating in (1, 2, 3, 4)}
        assert spacing.intervals("x", now) == {rating: each.due - of_time(now) for rating, each in after.items()}
        assert spacing.retrievability("x", now) == theirs.get_card_retrievability(card, of_time(now))
        found = spacing.of("x")
        assert (found.state, found.stability, found.difficulty) == (
            card.state.name.lower(),
            card.stability,
            card.difficulty,
        )
        assert (of_time(found.due), of_time(found.last)) == (card.due, card.last_review)


def test_a_new_card_comes_again_after_one_and_ten_minutes():
    intervals = Spacing().intervals("x", NOW)
    assert (intervals[1], intervals[3]) == (timedelta(minutes=1), timedelta(minutes=10))
    assert intervals[4] == timedelta(days=8)


def test_a_card_in_review_is_due_when_it_is_known_with_ninety_percent():
    """Rounding to whole days moves it by less than half of one; FSRS's curve falls by less than a hundredth a day."""
    spacing = Spacing([an_answer("x", NOW, 4), an_answer("x", NOW + 8 * DAY, 3)])
    assert spacing.retrievability("x", spacing.of("x").due) == pytest.approx(0.9, abs=0.01)


def test_the_same_answers_one_by_one_or_at_once_or_among_others_remember_the_same():
    history, _ = a_history(random.Random(3))
    one = Spacing(an_answer("x", at, rating) for rating, at in history)
    other = Spacing()
    for rating, at in history:
        other.add(an_answer("x", at, rating))
        other.add(an_answer("y", at, 1))
    assert one.of("x") == other.of("x")


def test_an_answer_without_a_rating_and_a_question_what_would_be_change_nothing():
    spacing = Spacing([an_answer("x", NOW, 3)])
    before = spacing.of("x")
    spacing.add(an_answer("x", NOW + DAY, None))
    spacing.after("x", 1, NOW + 2 * DAY)
    spacing.after("y", 4, NOW)
    assert (spacing.of("x"), spacing.of("y"), spacing.retrievability("y", NOW)) == (before, None, 0.0)


def test_a_clock_that_went_back_is_borne():
    spacing = Spacing([an_answer("x", NOW, 3), an_answer("x", NOW - 40 * DAY, 3)])
    assert spacing.of("x").last == NOW - 40 * DAY
    assert spacing.retrievability("x", NOW - 90 * DAY) == 1.0


@pytest.mark.parametrize(("rating", "now", "words"), [(5, NOW, "rating is 5"), (3, float("inf"), "now is inf")])
def test_a_grade_that_is_none_is_refused(rating, now, words):
    with pytest.raises(InvalidValue, match=words):
        Spacing().after("x", rating, now)


def test_numbers_for_fsrs_differ_and_are_the_same_on_every_machine():
    ids = [card.id for deck in decks() for card in deck.cards]
    assert len({number_of(name) for name in ids}) == len({*ids})
    assert number_of("adam/forward") == 211782677923965


def cards(*names):
    return [card for name in names for card in cards_of(Note(name, "own", name, "?", "!", "-"))]


def test_what_is_due_comes_first_by_how_long_then_what_was_never_seen_in_its_order():
    some = cards("a", "b", "c", "d")
    spacing = Spacing([
        an_answer("c/forward", NOW - 2 * DAY, 3), an_answer("a/forward", NOW - DAY, 3), an_answer("b/forward", NOW, 4),
    ])  # fmt: skip
    found = [card.id for card in spacing.due(some, NOW)]
    assert found == ["c/forward", "a/forward", "b/reverse", "a/reverse", "d/forward", "c/reverse", "d/reverse"]
    assert "b/forward" in [card.id for card in spacing.due(some, spacing.of("b/forward").due)]


def test_a_card_is_due_at_its_time_and_not_before():
    spacing = Spacing([an_answer("a/forward", NOW, 3)])
    some = cards("a")[:1]
    assert spacing.due(some, NOW + 599.9) == []
    assert spacing.due(some, NOW + 600) == some


@given(st.lists(st.sampled_from("abcde"), max_size=14), st.sampled_from(["", "a"]))
def test_cards_of_a_note_are_never_neighbours_where_that_can_be(names, after):
    made = [Card(Note(name, "own", name, "?", "!", "-"), "cloze", at) for at, name in enumerate(names)]
    found = spread(made, after)
    assert sorted(card.id for card in found) == sorted(card.id for card in made)
    order = [*after, *(card.note.id for card in found)]
    clashes = sum(one == other for one, other in pairwise(order))
    most = max(map(names.count, names), default=0)
    rest = len(names) - most
    least = max(0, most - rest - 1)
    if after and names.count(after) > len(names) - names.count(after):
        least = names.count(after) - (len(names) - names.count(after))
    assert clashes == least


def test_cards_of_different_notes_keep_their_order():
    made = cards("a", "b", "c")[::2]
    assert spread(made) == made


@pytest.mark.parametrize("deck", decks(), ids=lambda deck: deck.id)
def test_no_deck_that_comes_along_asks_a_note_twice_in_a_row(deck):
    found = Spacing().due(deck.cards, NOW)
    assert len(found) == len(deck.cards)
    assert all(one.note.id != other.note.id for one, other in pairwise(found)) or len(deck.notes) == 1
