"""Laws of the examination: the task is as it was, what is not known is skipped in words, and the line is worth pasting."""

import copy
import json
import random
import re
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, TensorDataset
from training.examine.start.nets import DIGIT, DIGITS, DRAWS, Fold, digits, drawn, ids, mlp, split

import surefoot as sf
from surefoot.diagnose import CHECKS
from surefoot.diagnose.checks import start
from surefoot.errors import InvalidValue, TaskError
from surefoot.training.examine.start import Examination, examined
from surefoot.training.examine.start.batch_rows import axes, selected
from surefoot.training.examine.start.knowledge import Listener, known
from surefoot.training.examine.start.references import chance_level, floor, samples


@pytest.fixture(autouse=True)
def same_draws_on_one_thread():
    DRAWS.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def codes(found):
    return [each.code for each in found.findings]


# As it was


class Odd(nn.Module):
    """Counts its calls, changes a buffer in each, and draws."""

    def __init__(self):
        super().__init__()
        self.into, self.norm, self.out = nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Linear(16, 10)
        self.register_buffer("seen", torch.zeros(()), persistent=False)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        self.seen += 1
        np.random.random()
        random.random()
        return self.out(functional.dropout(self.norm(self.into(x)), 0.5, self.training))


def everything(model):
    """All of a model that must be as it was: the tensors, their bits, gradients and modes, and what it counts."""
    tensors = [*model.parameters(), *model.buffers()]
    bits = [(id(t), t.detach().numpy().tobytes(), t.requires_grad, t.grad is None) for t in tensors]
    return bits, [module.training for module in model.modules()], model.calls, len(model._forward_hooks)


def draws():
    return torch.get_rng_state().numpy().tobytes(), random.getstate(), str(np.random.get_state())


@pytest.mark.parametrize("train", [True, False])
def test_a_module_its_penalty_and_all_generators_are_bit_for_bit_as_they_were(train):
    model, own = Odd().train(train), torch.Generator().manual_seed(4)
    model.into.weight.requires_grad_(False)
    penalty = sf.CrossEntropy(class_weights=[1.0] * 10)
    data = TensorDataset(DIGITS[:200], DIGIT[:200])
    loader = DataLoader(data, batch_size=20, sampler=RandomSampler(data, generator=own))
    before = everything(model), draws(), own.get_state().numpy().tobytes(), penalty.class_weights.numpy().tobytes()
    examined(sf.Task(model=model, penalty=penalty, train=loader, validation=loader), seconds=60)
    after = everything(model), draws(), own.get_state().numpy().tobytes(), penalty.class_weights.numpy().tobytes()
    assert after == before


@pytest.mark.parametrize("broken", ["reading", "model", "penalty"])
def test_generators_come_back_on_an_error_too(broken):
    def fails(*_):
        torch.rand(3)
        raise OSError("torn")

    given = {"model": lambda: mlp(64, 10), "penalty": sf.CrossEntropy(), "train": [(DIGITS[:9], DIGIT[:9])]}
    given[{"reading": "train", "model": "model", "penalty": "penalty"}[broken]] = (
        fails if broken != "reading" else lambda: fails()
    )
    before = draws()
    with pytest.raises(TaskError, match="torn"):
        examined(sf.Task(**given))
    assert draws() == before


def test_workers_that_persist_are_left_alone():
    loader = DataLoader(
        TensorDataset(DIGITS[:96], DIGIT[:96]), batch_size=32, num_workers=1, persistent_workers=True,
        multiprocessing_context="fork",
    )  # fmt: skip
    assert examined(digits(lambda: mlp(64, 32, 10), train=loader), seconds=60).rows == 96
    assert loader._iterator is None


def test_a_run_after_it_is_the_run_without_it():
    def ended(look):
        task = digits(lambda: mlp(64, 16, 10))
        if look:
            examined(task, seconds=60)
        return [value.item() for value in sf.fit(task, steps=5, progress=False).model[0].bias]

    assert ended(True) == ended(False)


# What is known


