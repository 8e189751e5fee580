"""The checks: complete declarations, and judgements that speak exactly where their facts do."""

import ast

import pytest

from surefoot.diagnose import CHECKS
from surefoot.diagnose.checks import data, loop, model, modes, optimizer, penalty, precision
from surefoot.diagnose.checks.loop import Backwards, Led
from surefoot.diagnose.checks.model import Pair, Rows
from surefoot.diagnose.checks.modes import Census, Passes
from surefoot.diagnose.checks.optimizer import Cut, Held
from surefoot.diagnose.checks.penalty import Judged, Range
from surefoot.diagnose.checks.precision import Small

SUBJECTS = (loop, optimizer, penalty, modes, data, model, precision)
MINE = [check for subject in SUBJECTS for check in subject.CHECKS]
NOTES = {
    "parameter-stepped-twice", "frozen-unawares", "decay-on-norms-and-biases", "class-ids-as-numbers", "constant-batch",
    "linear-after-linear",
}  # fmt: skip
LATER = {"initial-penalty", "overconfident-outputs", "cannot-overfit-one-batch", "not-finite"}
"""Codes of the checks before a run and of the autopsy, which are declared elsewhere."""


def test_every_check_is_listed_once_under_its_code():
    assert all(CHECKS[check.code] is check for check in MINE)
    assert len({check.code for check in MINE}) == len(MINE)


@pytest.mark.parametrize("check", MINE, ids=lambda check: check.code)
def test_a_check_says_why_how_to_disprove_it_and_shows_a_program(check):
    assert check.evidence == "certain"
    assert check.severity == ("note" if check.code in NOTES else "fault")
    for text in (check.why, check.disproof):
        assert text.endswith(".")
    assert not check.title.endswith(".")
    assert ast.parse(check.example).body
    assert "doctor.observe(penalty)" in check.example


@pytest.mark.parametrize("check", MINE, ids=lambda check: check.code)
def test_what_a_check_explains_is_a_check(check):
    assert {*check.explains} <= {*CHECKS} | LATER
    assert check.code not in check.explains


def code(finding):
    return None if finding is None else finding.code


def test_gradients_carried_over_once_or_twice_are_not_spoken_of():
    assert [code(loop.zero_grad_missing(Backwards("w", 4, carried=n))) for n in (0, 2, 3)] == [
        None,
        None,
        "zero-grad-missing",
    ]


def test_gradients_thrown_away_are_a_fault_only_while_nothing_moves():
    thrown = {"parameter": "w", "discarded": loop.DISCARDED}
    assert code(loop.step_never_called(Backwards(step=0, **thrown))) == "step-never-called"
    assert loop.step_never_called(Backwards(step=1, **thrown)) is None
    assert loop.step_never_called(Backwards(step=0, moved=True, **thrown)) is None
    assert loop.step_never_called(Backwards("w", 0, discarded=loop.DISCARDED - 1)) is None
    finite = {"parameter": "w", "step": 0, "discarded": loop.FINITE}
    assert code(loop.step_never_called(Backwards(finite=loop.FINITE, **finite))) == "step-never-called"
    assert loop.step_never_called(Backwards(finite=loop.FINITE - 1, **finite)) is None


def test_a_schedule_that_is_over_is_spoken_of_after_as_many_steps_again():
    def said(**facts):
        return code(loop.scheduler_per_batch(Led("StepLR", peak=0.1, now=1e-6, **{"every": True, **facts})))

    assert said(step=25, ended=5) == "scheduler-per-batch"
    assert said(step=24, ended=5) is None
    assert said(step=399, ended=200) is None
    assert said(step=400, ended=200) == "scheduler-per-batch"
    assert said(step=400, ended=20, every=False) is None
    assert said(step=400, ended=None) is None
    assert loop.scheduler_per_batch(Led("StepLR", 400, 0, 0.1, 1e-2, 20, every=True)) is None


def test_an_optimizer_is_of_another_model_only_if_it_holds_nothing_and_the_same_shapes():
    facts = {"left_out": ("w", "b"), "strangers": 2, "alike": True}
    assert code(optimizer.optimizer_of_another_model(Held(5, **facts))) == "optimizer-of-another-model"
    assert optimizer.optimizer_of_another_model(Held(5, held=1, **facts)) is None
    assert optimizer.optimizer_of_another_model(Held(5, **{**facts, "alike": False})) is None


def test_layers_are_cut_off_only_if_a_later_one_has_a_gradient():
    assert code(optimizer.no_gradient(Cut(5, ("0", "1"), "2"))) == "no-gradient"
    assert optimizer.no_gradient(Cut(5, (), "2")) is None


