"""One headline out of many findings; symptoms fold under it, and nothing is said twice or against itself."""

from itertools import permutations

import pytest

from surefoot.diagnose import Check, Diagnosis, Where, diagnosis
from surefoot.diagnose.diagnosis import reach


def check(code, evidence="certain", severity="fault", question=None, explains=()):
    return Check(code, code, evidence, severity, question or code, "why", "disproof", explains=explains)


CHECKS = {
    each.code: each
    for each in (
        check("root", explains=("middle",)),
        check("middle", explains=("leaf",)),
        check("leaf", "statistical"),
        check("apart"),
        check("hint", "tested"),
        check("style", severity="note"),
        check("meant", severity="note", question="leaf"),
    )
}


def found(code, step=None, layer=()):
    return CHECKS[code].finding(f"{code} was seen", "change it", where=Where(step, layer))


def codes(findings):
    return [each.code for each in findings]


def test_without_findings_a_run_is_sound():
    assert diagnosis([], CHECKS) == Diagnosis()
    assert Diagnosis().sound


def test_a_fault_that_nothing_explains_leads_and_what_follows_folds_under_it():
    said = diagnosis([found("leaf"), found("middle"), found("root"), found("apart", 9)], CHECKS)
    assert said.headline.code == "root"
    assert codes(said.symptoms) == ["middle", "leaf"]
    assert codes(said.others) == ["apart"]


def test_a_note_never_leads():
    said = diagnosis([found("style")], CHECKS)
    assert said.sound
    assert codes(said.notes) == ["style"]
    assert diagnosis([found("style"), found("hint", 90)], CHECKS).headline.code == "hint"


def test_the_surer_finding_leads_then_the_earlier():
    assert diagnosis([found("hint", 1), found("apart", 9)], CHECKS).headline.code == "apart"
    assert diagnosis([found("root", 9), found("apart", 1)], CHECKS).headline.code == "apart"


def test_of_two_answers_to_one_question_at_one_place_the_surer_stays():
    said = diagnosis([found("meant"), found("leaf")], CHECKS)
    assert said.headline.code == "leaf"
    assert not said.notes
    apart = diagnosis([found("meant", layer=("a",)), found("leaf", layer=("b",))], CHECKS)
    assert codes(apart.notes) == ["meant"]


def test_the_order_of_the_findings_changes_nothing():
    given = [found("root", 3), found("leaf", 1), found("apart", 2), found("style")]
    assert len({str(diagnosis(order, CHECKS)) for order in permutations(given)}) == 1


def test_every_finding_kept_is_in_exactly_one_place():
    given = [found(code, index) for index, code in enumerate(CHECKS) if code != "meant"]
    said = diagnosis(given, CHECKS)
    places = [said.headline, *said.symptoms, *said.others, *said.notes]
    assert sorted(codes(places)) == sorted(codes(given))


def test_a_circle_of_explanations_still_has_a_headline():
    circle = {"a": check("a", explains=("b",)), "b": check("b", explains=("a",))}
    said = diagnosis([each.finding("seen", "change") for each in circle.values()], circle)
    assert said.headline.code == "a"
    assert codes(said.symptoms) == ["b"]
    assert reach("a", circle) == {"b"}


def test_a_code_is_words_joined_by_hyphens():
    with pytest.raises(ValueError, match="give lower-case words joined by hyphens"):
        check("Softmax Twice")
