"""Laws of `surefoot average`: the mean, what is refused and how, whole files or none, little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import surefoot
from surefoot.cli import FINISHED, WRONG, main
from surefoot.errors import InvalidValue
from surefoot.pytorch.averager.files import average_files


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(capsys, *arguments):
    """Run `surefoot average` here; return its exit code and its two outputs."""
    code = main(["average", *arguments])
    return code, *capsys.readouterr()


def network(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2).bfloat16())
    for _ in range(seed):
        model[1](torch.randn(5, 4))
    return model


def saved(*seeds):
    names = []
    for seed in seeds:
        names.append(f"{seed}.safetensors")
        save_file(network(seed).state_dict(), names[-1])
    return names


def test_the_mean_of_files_is_the_mean_of_their_tensors(capsys):
    files = saved(1, 2, 3)
    code, out, err = command(capsys, *files, "-o", "mean.safetensors")
    assert (code, err) == (FINISHED, "")
    assert "8 tensors averaged" in out
    assert "1 tensor taken from 3.safetensors; 1 of them differ" in out
    assert "running statistics (2 tensors) are those of no weights" in out
    mean, parts = load_file("mean.safetensors"), [load_file(file) for file in files]
    assert mean.keys() == parts[0].keys()
    for name, tensor in mean.items():
        assert tensor.dtype == parts[0][name].dtype
        if tensor.is_floating_point():
            wanted = torch.stack([part[name].double() for part in parts]).mean(0).to(tensor.dtype)
            assert torch.equal(tensor, wanted)
    assert mean["1.num_batches_tracked"] == 3
    network(0).load_state_dict(mean)


def test_weights_are_shares_of_their_sum(capsys):
    files = saved(1, 2)
    code, out, _ = command(capsys, *files, "-o", "mean.safetensors", "--weights", "1,3", "--json")
    assert code == FINISHED
    told = json.loads(out)
    assert [part["weight"] for part in told["files"]] == [0.25, 0.75]
    assert told["taken"] == told["differing"] == ["1.num_batches_tracked"]
    one, other = (load_file(file)["0.weight"] for file in files)
    torch.testing.assert_close(load_file("mean.safetensors")["0.weight"], 0.25 * one + 0.75 * other)


def test_the_mean_of_equal_files_is_equal_to_them():
    (file,) = saved(1)
    average_files([file] * 7, "mean.safetensors")
    before, mean = load_file(file), load_file("mean.safetensors")
    assert all(torch.equal(before[name], mean[name]) for name in before)


def test_the_file_says_what_was_averaged():
    average_files(saved(1, 2), "mean.safetensors", [1, 1])
    with safe_open("mean.safetensors", "pt") as file:
        metadata = file.metadata()
    assert metadata["format"] == "pt"
    told = json.loads(metadata["surefoot"])
    assert told["averaged"] == [{"file": f"{n}.safetensors", "weight": 0.5} for n in (1, 2)]
    assert told["version"] == surefoot.__version__


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"model": state, "epoch": 3, "optimizer": {"state": {}}},
        lambda state: {"state_dict": state, "step": 5},
        lambda state: {"model": {"state_dict": state}},
    ],
)
def test_torchs_files_are_read_also_where_the_state_is_nested(wrap):
    safe = saved(1, 2)
    for seed in (1, 2):
        torch.save(wrap(network(seed).state_dict()), f"{seed}.pt")
    average_files(safe, "a.safetensors")
    average_files(["1.pt", "2.pt"], "b.safetensors")
    average_files(["1.pt", safe[1]], "c.safetensors")
    first = load_file("a.safetensors")
    for other in (load_file("b.safetensors"), load_file("c.safetensors")):
        assert all(torch.equal(first[name], other[name]) for name in first)


def test_torchs_old_format_is_read():
    for seed in (1, 2):
        torch.save(network(seed).state_dict(), f"{seed}.pt", _use_new_zipfile_serialization=False)
    average_files(saved(1, 2), "a.safetensors")
    average_files(["1.pt", "2.pt"], "b.safetensors")
    assert Path("a.safetensors").read_bytes()[-64:] == Path("b.safetensors").read_bytes()[-64:]


class Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_a_torch_file_never_runs_code(capsys, here):
    torch.save({"model": network(1).state_dict(), "trap": Trap()}, "1.pt")
    code, _, err = command(capsys, "1.pt", "1.pt", "-o", "mean.safetensors")
    assert code == WRONG
    assert "could run any code; save the state dict alone" in err
    assert [path.name for path in here.iterdir()] == ["1.pt"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"epoch": 3, "rate": 0.5}, "'epoch' is a int and no tensor; 'rate' is a float and no tensor"),
        ([1, 2], "holds a list; give one that holds a state dict"),
        ({"x": torch.ones(2, 2).to_sparse()}, "'x' is sparse or quantized"),
    ],
)
def test_a_torch_file_of_other_things_is_refused(content, words):
    torch.save(content, "1.pt")
    with pytest.raises(InvalidValue, match=words):
        average_files(["1.pt", "1.pt"], "mean.safetensors")


@pytest.mark.parametrize("name", ["bad.safetensors", "bad.pt"])
def test_a_file_that_is_no_checkpoint_is_refused(name):
    Path(name).write_bytes(b"nothing of the kind" * 9)
    with pytest.raises(InvalidValue, match=r"cannot be read|could run any code"):
        average_files([name, name], "mean.safetensors")


def test_all_mismatches_are_told_at_once_and_nothing_is_written(capsys, here):
    state = network(1).state_dict()
    save_file(state, "a.safetensors")
    save_file(
        {**state, "0.weight": torch.ones(4, 4), "0.bias": state["0.bias"].half(), "new": torch.ones(1)}, "b.safetensors"
    )
    save_file({name: tensor for name, tensor in state.items() if name != "2.bias"}, "c.safetensors")
    code, _, err = command(capsys, "a.safetensors", "b.safetensors", "c.safetensors", "-o", "mean.safetensors")
    assert code == WRONG
    for words in (
        "'0.weight' is float32 [4, 3] in a.safetensors and float32 [4, 4] in b.safetensors",
        "'0.bias' is float32 [4] in a.safetensors and float16 [4] in b.safetensors",
        "'new' is in b.safetensors and not in a.safetensors",
        "'2.bias' is not in c.safetensors",
    ):
        assert words in err
    assert sorted(path.name for path in here.iterdir()) == ["a.safetensors", "b.safetensors", "c.safetensors"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["1.safetensors"], "1 file is given; a mean is of two at least"),
        (["1.safetensors", "9.safetensors"], "there is no file 9.safetensors"),
        (["1.safetensors", "2.safetensors", "--weights", "1"], "there are 1 weights and 2 files"),
        (["1.safetensors", "2.safetensors", "--weights", "1,-1"], "weight -1 is not allowed"),
        (["1.safetensors", "2.safetensors", "--weights", "0,0"], "all weights are 0"),
        (["1.safetensors", "2.safetensors", "--weights", "1;2"], "--weights is '1;2'; give numbers with commas"),
    ],
)
def test_wrong_arguments_are_refused_in_words(capsys, here, arguments, words):
    saved(1, 2)
    code, _, err = command(capsys, *arguments, "-o", "mean.safetensors")
    assert code == WRONG
    assert words in err
    assert not Path("mean.safetensors").exists()


def test_the_output_is_a_safetensors_file_in_a_folder_that_is_there(capsys):
    files = saved(1, 2)
    assert "name it mean.safetensors" in command(capsys, *files, "-o", "mean.pt")[2]
    assert "there is no folder nowhere" in command(capsys, *files, "-o", "nowhere/mean.safetensors")[2]


def test_a_file_is_replaced_only_if_asked_even_one_of_those_averaged(capsys):
    one, other = saved(1, 2)
    before = Path(one).read_bytes()
    code, _, err = command(capsys, one, other, "-o", one)
    assert code == WRONG
    assert "is there already" in err
    assert Path(one).read_bytes() == before
    average_files([one, other], "mean.safetensors")
    assert command(capsys, one, other, "-o", one, "--force")[0] == FINISHED
    wanted, found = load_file("mean.safetensors"), load_file(one)
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_a_mean_that_is_not_a_number_is_refused_and_nothing_is_written(here):
    for name, value in (("a", 1.0), ("b", torch.nan)):
        save_file(
            {"x": torch.full((3,), value), "y": torch.full((1,), value), "z": torch.ones(2)}, f"{name}.safetensors"
        )
    with pytest.raises(InvalidValue, match=r"the mean of 'x' is not a number somewhere; the mean of 'y'"):
        average_files(["a.safetensors", "b.safetensors"], "mean.safetensors")
    assert sorted(path.name for path in here.iterdir()) == ["a.safetensors", "b.safetensors"]
    average_files(["a.safetensors", "b.safetensors"], "mean.safetensors", [1, 0])


def test_infinities_that_all_files_have_stay():
    save_file({"mask": torch.tensor([0.0, -torch.inf])}, "a.safetensors")
    average_files(["a.safetensors"] * 3, "mean.safetensors")
    assert load_file("mean.safetensors")["mask"].tolist() == [0.0, -torch.inf]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn, torch.complex64])
def test_any_floating_dtype_and_any_shape_is_averaged_and_can_be_read(dtype):
    tensors = {
        "scalar": torch.tensor(1.0),
        "empty": torch.ones(0, 3),
        "odd": torch.ones(3),
        "cube": torch.ones(2, 3, 4),
    }
    for name, factor in (("a", 1.0), ("b", 3.0)):
        given = {key: (tensor * factor).to(dtype) for key, tensor in tensors.items()}
        save_file(
            {**given, "whole": torch.tensor([3], dtype=torch.uint8), "yes": torch.tensor(True)}, f"{name}.safetensors"
        )
    average_files(["a.safetensors", "b.safetensors"], "mean.safetensors")
    mean = load_file("mean.safetensors")
    assert mean["yes"].item() is True
    for key, tensor in tensors.items():
        assert mean[key].dtype is dtype
        assert torch.equal(mean[key].to(torch.complex128), (2 * tensor).to(torch.complex128))


MEASURE = """
import sys
from surefoot.pytorch.averager.files import average_files
def held():
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return int(lines["VmHWM"].split()[0]) // 1024
files, out = sys.argv[2:], sys.argv[1]
import torch
average_files([files[0].replace("0", "small")] * 2, "warm.safetensors")
open("/proc/self/clear_refs", "w").write("5")
before = held()
average_files(files, out)
print(held() - before)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="measures memory as Linux tells it")
@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_memory_stays_near_a_stretch_of_each_file_whatever_their_size(ending):
    """Three files of 64 MB in tensors of 8 MB: reading them whole would take 192 MB."""
    save = save_file if ending == "safetensors" else torch.save
    for name, count in (("small", 1), ("0", 8), ("1", 8), ("2", 8)):
        rows = 512 if count == 8 else 2
        save({f"t{i}": torch.full((rows, 4096), float(i)) for i in range(count)}, f"{name}.{ending}")
    files = [f"{n}.{ending}" for n in range(3)]
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])}
    command = [sys.executable, "-c", MEASURE, "mean.safetensors", *files]
    ran = subprocess.run(command, capture_output=True, text=True, env=found, check=False)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < 110, ran.stdout  # of each file 10 MB of pages and a piece, and what torch reads ahead
    with safe_open("mean.safetensors", "pt") as file:
        assert (file.get_tensor("t7") == 7.0).all()


def test_help_imports_no_torch():
    code = "import sys; from surefoot.cli import main; main(['average', '--help']); sys.exit('torch' in sys.modules)"
    found = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=found, capture_output=True, check=False).returncode == 0