def test_one_wrong_input_gives_one_finding():
    for judged, found in {
        Judged("log_softmax", "softmax", 10): ["softmax-twice"],
        Judged("log_softmax", "softmax", 1): ["one-class-cross-entropy"],
        Judged("log_softmax", "relu", 10): ["relu-on-logits"],
        Judged("log_softmax", "linear", 10): [],
        Judged("log_softmax", "log_softmax", 10): [],
        Judged("nll_loss", "linear"): ["nll-on-logits"],
        Judged("nll_loss", "", inputs=Range(-3.0, 0.5)): ["nll-on-logits"],
        Judged("nll_loss", "", inputs=Range(-3.0, 0.0)): [],
        Judged("nll_loss", "log", inputs=Range(-3.0, 0.5)): [],
        Judged("binary_cross_entropy", "linear"): ["bce-on-logits"],
        Judged("binary_cross_entropy", "sigmoid"): [],
        Judged("binary_cross_entropy", "", targets=Range(0.0, 255.0)): ["labels-out-of-range"],
        Judged("binary_cross_entropy_with_logits", "sigmoid"): ["sigmoid-twice"],
        Judged("binary_cross_entropy_with_logits", "linear", targets=Range(-1.0, 1.0)): ["labels-out-of-range"],
        Judged("binary_cross_entropy_with_logits", "linear", targets=Range(0.0, 1.0)): [],
        Judged("mse_loss", "linear", stretched=((8, 1), (8,))): ["shapes-broadcast"],
        Judged("mse_loss", "linear", targets=Range(-9.0, 9.0)): [],
    }.items():
        assert [each.code for each in penalty.penalty_findings(judged)] == found


def test_softmax_twice_names_the_floor_of_ten_classes():
    found = penalty.penalty_findings(Judged("log_softmax", "softmax", 10))[0]
    assert "cannot fall below 1.461" in found.claim


def test_quantities_are_no_class_ids():
    def said(targets):
        return code(penalty.class_ids_as_numbers(targets, 0))

    assert said([0.0, 1.0, 2.0] * 30) == "class-ids-as-numbers"
    assert said([0.0, 1.0] * 40) is None
    assert said([0.0, 1.0, 2.5] * 30) is None
    assert said([0.0, 1.0, 7.0] * 30) is None
    assert said([18.0, 19.0, 20.0] * 30) is None
    assert said([0.0, 1.0, 2.0] * 3) is None


DROPS = Census(False, drops=("drop",), resting=("drop",))
NORMS = Census(False, norms=("norm",), resting=("norm",))


def test_steps_in_eval_mode_are_a_fault_with_dropout_or_after_steps_in_training_mode():
    def said(census, **passes):
        return code(modes.training_in_eval_mode(census, Passes(9, **passes)))

    assert said(DROPS, resting=3) == "training-in-eval-mode"
    assert said(DROPS, resting=2) is None
    assert said(NORMS, resting=3) is None
    assert said(NORMS, resting=3, trained=6) == "training-in-eval-mode"
    assert said(Census(True, drops=("drop",), resting=("drop",)), resting=3) is None
    assert said(Census(False, drops=("drop", "other"), resting=("drop",)), resting=3) is None
    assert said(Census(False), resting=3) is None


def test_passes_without_gradients_in_training_mode_are_a_fault_with_batch_norm_or_twice_with_dropout():
    def said(census, **passes):
        return code(modes.validating_in_training_mode(census, Passes(9, **{"ungraded": 2, "bursts": 1, **passes})))

    norms = Census(True, norms=("norm",))
    drops = Census(True, drops=("drop",))
    assert said(norms) == "validating-in-training-mode"
    assert said(norms, ungraded=1) is None
    assert said(Census(True, norms=("norm",), renewed=True)) is None
    assert said(Census(True, norms=("norm",), resting=("norm",))) is None
    assert said(drops) is None
    assert said(drops, bursts=2) == "validating-in-training-mode"
    assert said(drops, bursts=2, repeated=True) is None


def test_equal_rows_are_a_fault_only_with_equal_gradients():
    facts = {"zero": False, "alike": True, "gradient_zero": False, "gradient_alike": True}
    for changed, found in (
        ({}, ["equal-units"]),
        ({"gradient_alike": False}, []),
        ({"alike": False}, []),
        ({"zero": True, "gradient_zero": True}, ["all-zero-layer"]),
        ({"zero": True, "gradient_alike": False}, []),
    ):
        assert [each.code for each in model.rows_findings([Rows("w", 8, **{**facts, **changed})], 5)] == found


def test_a_bottleneck_of_two_linear_layers_is_meant():
    assert code(model.linear_after_linear([Pair("a", "b", 8, 16, 3)], 0)) == "linear-after-linear"
    assert model.linear_after_linear([Pair("a", "b", 64, 8, 64)], 0) is None
    assert model.linear_after_linear([], 0) is None


def test_small_gradients_are_a_fault_only_where_most_are_small_for_long():
    assert precision.float16_underflow([Small("a", 0.9, 5), Small("b", 0.1, 0), Small("c", 0.0, 0)], 5) is None
    assert precision.float16_underflow([Small("a", 0.9, 4)], 5) is None
    assert code(precision.float16_underflow([Small("a", 0.9, 5), Small("b", 0.8, 6)], 6)) == "float16-underflow"


def test_single_rows_and_useless_graphs_are_counted_out():
    assert modes.batch_norm_of_one(["norm"], Passes(9, single=modes.SINGLE - 1)) is None
    assert code(modes.batch_norm_of_one(["norm"], Passes(9, single=modes.SINGLE))) == "batch-norm-of-one"
    assert modes.batch_norm_of_one([], Passes(9, single=modes.SINGLE)) is None
    assert modes.graph_kept(Passes(9, kept=modes.KEPT - 1)) is None
    assert code(modes.graph_kept(Passes(9, kept=modes.KEPT))) == "graph-kept-in-validation"
