"""Laws of every drill: its questions are new with every seed, have one right answer, and know a wrong one."""

import pytest

from surefoot.catalogue import entries
from surefoot.errors import InvalidValue
from surefoot.study.card import PREDICTED, Card
from surefoot.study.drills import DRILLS, exercise_of
from surefoot.study.judging import judged, number_of
from surefoot.study.library import drills_of, notes
from surefoot.study.note import Drill, Note
from surefoot.study.question import Question

SEEDS = 200
KINDS = [
    Drill("one_step", {"rule": "adamw"}), Drill("several_steps", {"rule": "momentum", "steps": 3}),
    Drill("factor_at", {"schedule": "warmup(10%) >> cosine()"}), Drill("which_curve", {"schedule": "one_cycle()"}),
    Drill("penalty_of", {"penalty": "cross_entropy"}), Drill("chance_level"), Drill("diverges", {"surface": "quadratic", "rule": "sgd"}),
    Drill("diverges", {"surface": "quadratic", "rule": "nesterov"}), Drill("stability_limit", {"rule": "momentum"}), Drill("effective_step"),
    Drill("bias_correction"), Drill("stop_at"), Drill("average_of"), Drill("gradient_through"), Drill("init_scale"),
    Drill("decay_against_l2"), Drill("noise_of_batch"),
]  # fmt: skip
NAMED = {str(drill): drill for note in notes() for drill in note.drills}
NAMED |= {str(drill): drill for entry in entries() for drill in drills_of(entry)}


def question_of(drill, exercise):
    note = Note("n", "own", "t", "a", "s", "-", drills=(drill,))
    return Question(
        Card(note, "numeric"), exercise.form, exercise.asks, exercise.answer, exercise.shown, exercise.choices, exercise.pictures,
        within=exercise.within, tells=exercise.tells,
    )  # fmt: skip


def assert_whole(drill, exercise):
    """Fail unless an exercise can be asked, its answer is right, and near misses are wrong."""
    question = question_of(drill, exercise)
    assert exercise.asks.endswith(("?", "?)", ".)"))
    assert exercise.tells
    assert all(line.isprintable() for line in (exercise.asks, *exercise.shown, *exercise.tells.split("\n")))
    assert judged(question, exercise.answer).right
    if exercise.form == "number":
        right = number_of(exercise.answer)
        off = max(3 * exercise.within, 1e-4) * abs(right) or 0.01
        assert not judged(question, repr(right + off)).right
        assert not judged(question, repr(right - off)).right
        assert right == 0.0 or not judged(question, repr(-right)).right
    else:
        assert len({*exercise.choices}) == len(exercise.choices) >= 2
        assert [judged(question, choice).right for choice in exercise.choices].count(True) == 1
        assert len(exercise.pictures) in (0, len(exercise.choices))


def test_every_kind_is_tried_here():
    assert {drill.kind for drill in KINDS} == {*DRILLS}


@pytest.mark.parametrize("drill", KINDS, ids=str)
def test_a_drill_asks_something_whole_and_new_at_every_seed(drill):
    made = [exercise_of(drill, seed) for seed in range(SEEDS)]
    for exercise in made:
        assert_whole(drill, exercise)
    assert made == [exercise_of(drill, seed) for seed in range(SEEDS)]
    assert len({(each.asks, each.shown, each.pictures) for each in made}) >= 20
    if drill.kind in PREDICTED:
        assert len({each.answer for each in made}) == len(made[0].choices)


@pytest.mark.parametrize("name", NAMED)
def test_every_drill_that_a_note_or_the_catalogue_names_makes_questions(name):
    for seed in range(5):
        exercise = exercise_of(NAMED[name], seed)
        assert_whole(NAMED[name], exercise)
        assert (exercise.form == "number") == (NAMED[name].kind not in PREDICTED)


@pytest.mark.parametrize("drill", KINDS, ids=str)
def test_a_number_that_two_digits_do_not_tell_says_how_many_are_asked(drill):
    for seed in range(50):
        made = exercise_of(drill, seed)
        if made.form == "number" and not judged(question_of(drill, made), f"{number_of(made.answer):.2g}").right:
            assert made.asks.endswith("decimals.)") or "significant digits" in made.asks or made.within == 0.0, made


@pytest.mark.parametrize(
    "drill",
    [
        Drill("no_such"), Drill("one_step"), Drill("one_step", {"rule": "adamq"}), Drill("several_steps", {"rule": "adam", "steps": 9}),
        Drill("factor_at"), Drill("factor_at", {"schedule": "warmup("}), Drill("penalty_of", {"penalty": "hugs"}),
        Drill("diverges", {"rule": "adam"}), Drill("diverges", {"rule": "sgd", "surface": "saddle"}), Drill("stability_limit", {}),
    ],
    ids=str,
)  # fmt: skip
def test_a_drill_that_lacks_what_it_needs_is_refused(drill):
    with pytest.raises(InvalidValue):
        exercise_of(drill, 0)