@pytest.mark.parametrize("check", start.CHECKS, ids=lambda check: check.code)
def test_the_example_of_a_check_shows_its_finding(check):
    torch.manual_seed(0)
    given = {"torch": torch, "sf": sf}
    exec(check.example, given)
    raised = {"inputs-not-scaled": "fault"}  # there the first penalty shows it
    severity = raised.get(check.code, check.severity)
    assert (check.code, severity) in [(each.code, each.severity) for each in given["found"].findings], given["found"]


def test_a_penalty_that_is_a_function_is_known_by_what_it_calls():
    weight, f, y = torch.tensor([1.0, 2.0, 3.0]), drawn(8, 3), ids(3, 8)
    with Listener() as listener:
        penalty = (lambda: functional.cross_entropy(f, y, weight, label_smoothing=0.1))()
        functional.mse_loss(f, f)
        other = 2.0 * functional.l1_loss(f, torch.zeros(8, 3))
    heard = listener.of(penalty)
    assert heard.known.facts.key == "cross_entropy"
    assert not heard.known.plain
    assert heard.target is y
    assert listener.of(other) is None


def test_what_only_has_the_name_of_a_penalty_is_not_known():
    class Mine(nn.MSELoss):
        def forward(self, output, target):
            return 3.0 * super().forward(output, target)

    assert known(Mine()) is None
    assert known(nn.MSELoss(reduction="sum")) is None
    assert known(nn.BCEWithLogitsLoss(weight=torch.ones(3))) is None
    assert known(functional.mse_loss) is None  # a function is listened to


@pytest.mark.parametrize(
    ("penalty", "output", "target"),
    [
        (nn.CrossEntropyLoss(), drawn(40, 5), ids(5, 40)),
        (nn.CrossEntropyLoss(torch.rand(5), label_smoothing=0.1), drawn(40, 5), ids(5, 40)),
        (nn.CrossEntropyLoss(), drawn(40, 5), drawn(40, 5).softmax(1)),
        (nn.CrossEntropyLoss(), drawn(40, 5, 7), ids(5, 40, 7)),
        (nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0])), drawn(40, 1), 1.0 * ids(2, 40, 1)),
        (nn.MSELoss(), drawn(40, 3), drawn(40, 3)),
        (nn.L1Loss(), drawn(40, 1), drawn(40, 1)),
        (nn.SmoothL1Loss(beta=0.3), drawn(40, 1), drawn(40, 1)),
        (nn.HuberLoss(delta=2.0), drawn(40, 1), drawn(40, 1)),
        (nn.PoissonNLLLoss(), drawn(40, 1), torch.poisson(torch.ones(40, 1))),
        (nn.KLDivLoss(reduction="batchmean"), drawn(40, 5).log_softmax(1), drawn(40, 5).softmax(1)),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, nn.Module) else "",
)  # fmt: skip
def test_outputs_of_zero_cost_what_the_facts_of_torchs_penalties_say(penalty, output, target):
    from surefoot.training.examine.start.references import at_start, classes_in

    of = known(penalty)
    found = samples(of, target, classes_in(output))
    zero = torch.zeros_like(output)
    zero = zero.log_softmax(1) if isinstance(penalty, nn.KLDivLoss) else zero
    assert at_start(of, found) == pytest.approx(float(penalty(zero, target)), rel=1e-5, abs=1e-6)
    assert chance_level(of, found) <= at_start(of, found) + 1e-9


def test_equal_rows_with_other_labels_have_a_floor():
    of = known(nn.CrossEntropyLoss())
    assert floor(of, torch.tensor([0, 1, 1, 0]), 2, ["a", "b", "c", "d"]) == 0.0
    assert floor(of, torch.tensor([0, 1, 1, 0]), 2, ["a", "a", "c", "d"]) == pytest.approx(np.log(2) / 2)
    assert floor(known(nn.MSELoss()), torch.tensor([[0.0], [2.0]]), 0, ["a", "a"]) == 1.0


def test_conflicting_labels_are_no_fault():
    x = drawn(8, 4).repeat(40, 1)
    task = sf.Task(model=lambda: mlp(4, 32, 2), penalty=sf.CrossEntropy(), train=[(x, ids(2, 320)), (x, ids(2, 320))])
    found = examined(task, seconds=60)
    assert "cannot-overfit-one-batch" in found.passed


