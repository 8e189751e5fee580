"""Laws of a task and of its batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import TensorDataset

from surefoot.errors import InvalidValue, TaskError
from surefoot.training.batches import Batches, epoch, length, weight
from surefoot.training.task import Task

X, Y = torch.randn(10, 3), torch.randn(10, 1)
LOADER = Batches(X, Y, size=4)
GOOD = {"model": lambda: nn.Linear(3, 1), "penalty": nn.MSELoss(), "train": LOADER}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": 3}, "model is a int"),
        ({"model": nn.Linear}, "model needs arguments"),
        ({"penalty": None}, "penalty is missing"),
        ({"penalty": nn.MSELoss}, r"penalty is the class MSELoss; make one: MSELoss\(\)"),
        ({"penalty": 3}, "penalty is a int"),
        ({"forward": lambda model, batch: model(batch)}, "both given"),
        ({"train": X}, "train is a Tensor, not batches"),
        ({"train": TensorDataset(X, Y)}, "train is a TensorDataset, not batches"),
        ({"train": iter(LOADER)}, "only once"),
        ({"validation": 7}, "validation is a int"),
        ({"name": " "}, "name is ' '"),
        ({"metrics": {"a": 3}, "validation": LOADER}, "metric 'a' is no function"),
        ({"metrics": {"penalty": nn.MSELoss()}, "validation": LOADER}, "which every run records"),
        ({"metrics": {"a": nn.MSELoss()}}, "give validation="),
        ({"metrics": [1]}, "metrics is a list"),
    ],
)
def test_what_is_no_task_is_refused_in_words(changes, words):
    with pytest.raises(InvalidValue, match=words):
        Task(**{**GOOD, **changes})


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidValue) as refused:
        Task(model=3, train=4, validation=5, name="")
    for word in ("model is", "penalty is missing", "train is", "validation is", "name is"):
        assert word in str(refused.value)


def test_a_module_a_class_and_a_function_are_models():
    class Net(nn.Linear):
        def __init__(self):
            super().__init__(3, 1)

    net = Net()
    assert Task(**{**GOOD, "model": net}).make() is net
    assert isinstance(Task(**{**GOOD, "model": Net}).make(), Net)


def test_a_model_function_that_fails_is_named():
    def fails():
        raise ZeroDivisionError("no layers")

    with pytest.raises(TaskError, match="t: making the model failed: ZeroDivisionError: no layers"):
        Task(**{**GOOD, "model": fails, "name": "t"}).make()
    with pytest.raises(TaskError, match="returned a int"):
        Task(**{**GOOD, "model": lambda: 3}).make()


def test_forward_takes_any_batch_and_gives_the_penalty():
    task = Task(model=lambda: nn.Linear(3, 1), train=[{"x": X}], forward=lambda model, batch: model(batch["x"]).mean())
    model = task.make()
    assert task.penalty_of(model, {"x": X}) == model(X).mean()


def test_a_penalty_of_one_element_is_one_number():
    task = Task(**{**GOOD, "penalty": lambda output, target: (output - target).mean().reshape(1, 1)})
    assert task.penalty_of(task.make(), (X, Y)).shape == ()


@pytest.mark.parametrize(
    ("changes", "batch", "words"),
    [
        ({}, X, r"make it \(input, target\)"),
        ({}, (X, Y, Y), "a tuple of 3"),
        ({"penalty": nn.MSELoss(reduction="none")}, (X, Y), r"shape \(10, 1\); it must give one number"),
        ({"penalty": lambda _, __: 0.5}, (X, Y), "gave a float"),
    ],
)
def test_a_batch_or_a_penalty_of_the_wrong_kind_is_told(changes, batch, words):
    task = Task(**{**GOOD, **changes})
    with pytest.raises(TaskError, match=words):
        task.penalty_of(task.make(), batch)


@given(n=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 2**32 - 1), number=st.integers(0, 1000))
def test_an_epoch_holds_every_item_once_and_depends_on_seed_and_number_alone(n, size, seed, number):
    batches = Batches(torch.arange(n), torch.arange(n), size=size)
    first, again = (torch.cat([x for x, _ in batches.epoch(seed, number)]) for _ in range(2))
    assert torch.equal(first, again)
    assert first.sort().values.tolist() == list(range(n))
    assert len(list(batches.epoch(seed, number))) == len(batches)


def test_epochs_differ_and_seeds_differ():
    batches = Batches(torch.arange(100), torch.arange(100), size=100)
    orders = {tuple(next(batches.epoch(seed, number))[0].tolist()) for seed in range(3) for number in range(3)}
    assert len(orders) == 9


def test_an_epoch_draws_nothing_from_torchs_global_generator():
    before = torch.get_rng_state()
    list(LOADER.epoch(0, 0))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("given", "target", "size"), [(X, Y[:3], 2), (X[:0], Y[:0], 2), (X, Y, 0)])
def test_batches_without_equal_rows_are_refused(given, target, size):
    with pytest.raises(InvalidValue, match="Batches"):
        Batches(given, target, size)


def test_sources_tell_their_length_if_they_know_it():
    assert length(LOADER) == 3
    assert length(lambda: LOADER) == 3
    assert length(lambda: iter(LOADER)) is None
    assert len(list(epoch(lambda: iter(LOADER), 0, 0))) == 3


def test_the_weight_of_a_batch_is_its_number_of_items():
    assert weight([X, Y]) == 10
    assert weight({"a": (X[:4],)}) == 4
    assert weight(torch.tensor(3.0)) == weight("text") == weight([]) == 1
