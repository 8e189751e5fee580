"""Words are compared by what was meant."""

import pytest
from hostility import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from surefoot.study.library import notes
from surefoot.study.words import matched, one_off, words_of

TITLES = sorted({name for note in notes() for name in (note.title, *note.also)})


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("LEARNING RATE", "learning rate"), ("learning-rate", "learning rate"), ("learning_rates", "Learning rate"),
        ("rate, learning", "learning rate"), ("step size", "learning rate (step size)"), ("learning rate (step size)", "step size"),
        ("initialization", "Initialisation"), ("Hagele", "Hägele"), ("the learning rate", "learning rate"), ("warmup", "warm-up"),
        ("warm up", "warm-up"), ("behavior", "behaviour"), ("Nesterov's momentum", "Nesterov momentum"), ("S.G.D.", "SGD"),
        ("center", "centre"), ("batch sizes", "batch size"), ("centralized classes", "centralised class"),
    ],
)  # fmt: skip
def test_case_accents_hyphens_plurals_order_and_spelling_do_not_matter(typed, right):
    assert matched(typed, [right]) == (right, "")


@pytest.mark.parametrize("typed", ["momentun", "momnetum", "mmentum", "momenntum"])
def test_one_letter_off_in_a_long_word_counts_and_is_said(typed):
    assert matched(typed, ["Momentum"]) == ("Momentum", "it is written Momentum")


@pytest.mark.parametrize(
    ("typed", "right"),
    [("adam", "adamw"), ("beta1", "beta2"), ("mmntum", "momentum"), ("momentum decay", "momentum"), ("", "momentum"), ("sum", "sun"),
     ("momentum1", "momentum2")],
)  # fmt: skip
def test_short_words_digits_and_more_than_a_letter_are_other_words(typed, right):
    assert matched(typed, [right]) is None


def test_another_term_is_never_a_slip_of_the_hand():
    assert matched("amsgradw", ["amsgrad"]) == ("amsgrad", "it is written amsgrad")
    assert matched("amsgradw", ["amsgrad"], ["amsgradw"]) is None


@pytest.mark.parametrize("title", TITLES)
def test_every_term_is_itself_however_it_is_written(title):
    for typed in (title, title.upper(), f"  {title} ", title.replace(" ", "-")):
        assert matched(typed, [title]) == (title, "")


@fuzzed
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_texts_can_be_compared_and_a_text_is_itself(one, other):
    assert words_of(one) == words_of(one.upper().lower()) or not one.isascii()
    assert one_off(one, other) == one_off(other, one)
    matched(one, [other], [one])