# Which dimension rows stand along


def test_the_dimension_of_the_rows_is_found_or_left_open():
    x = torch.zeros(7, 4, 3)
    assert axes([], x, torch.zeros(4)) == (1,)
    assert axes([], x, torch.zeros(7)) == (0,)
    assert axes([], x, torch.zeros(7, 4)) == (0, 1)
    assert axes([], x, None) == (0, 1)
    assert axes(sf.Batches(x, x), x, torch.zeros(7, 4)) == (0,)
    assert axes(DataLoader(TensorDataset(x)), x, torch.zeros(7, 4)) == (0,)
    assert axes([], "words", None) == ()


def test_rows_are_selected_in_every_tensor_that_has_them():
    batch = (
        {"x": torch.arange(6).reshape(3, 2), "mask": torch.arange(9).reshape(3, 3)},
        torch.arange(3),
        torch.zeros(5),
    )
    inputs, target, other = selected(batch, 0, 3, [2, 2])
    assert inputs["x"].tolist() == [[4, 5], [4, 5]]
    assert inputs["mask"].shape == (2, 3)
    assert target.tolist() == [2, 2]
    assert other.shape == (5,)


# What is said


def test_the_line_is_worth_pasting():
    found = examined(digits(lambda: mlp(64, 32, 10), name="digits"), seconds=60)
    assert isinstance(found, Examination)
    assert re.fullmatch(
        r"digits: 11 of 11 looked at and sound \(1,733 rows, penalty 2\.\d\d before any step, ln 10 = 2\.30; "
        r"16 rows overfitted in \d+ steps\) in \d+\.\d s",
        str(found),
    )
    assert found.sound
    assert found.diagnosis.sound
    assert [*found.passed] == [check.code for check in start.CHECKS]


def test_what_is_skipped_says_why():
    found = examined(digits(lambda: mlp(64, 32, 10), lambda f, y: 1.0 + functional.cross_entropy(f, y)), seconds=60)
    assert "nothing is known of this penalty" in found.skipped["initial-penalty"]
    assert "Not looked at:\n  - " in str(found)
    blind = examined(sf.Task(model=lambda: mlp(64, 10), penalty=sf.CrossEntropy(), train=[(DIGITS, DIGIT)]), seconds=60)
    assert blind.skipped["rows-in-both"] == "there are no validation batches"


def test_what_there_is_no_time_for_is_skipped():
    begun = time.perf_counter()
    found = examined(digits(lambda: mlp(64, 32, 10)), seconds=1e-6)
    assert all("no time left" in why for code, why in found.skipped.items())
    assert "cannot-overfit-one-batch" in found.skipped
    assert found.seconds <= time.perf_counter() - begun
    assert not found.whole


def test_a_model_that_has_no_copy_leaves_the_data_to_be_looked_at():
    model = mlp(64, 10)
    model.made = model[0](DIGITS[:1])  # a tensor with a history
    found = examined(digits(model), seconds=60)
    assert "the model cannot be copied" in found.skipped["batch-mixing"]
    assert {"inputs-not-finite", "labels-suspicious", "labels-sorted", "rows-in-both"} <= {*found.passed}


def test_a_model_without_anything_to_train_is_not_judged_by_its_training():
    found = examined(digits(mlp(64, 10).requires_grad_(False)), seconds=60)
    assert found.skipped["cannot-overfit-one-batch"] == "the model has nothing to train"


def test_a_dismissed_check_is_neither_said_nor_counted():
    task = digits(lambda: nn.Sequential(mlp(64, 32, 10), nn.Softmax(1)))
    assert codes(examined(task, seconds=60)) == ["cannot-overfit-one-batch"]
    found = examined(task, seconds=60, dismiss=["cannot-overfit-one-batch"])
    assert found.sound
    assert found.summary().startswith("task: 10 of 10 looked at and sound (")


