"""The checks before a run: complete declarations, and judgements that speak exactly where their facts do."""

import ast
import math

import pytest

from surefoot.diagnose import CHECKS
from surefoot.diagnose.checks import start
from surefoot.diagnose.checks.start_data import (
    Flaw,
    constant_columns,
    in_both,
    not_finite,
    not_scaled,
    sorted_labels,
    suspicious,
    unequal,
)
from surefoot.diagnose.checks.start_model import (
    First,
    activation_scale,
    batch_mixing,
    cannot_overfit,
    cut_off,
    initial_penalty,
    overconfident,
)
from surefoot.diagnose.diagnosis import diagnosis

TEN = {"start": math.log(10), "chance": 2.25, "start_name": "ln 10", "chance_name": "the best constant"}


def said(finding):
    """The code and the severity of a finding, or nothing."""
    return None if finding is None else (finding.code, finding.severity)


def choices(value, **given):
    return First(value, **{**TEN, "kind": "choices", **given})


def quantities(value, **given):
    return First(value, 1.0, 1.0, "an output of 0", "the best constant", "quantities", **given)


@pytest.mark.parametrize("check", start.CHECKS, ids=lambda check: check.code)
def test_a_check_says_why_how_to_disprove_it_and_shows_a_program(check):
    assert CHECKS[check.code] is check
    assert check.evidence == ("tested" if check.code in ("batch-mixing", "cannot-overfit-one-batch") else "certain")
    assert check.severity == ("note" if check.code in ("inputs-not-scaled", "constant-columns") else "fault")
    assert check.why.endswith(".")
    assert check.disproof.endswith(".")
    assert ast.parse(check.example).body
    assert "found = sf.examine(" in check.example
    assert {*check.explains} <= {*CHECKS} - {check.code}


def test_a_first_penalty_is_noted_above_one_and_a_half_times_its_reference_and_a_fault_above_three():
    for value, found in ((0.01, None), (2.3, None), (3.4, None), (3.5, "note"), (6.8, "note"), (7.0, "fault")):
        assert said(initial_penalty(choices(value))) == (found and ("initial-penalty", found))


def test_two_classes_are_noted_only_a_factor_of_two_in_probability_above_even():
    two = {"start": math.log(2), "chance": 0.6}
    assert initial_penalty(choices(1.35, **two)) is None
    assert said(initial_penalty(choices(1.4, **two))) == ("initial-penalty", "note")


def test_a_first_penalty_that_is_not_finite_is_a_fault():
    assert said(initial_penalty(choices(math.nan))) == ("initial-penalty", "fault")
    assert said(initial_penalty(choices(math.inf, start=math.nan))) == ("initial-penalty", "fault")


def test_a_penalty_that_is_zero_by_chance_is_judged_with_its_entropy_added():
    hot = {"start": 0.01, "chance": 0.0, "offset": 2.29}
    assert initial_penalty(choices(0.05, **hot)) is None
    assert said(initial_penalty(choices(7.0, **hot))) == ("initial-penalty", "fault")


def test_quantities_are_noted_above_three_times_their_reference_and_a_fault_above_ten():
    for value, found in ((2.9, None), (3.1, "note"), (9.9, "note"), (10.1, "fault")):
        assert said(initial_penalty(quantities(value))) == (found and ("initial-penalty", found))


def test_targets_far_from_zero_or_of_another_size_are_noted_unless_the_model_knows_them():
    scales = (
        {"mean": 152.0, "deviation": 77.0},
        {"mean": 4.0, "deviation": 1.0},
        {"deviation": 1e-3},
        {"deviation": 50.0},
    )
    for scale in scales:
        found = initial_penalty(quantities(1.0, **scale))
        assert said(found) == ("initial-penalty", "note")
        assert "targets are not scaled" in found.claim
        assert initial_penalty(quantities(0.1, **scale)) is None
    for scale in ({"mean": 2.9}, {"deviation": 0.2}, {"deviation": 9.0}, {"deviation": 0.0}):
        assert initial_penalty(quantities(1.0, **scale)) is None


def test_a_penalty_says_which_reference_it_is_near():
    assert choices(2.31).matched() == "ln 10 = 2.30"
    assert choices(2.26).matched() == "the best constant costs 2.25"
    assert choices(0.01).matched() == "below the 2.25 of the best constant"


def test_outputs_are_overconfident_only_where_the_first_penalty_is_high():
    assert overconfident(choices(2.4), 9.0, "last") is None
    assert overconfident(choices(9.0), 2.9, "last") is None
    assert overconfident(quantities(99.0), 9.0, "last") is None
    assert said(overconfident(choices(4.0), 3.1, "last")) == ("overconfident-outputs", "note")
    found = overconfident(choices(9.0), 4.0, "last")
    assert said(found) == ("overconfident-outputs", "fault")
    assert found.change == "model.get_submodule('last').weight.data.mul_(0.25)"
    assert overconfident(choices(9.0), math.nan, "last") is None


def test_a_signal_is_judged_where_it_ends_and_named_where_it_left_for_good():
    assert activation_scale([]) is None
    assert activation_scale([("a", 1.0), ("b", 1e-9), ("c", 0.9)]) is None
    found = activation_scale([("a", 1.0), ("b", 1e-4), ("c", 1.0), ("d", 1e-5), ("e", 1e-8)])
    assert said(found) == ("activation-scale", "fault")
    assert found.where.layer == ("d", "e")
    assert said(activation_scale([("a", 1.0), ("b", 5e-4)])) == ("activation-scale", "note")
    assert said(activation_scale([("a", 1.0), ("b", 2e3)])) == ("activation-scale", "note")
    assert said(activation_scale([("a", 1.0), ("b", math.inf)])) == ("activation-scale", "fault")


