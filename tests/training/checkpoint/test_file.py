"""Checkpoint files: what comes back, and what is refused."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from surefoot.errors import InvalidValue
from surefoot.training.checkpoint.disk import Disk
from surefoot.training.checkpoint.file import read, whole
from surefoot.training.checkpoint.file import write as written
from surefoot.training.checkpoint.tree import apart, together
from surefoot.training.generators import draws


def write(file: Path, step: int, state: object, disk: Disk | None = None) -> None:
    """Take a state apart and write it."""
    written(file, step, apart(state), disk)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8)
keys = st.text(max_size=8) | st.integers() | st.booleans() | st.tuples(st.integers(), st.text(max_size=3))
states = st.recursive(
    plain, lambda each: st.lists(each, max_size=4) | st.dictionaries(keys, each, max_size=4), max_leaves=12
)


def same(first: object, second: object) -> bool:
    """Tell whether two states are equal, bit for bit and kind for kind."""
    if isinstance(first, torch.Tensor):
        return (
            isinstance(second, torch.Tensor)
            and (first.dtype, first.shape, first.stride()) == (second.dtype, second.shape, second.stride())
            and first.contiguous()
            .reshape(-1)
            .view(torch.uint8)
            .equal(second.contiguous().reshape(-1).view(torch.uint8))
        )
    if isinstance(first, dict):
        return isinstance(second, dict) and [*first] == [*second] and all(same(first[k], second[k]) for k in first)
    if isinstance(first, (list, tuple)):
        return type(first) is type(second) and len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        return isinstance(second, np.ndarray) and first.dtype == second.dtype and first.tobytes() == second.tobytes()
    return type(first) is type(second) and (first == second or (first != first and second != second))


@given(states)
def test_a_state_comes_back_from_json_kind_for_kind(state: object) -> None:
    found, tensors = apart(state)
    assert same(together(json.loads(json.dumps(found, allow_nan=False)), tensors), state)


def a_state() -> dict[str, object]:
    """Return a state with something of every kind."""
    torch.manual_seed(0)
    return {
        "model": {"weight": torch.randn(3, 4), "last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)},
        "half": torch.randn(5).bfloat16(), "count": torch.tensor(7), "none": torch.empty(0, 3), "flag": torch.tensor([True]),
        "nan": torch.tensor([float("nan"), float("-inf"), -0.0]), "unsigned": np.arange(3, dtype=np.uint32),
        "python": random.getstate(), "numpy": np.random.get_state(), "generator": np.random.default_rng(1).bit_generator.state,
        "same": {1: torch.ones(1), "1": torch.zeros(1)},
    }  # fmt: skip


def test_a_file_gives_back_every_bit_and_every_stride(tmp_path: Path) -> None:
    state = a_state()
    write(tmp_path / "it.safetensors", 12, state)
    assert not whole(tmp_path / "it.safetensors")
    step, found = read(tmp_path / "it.safetensors")
    assert step == 12
    assert same(found, state)
    assert [each.name for each in tmp_path.iterdir()] == ["it.safetensors"]


def test_the_generators_states_come_back(tmp_path: Path) -> None:
    found = draws()
    write(tmp_path / "it", 0, {"draws": vars(found)})
    assert same(read(tmp_path / "it")[1]["draws"], vars(found))


def test_any_reader_of_safetensors_opens_it(tmp_path: Path) -> None:
    write(tmp_path / "it.safetensors", 3, {"model": {"weight": torch.arange(6.0).reshape(2, 3)}})
    with safe_open(tmp_path / "it.safetensors", "pt") as file:
        assert file.metadata()["step"] == "3"
        assert file.get_tensor("state.model.weight").tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


@settings(max_examples=60)
@given(st.data())
def test_every_flipped_bit_and_every_torn_end_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("torn") / "it.safetensors"
    write(file, 3, {"model": {"weight": torch.arange(6.0)}, "step": 5})
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    file.write_bytes(content)
    assert whole(file)
    with pytest.raises(InvalidValue, match=r"^'.*' is no checkpoint that can be read: [^\n]*\.$"):
        read(file)


def test_what_needs_pickle_is_named_and_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"state\.loader\.sampler is a object, which a checkpoint cannot hold"):
        write(tmp_path / "it", 0, {"loader": {"sampler": object()}})
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InvalidValue, match="nested more than 64 levels deep"):
        write(tmp_path / "it", 0, {"loader": endless})
    assert not [*tmp_path.iterdir()]


class Failing:
    """A disk that fails at its n-th act."""

    def __init__(self, last: int) -> None:
        self.disk, self.left = Disk(), last
        for name in ("write", "sync", "rename", "sync_folder"):
            setattr(self.disk, name, self.counted(getattr(self.disk, name)))

    def counted(self, act):  # type: ignore[no-untyped-def]
        def acted(*args: object) -> None:
            self.left -= 1
            if self.left < 0:
                raise OSError(28, "No space left on device")
            act(*args)

        return acted


@pytest.mark.parametrize("last", range(4))
def test_a_disk_that_fails_at_any_act_leaves_the_old_file_or_the_new_one(tmp_path: Path, last: int) -> None:
    file = tmp_path / "it.safetensors"
    write(file, 1, {"weight": torch.zeros(4)})
    with pytest.raises(OSError, match="No space left"):
        write(file, 2, {"weight": torch.ones(4)}, Failing(last).disk)
    step, state = read(file)
    assert state["weight"].tolist() == [float(step - 1)] * 4
    assert [each.name for each in tmp_path.iterdir()] == ["it.safetensors"]