def test_json_holds_all_of_it():
    found = examined(digits(lambda: mlp(64, 32, 10), **split(DIGITS * torch.nan, DIGIT)), seconds=60)
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert not told["sound"]
    assert told["findings"][0]["code"] == "inputs-not-finite"
    assert told["findings"][0]["dismiss"] == "surefoot check TASK --dismiss inputs-not-finite"
    assert {*told["passed"], *told["skipped"], *(each["code"] for each in told["findings"])} == {
        check.code for check in start.CHECKS
    }
    assert "sf.Doctor" not in str(found)


def test_every_fault_of_the_call_is_told_at_once():
    with pytest.raises(InvalidValue, match=r"precision is .*seed is -1.*seconds is 0.*dismiss holds 'nothing'"):
        sf.examine(digits(mlp(64, 10)), seed=-1, seconds=0, precision="float8", dismiss=["nothing"])


def test_code_that_raises_is_told_with_its_error():
    def task(**given):
        return sf.Task(
            **{
                "model": lambda: mlp(64, 10),
                "penalty": sf.CrossEntropy(),
                "train": [(DIGITS, DIGIT)],
                "name": "mine",
                **given,
            }
        )

    for broken, said in (
        (task(train=[]), "train gave no batches"),
        (task(model=lambda: mlp(63, 10)), "mat1 and mat2"),
        (task(train=[(DIGITS, DIGIT, DIGIT)]), "a batch is a tuple of 3"),
        (task(penalty=lambda f, y: f), "it must give one number"),
    ):
        with pytest.raises(TaskError, match=f"mine: .*{said}"):
            examined(broken)


def test_a_label_that_only_a_later_batch_holds_is_found_and_the_rest_is_looked_at():
    y = DIGIT[:160].clone()
    y[150] = 10
    batches = [(DIGITS[at : at + 32], y[at : at + 32]) for at in range(0, 160, 32)]
    found = examined(sf.Task(model=lambda: mlp(64, 32, 10), penalty=sf.CrossEntropy(), train=batches), seconds=60)
    assert codes(found) == ["labels-suspicious"]
    assert "1 of 160 class ids are out of range" in found.findings[0].claim
    assert "16 rows overfitted" in found.passed["cannot-overfit-one-batch"]


def test_an_error_in_a_later_batch_is_told_too():
    batches = [(DIGITS[:32], DIGIT[:32]), (DIGITS[:32, :63], DIGIT[:32])]
    with pytest.raises(TaskError, match="mat1 and mat2"):
        examined(sf.Task(model=lambda: mlp(64, 10), penalty=sf.CrossEntropy(), train=batches))


# Data of other kinds


class Endless(IterableDataset):
    """Rows in order of their class, without end."""

    def __iter__(self):
        for number in range(10**9):
            yield torch.full((3,), float(number % 7)), number // 100 % 5


def test_an_endless_stream_is_read_only_so_far_and_its_order_only_noted():
    task = sf.Task(model=lambda: mlp(3, 8, 5), penalty=sf.CrossEntropy(), train=DataLoader(Endless(), batch_size=16))
    found = examined(task, seconds=60)
    assert not found.whole
    assert [(each.code, each.severity) for each in found.findings] == [("labels-sorted", "note")]


def test_a_missing_value_that_the_model_fills_in_is_a_note():
    x = drawn(200, 4)
    x[5, 1] = torch.nan
    task = sf.Task(
        model=lambda: Fold(lambda p, x: p["net"](x.nan_to_num()), net=mlp(4, 16, 1)), penalty=sf.MeanSquaredError(),
        train=sf.Batches(x, drawn(200, 1)),
    )  # fmt: skip
    found = examined(task, seconds=60)
    assert [(each.code, each.severity) for each in found.findings] == [("inputs-not-finite", "note")]


def test_a_constant_column_is_noted_but_not_the_margin_of_an_image():
    x = drawn(200, 4)
    x[:, 2] = 7.0
    task = sf.Task(model=lambda: mlp(4, 16, 1), penalty=sf.MeanSquaredError(), train=sf.Batches(x, drawn(200, 1)))
    assert "constant-columns" in codes(examined(task, seconds=60))
    assert bool((DIGITS == 0).all(0).any())
    assert "constant-columns" in examined(digits(lambda: mlp(64, 32, 10)), seconds=60).passed


