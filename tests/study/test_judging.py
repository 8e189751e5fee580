"""What is said of answers: numbers, formulas, words and choices."""

import pytest
from hostility import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from surefoot.errors import InvalidValue
from surefoot.study.card import Card
from surefoot.study.judging import judged, numbers_of
from surefoot.study.note import Note
from surefoot.study.question import Question, Verdict

NOTE = Note("momentum", "own", "Momentum", "What is it?", "A ball.", "-", formula=("b = momentum*b + g",))


def number(answer, within=0.01):
    return Question(Card(NOTE, "numeric"), "number", "How much?", answer, within=within)


def typed(answer, *accepts, kind="reverse"):
    return Question(Card(NOTE, kind), "typed", "Which?", answer, accepts=accepts)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("0.25", "0.25"), ("0,25", "0.25"), ("1/4", "0.25"), ("25%", "0.25"), ("25 %", "0.25"), ("2.5e-1", "0.25"), ("p = 0.25", "0.25"),
        ("≈ 0.25", "0.25"), ("-1/3", "-0.333333"), ("−0,333", "-0.333333"), ("1e-3", "0.001"), ("10^-3", "0.001"), ("10⁻³", "0.001"),
        ("2·10⁻³", "0.002"), ("1,200", "1200"), ("1 200", "1200"), ("1.2e3", "1200"), ("1200 ", "1200"), ("ln(10)", "2.30259"),
        ("sqrt(2/100)", "0.141421"), ("0.252", "0.25"), (".25", "0.25"), ("8.88e-16", "8.88178e-16"), ("0", "0"), ("1.29981e+06", "1.29981e+06"),
    ],
)  # fmt: skip
def test_a_number_is_right_in_every_way_of_writing_it(text, answer):
    assert judged(number(answer), text).right


@pytest.mark.parametrize(
    ("text", "answer", "says"),
    [
        ("-0.25", "0.25", "sign"), ("25", "0.25", "percentage"), ("2.5", "0.25", "decimal point"), ("0.26", "0.25", "close"), ("0.3", "0.25", ""),
        ("about a quarter", "0.25", "no number"), ("", "0.25", "nothing"), ("1e-13", "8.88178e-16", ""), ("0", "8.88178e-16", ""),
        ("nan", "0.25", "no number"), ("inf", "0.25", "no number"), ("9**9**9**9", "0.25", "no number"), ("1/0", "0.25", "no number"),
        ("0.25" + "0" * 400, "0.25", "at most"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_wrong_and_its_slip_is_told(text, answer, says):
    found = judged(number(answer), text)
    assert not found.right
    assert says in found.says


@pytest.mark.parametrize("answer", ["0.25", "1e+300", "8.88178e-16", "-0.5"])
@pytest.mark.parametrize("text", ["5e-324", "1e308", "-1e308", "1.7e308", "0"])
def test_a_number_of_any_size_gets_a_verdict(text, answer):
    assert not judged(number(answer), text).right


def test_what_is_rounded_too_far_is_told_how_many_digits_are_asked():
    found = judged(number("0.00154213"), "0.0015")
    assert not found.right
    assert "more digits" in found.says
    assert "further off" in judged(number("0.00154213"), "0.00158").says


def test_a_count_has_no_tolerance():
    assert judged(number("1250", within=0.0), "1250").right
    assert not judged(number("1250", within=0.0), "1251").right


def test_a_comma_between_thousands_and_a_decimal_comma_are_both_read():
    assert numbers_of("1,234") == (1.234, 1234.0)
    assert numbers_of("1,2,3") == ()


def test_a_gap_is_filled_by_any_formula_that_is_the_same():
    question = typed("momentum*b", kind="cloze")
    assert judged(question, "b μ").right
    assert judged(question, "b = b*momentum").right
    assert not judged(question, "momentum*g").right
    assert "cannot be read" in judged(question, "momentum*(b").says


def test_a_name_that_means_something_else_in_the_formula_is_no_spelling_of_the_answers():
    note = Note("n", "own", "t", "a", "s", "-", formula=("v = v + g^2", "b = momentum*b + g/sqrt(v)"))
    question = Question(Card(note, "cloze", 1), "typed", "Which?", "momentum*b")
    assert judged(question, "beta*b").right
    assert not judged(question, "momentum*v").right
    assert judged(typed("momentum*b", kind="cloze"), "mu*velocity").right


def test_a_phase_of_a_schedule_is_compared_as_a_schedule():
    question = typed("constant(30%, value=0.1)", kind="cloze")
    assert judged(question, "constant(30%,value=0.10)").right
    assert not judged(question, "constant(30%)").right


def test_what_a_formula_tells_in_words_is_compared_without_its_spaces():
    assert judged(typed("-1 or 1", kind="cloze"), "-1 or  1").right
    assert not judged(typed("-1 or 1", kind="cloze"), "0 or 1").right


def test_a_term_counts_by_any_of_its_names_and_another_term_does_not():
    question = typed("Momentum", "heavy ball")
    assert judged(question, "heavy-ball") == Verdict(True)
    assert judged(question, "Momentun") == Verdict(True, "it is written Momentum")
    assert not judged(question, "Nesterov").right
    assert not judged(typed("amsgrad"), "amsgradw").right


def test_a_choice_is_right_if_it_is_the_answer():
    question = Question(Card(NOTE, "forward"), "choice", "Which?", "A ball." * 90, choices=("A ball." * 90, "A box."))
    assert judged(question, "A ball." * 90) == Verdict(True)
    assert judged(question, "A box.") == Verdict(False)
    assert judged(question, "A bird.").says == "that was not among the choices"


def test_a_turned_card_is_graded_by_its_learner():
    with pytest.raises(InvalidValue, match="graded by its learner"):
        judged(Question(Card(NOTE, "forward"), "turn", "What?", "A ball."), "3")


@fuzzed
@given(
    st.text(max_size=400) | st.floats(allow_nan=True).map(repr),
    st.sampled_from(
        [number("0.25"), number("1e308"), number("8.88e-16"), typed("Momentum"), typed("momentum*b", kind="cloze")]
    ),
)
def test_whatever_is_answered_gets_a_verdict_of_printable_words(text, question):
    found = judged(question, text)
    assert found.says.isprintable()
    assert len(found.says) < 400