def test_rows_that_mix_are_named():
    found = batch_mixing(2, [0, 3], 0.5)
    assert found.where.rows == (2, 0, 3)
    assert "replacing row 2 of the input changes rows 0 and 3" in found.claim
    assert "changes row 3 of" in batch_mixing(2, [3], 0.5).claim
    assert "changes numbers that" in batch_mixing(2, [], 0.5).claim


def test_what_is_not_finite_is_a_note_where_the_penalty_is():
    flaw = {"of": "input", "batch": "training batch 3", "rows": (1,), "columns": (4,), "share": 0.1}
    assert said(not_finite(Flaw(**flaw, penalty=1.0))) == ("inputs-not-finite", "note")
    for penalty in (None, math.nan, math.inf):
        assert said(not_finite(Flaw(**flaw, penalty=penalty))) == ("inputs-not-finite", "fault")
    assert str(not_finite(Flaw(**flaw, penalty=None)).where) == "row 1 of the batch, training batch 3"


def test_columns_are_named_that_are_far_off_or_of_another_size():
    assert not_scaled([0.0, 1.0], [1.0, 0.5], 1.0, harms=False) is None
    far = not_scaled([0.0, 30.0], [1.0, 1.0], 10.0, harms=False)
    assert said(far) == ("inputs-not-scaled", "note")
    assert "column 1 lies more than 10 deviations off 0" in far.claim
    wide = not_scaled([0.0, 0.0], [1.0, 2000.0], 1400.0, harms=True)
    assert said(wide) == ("inputs-not-scaled", "fault")
    assert said(not_scaled([30.0, 0.0], [1.0, 1.0], 10.0, harms=True)) == ("inputs-not-scaled", "note")
    assert "column 1 varies 2,000 times as much as column 0" in wide.claim
    assert not_scaled([5.0, 0.0], [0.0, 1.0], 1.0, harms=False) is None  # a constant column is another check's
    assert said(not_scaled([], [], 130.0, harms=False)) == ("inputs-not-scaled", "note")
    assert said(not_scaled([], [], 0.01, harms=False)) == ("inputs-not-scaled", "note")


def test_constant_columns_are_noted():
    assert constant_columns({}, 4) is None
    assert said(constant_columns({2: 7.0}, 4)) == ("constant-columns", "note")


def test_classes_are_judged_by_how_often_they_occur():
    assert unequal([50, 60], whole=True) is None
    assert said(unequal([0, 60], whole=True)) == ("labels-suspicious", "fault")
    assert said(unequal([0, 60], whole=False)) == ("labels-suspicious", "note")
    assert said(unequal([0, 60, 60], whole=True)) == ("labels-suspicious", "note")
    assert unequal([0, 60, 60], whole=False) is None
    assert unequal([0, 20, 20], whole=True) is None  # too few to say that a class is missing
    assert said(unequal([1, 200], whole=True)) == ("labels-suspicious", "note")
    assert said(suspicious("they run from 1 to 4", "target - 1")) == ("labels-suspicious", "fault")


def test_an_order_is_a_fault_if_batches_are_pure_and_it_is_the_data_sets_own():
    assert sorted_labels(1.0, 0.3, 50.0, 0.9, fixed=True).severity == "fault"
    assert sorted_labels(1.0, 0.3, 50.0, 0.9, fixed=False).severity == "note"
    assert sorted_labels(0.8, 0.3, 50.0, 0.9, fixed=True).severity == "note"
    assert sorted_labels(1.0, 0.95, 50.0, 0.9, fixed=True).severity == "note"
    assert sorted_labels(1.0, 0.3, 7.9, 0.9, fixed=True) is None
    assert sorted_labels(0.4, 0.3, 50.0, 0.1, fixed=True) is None


def test_rows_in_both_are_a_fault_beyond_what_few_values_explain():
    assert in_both(1000, 0, 0.0, []) is None
    assert said(in_both(1000, 6, 0.0, [(1, 2)])) == ("rows-in-both", "fault")
    assert said(in_both(1000, 4, 0.0, [(1, 2)])) == ("rows-in-both", "note")  # 0.4 %
    assert said(in_both(30, 2, 0.0, [(1, 2)])) == ("rows-in-both", "note")  # two rows may be chance
    assert in_both(1000, 300, 0.3, [(1, 2)]) is None
    assert said(in_both(1000, 900, 0.3, [(1, 2)])) == ("rows-in-both", "fault")


def test_a_cause_heads_the_diagnosis_and_its_symptoms_fold_under_it():
    found = [
        initial_penalty(choices(9.0)),
        overconfident(choices(9.0), 4.0, "last"),
        not_scaled([], [], 130.0, harms=True),
        cannot_overfit(2, 200, 0.7, 0.07, 2.3),
    ]
    judged = diagnosis(found, CHECKS)
    assert judged.headline.code == "inputs-not-scaled"
    assert len(judged.symptoms) == 3
    assert not judged.others
    assert cut_off().severity == "fault"