def test_a_model_that_scales_its_inputs_is_sound():
    task = digits(lambda: nn.Sequential(nn.BatchNorm1d(64), mlp(64, 32, 10)), **split(DIGITS * 255 + 1000, DIGIT))
    assert examined(task, seconds=60).passed["inputs-not-scaled"] == "the model changes its inputs"
    for divided in (False, True):
        net = lambda: Fold(lambda p, x, by=255.0 if divided else 1.0: p["net"](x / by), net=mlp(64, 32, 10))  # noqa: B023, E731
        assert (
            "inputs-not-scaled" in codes(examined(digits(net, **split(DIGITS * 255, DIGIT)), seconds=60))
        ) is not divided


def test_rows_are_numbered_as_the_user_has_them():
    x, y = drawn(300, 4), drawn(300, 1)
    task = sf.Task(
        model=lambda: mlp(4, 8, 1), penalty=sf.MeanSquaredError(), train=sf.Batches(x, y),
        validation=sf.Batches(torch.cat([drawn(50, 4), x[100:150]]), torch.cat([drawn(50, 1), y[100:150]])),
    )  # fmt: skip
    (found,) = examined(task, seconds=60).findings
    assert "50 of 100 validation rows" in found.claim
    assert "validation row 50, training row 100" in found.claim


def test_batch_first_or_second_decides_about_a_recurrent_net():
    """The same net is sound for rows that stand second and mixes rows that stand first."""
    x = ids(20, 9, 640)

    def net():
        return Fold(
            lambda p, x: p["last"](p["gru"](p["words"](x))[0]).movedim(-1, 1),
            words=nn.Embedding(20, 16), gru=nn.GRU(16, 24), last=nn.Linear(24, 20),
        )  # fmt: skip

    second = [(x[:, at : at + 32], x[:, at : at + 32]) for at in range(0, 640, 32)]
    first = sf.Batches(x.T.contiguous(), x.T.contiguous(), size=32)
    for train, mixes in ((second, False), (first, True)):
        found = examined(sf.Task(model=net, penalty=sf.CrossEntropy(), train=train), seconds=60)
        assert ("batch-mixing" in codes(found)) is mixes


def test_the_target_alone_tells_that_attention_goes_over_the_wrong_dimension():
    def net():
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=False)
        return Fold(lambda p, x: p["last"](p["layer"](x).mean(1)), layer=layer, last=nn.Linear(8, 10))

    pairs = [(DIGITS[at : at + 32].reshape(32, 8, 8), DIGIT[at : at + 32]) for at in range(0, 640, 32)]
    assert "batch-mixing" in codes(examined(sf.Task(model=net, penalty=sf.CrossEntropy(), train=pairs), seconds=60))


def test_weights_that_are_zero_hide_no_mixing():
    def net():
        model = Fold(
            lambda p, x: p["last"](p["into"](x) - p["into"](x).mean(0)), into=nn.Linear(64, 16), last=nn.Linear(16, 10)
        )
        nn.init.zeros_(model.parts["last"].weight)
        return model

    assert "batch-mixing" in codes(examined(digits(net), seconds=60))


def test_targets_that_no_step_size_reaches_are_the_fault():
    y = 2e5 + 5e4 * drawn(300, 1)
    found = examined(
        sf.Task(model=lambda: mlp(6, 32, 1), penalty=nn.L1Loss(), train=sf.Batches(drawn(300, 6), y)), seconds=60
    )
    assert found.diagnosis.headline.code == "initial-penalty"
    assert "targets are not scaled" in found.diagnosis.headline.claim
    assert [each.code for each in found.diagnosis.symptoms] == ["cannot-overfit-one-batch"]


def test_the_same_seed_gives_the_same_words():
    task = digits(lambda: mlp(64, 32, 10))
    one, two = (copy.deepcopy(examined(task, seconds=60, seed=3).passed) for _ in range(2))
    assert one == two
    assert {*one} <= {*CHECKS}
