"""Laws of where and how precisely penalties are computed, and of the tensors inside of batches."""

from collections import OrderedDict, UserDict, defaultdict
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from surefoot.errors import InvalidValue
from surefoot.training.compute import Compute, devices, home, misplaced
from surefoot.training.nested import changed


class Pair(NamedTuple):
    given: torch.Tensor
    target: torch.Tensor


def added(thing):
    return changed(thing, lambda tensor: tensor + 1)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda x: x,
        lambda x: (x, 3),
        lambda x: [x, "word"],
        lambda x: Pair(x, x),
        lambda x: {"a": [(x, {"b": x})]},
        lambda x: OrderedDict(a=x),
        lambda x: defaultdict(list, a=x),
        lambda x: UserDict(a=x),
    ],
)
def test_tensors_are_changed_wherever_they_are_and_the_containers_keep_their_kind(wrapped):
    zeros = wrapped(torch.zeros(()))
    other = added(zeros)
    assert other == wrapped(torch.ones(()))
    assert type(other) is type(zeros)
    assert zeros == wrapped(torch.zeros(()))


def test_a_packed_sequence_moves_as_a_whole():
    packed = pack_sequence([torch.ones(3), torch.ones(2)])
    assert isinstance(Compute("cpu").moved([packed])[0], PackedSequence)


def test_without_a_device_a_batch_is_passed_on_untouched():
    batch = {"x": torch.ones(2)}
    assert Compute().moved(batch) is batch


def accelerated(monkeypatch, count):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)


def test_a_device_that_is_there_is_taken_with_and_without_its_number(monkeypatch):
    accelerated(monkeypatch, 2)
    assert [str(device) for device in devices()] == ["cpu", "cuda:0", "cuda:1"]
    for name in ("cpu", "cuda", "cuda:1", torch.device("cuda", 0)):
        assert Compute(name).device == torch.device(name)


@pytest.mark.parametrize("name", ["cuda:2", "mps", "meta", "gpu", "cuda:x", "", 0])
def test_a_device_that_is_not_there_is_refused_naming_those_that_are(monkeypatch, name):
    accelerated(monkeypatch, 2)
    with pytest.raises(InvalidValue, match=f"device is '{name}'; here there is cpu, cuda:0, cuda:1; give one of them"):
        Compute(name)


def test_without_an_accelerator_the_cpu_alone_is_there(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    with pytest.raises(
        InvalidValue, match=r"device is 'cuda'; here there is cpu; .*precision is 'half'; it must be one of"
    ):
        Compute("cuda", "half")


def test_a_model_that_is_elsewhere_is_told_to_be_moved_first():
    model = nn.Linear(1, 1, device="meta")
    assert misplaced(Compute(), model) == []
    assert misplaced(Compute("cpu"), nn.Linear(1, 1)) == []
    (fault,) = misplaced(Compute("cpu"), model)
    assert fault == "device is cpu and the model is on meta; move it before its optimizer is made: model.to('cpu')"


def test_a_model_is_placed_where_the_device_is_and_stays_without_one():
    model = nn.Linear(1, 1)
    assert Compute("cpu").placed(model) is Compute().placed(model) is model
    assert home(nn.Identity()) == torch.device("cpu")


def test_bfloat16_is_autocast_and_float32_leaves_the_users_own_alone():
    model, x = nn.Linear(2, 2), torch.ones(1, 2)
    with Compute(precision="bfloat16").autocast(model):
        assert model(x).dtype is torch.bfloat16
    with torch.autocast("cpu", dtype=torch.bfloat16), Compute().autocast(model):
        assert model(x).dtype is torch.bfloat16
    with Compute().autocast(model):
        assert model(x).dtype is torch.float32


def test_outputs_are_widened_for_metrics_only_where_autocast_narrowed_them():
    narrow = [torch.ones(1, dtype=torch.bfloat16), torch.ones(1, dtype=torch.long)]
    widened = Compute(precision="bfloat16").widened(narrow)
    assert [tensor.dtype for tensor in widened] == [torch.float32, torch.long]
    assert Compute().widened(narrow) is narrow
