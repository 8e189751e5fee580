"""`fit` that goes on: which run, with which settings, and what it does when disk or data fail."""

import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from deaths import WHOLE
from torch import nn

import surefoot as sf
from surefoot.errors import InvalidValue
from surefoot.fitting.run import RunFailed
from surefoot.training.checkpoint.checkpoints import files

INPUTS = torch.randn(200, 8, generator=torch.Generator().manual_seed(0))
TARGETS = INPUTS[:, :3].argmax(1)


class Mine(torch.utils.data.Dataset[Any]):
    """A data set that raises at one item, until it is mended."""

    def __init__(self, bad: int | None) -> None:
        self.bad = bad

    def __len__(self) -> int:
        return 160

    def __getitem__(self, index: int) -> Any:
        if index == self.bad:
            raise OSError(f"item {index} cannot be read")
        return INPUTS[index], TARGETS[index]


def a_task(bad: int | None = None, name: str = "mine") -> sf.Task:
    """Return a task whose data may raise."""
    return sf.Task(
        model=lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3)),
        penalty=sf.CrossEntropy(), train=sf.Loader(Mine(bad), 16), validation=sf.Batches(INPUTS[160:], TARGETS[160:]),
        name=name,
    )  # fmt: skip


def fitted(task: sf.Task, runs: Path | None, **how: Any) -> sf.Run:
    given: dict[str, Any] = {"steps": 60, "step_size": 0.01, "save_every": 0.0, "progress": False, **how}
    return sf.fit(task, runs=runs, **given)


def weights(run: sf.Run) -> list[torch.Tensor]:
    return [*run.model.parameters()]


def same(first: sf.Run, second: sf.Run) -> bool:
    return all(a.equal(b) for a, b in zip(weights(first), weights(second), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_data_that_raise_end_a_run_that_goes_on_when_they_are_mended(tmp_path: Path, seed: int) -> None:
    bad = random.Random(seed).randrange(160)
    with pytest.raises(
        RunFailed, match=rf"reading training batch \d+ \(step \d+\) failed: .*OSError: item {bad} cannot"
    ) as caught:
        fitted(a_task(bad), tmp_path)
    failed = caught.value.run
    assert failed.folder is not None
    assert json.loads((failed.folder / "meta.json").read_text())["ended"]["ended"] == "failed"
    assert (failed.folder / "model.safetensors").exists()
    again = fitted(a_task(), tmp_path, resume=True)
    assert again.folder == failed.folder
    assert same(again, fitted(a_task(), None))


def test_a_run_that_is_over_is_not_gone_on_with(tmp_path: Path) -> None:
    first = fitted(a_task(), tmp_path)
    second = fitted(a_task(), tmp_path, resume=True)
    assert first.folder != second.folder
    assert second.trace.last("resumed") is None
    with pytest.raises(InvalidValue, match=r"a run that has finished: there is nothing to go on with\.$"):
        fitted(a_task(), None, resume=str(first.folder))
    assert first.folder is not None
    assert not files(first.folder / "checkpoints")
    loaded = a_task().make()
    from safetensors.torch import load_model

    load_model(loaded, first.folder / "model.safetensors")
    assert all(a.equal(b) for a, b in zip(loaded.parameters(), weights(first), strict=True))


def test_other_settings_are_refused_by_name_and_nothing_is_touched(tmp_path: Path) -> None:
    with pytest.raises(RunFailed) as caught:
        fitted(a_task(bad=100), tmp_path)
    folder = caught.value.run.folder
    assert folder is not None
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with pytest.raises(InvalidValue) as refused:
        fitted(a_task(), tmp_path, resume=True, step_size=0.02, seed=4)
    said = str(refused.value)
    assert "it was begun with seed 0 and this call says 4; say the same, or begin a new run" in said
    assert "it was begun with step_size 0.01 and this call says 0.02" in said
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_the_latest_run_of_this_task_is_gone_on_with_and_no_other(tmp_path: Path) -> None:
    for name in ("mine", "other"):
        with pytest.raises(RunFailed):
            fitted(a_task(bad=50, name=name), tmp_path)
    run = fitted(a_task(name="mine"), tmp_path, resume=True)
    assert run.folder is not None
    assert "mine" in run.folder.name
    assert fitted(a_task(name="new"), tmp_path, resume=True).trace.last("resumed") is None


def test_a_run_by_another_torch_goes_on_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunFailed) as caught:
        fitted(a_task(bad=100), tmp_path, steps=80)
    folder = caught.value.run.folder
    assert folder is not None
    meta = json.loads((folder / "meta.json").read_text())
    meta["versions"]["torch"] = "1.0"
    (folder / "meta.json").write_text(json.dumps(meta))
    if not files(folder / "checkpoints"):
        pytest.skip("it ended before its first checkpoint was written")
    run = fitted(a_task(), tmp_path, resume=True, steps=80)
    resumed = run.trace.last("resumed")
    assert resumed is not None
    assert f"it may not go on bit for bit: torch was 1.0 and is {torch.__version__}" in resumed.text
    assert "resumed: the run goes on from the checkpoint at step" in run.summary()


def test_each_step_stands_once_in_the_record_of_a_run_that_went_on(tmp_path: Path) -> None:
    from surefoot.records.reading import read

    with pytest.raises(RunFailed):
        fitted(a_task(bad=70), tmp_path)
    run = fitted(a_task(), tmp_path, resume=True)
    assert run.folder is not None
    trace = read(run.folder)
    for found in (trace, run.trace):
        assert found["penalty"].steps.tolist() == list(range(60))
        assert len(set(found["validation_penalty"].steps.tolist())) == len(found["validation_penalty"])
    assert trace["penalty"].values.tolist() == fitted(a_task(), None).trace["penalty"].values.tolist()


def mortal(runs: Path, limit: int | None = None) -> tuple[dict[str, Any], str]:
    """Run a run in a process whose files may be no larger than a limit; return what it says, and its warnings."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    found = subprocess.run(
        [sys.executable, str(WHOLE), "loader", str(runs), "0", "1"], preexec_fn=limited, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1]), found.stderr


def test_a_full_disk_costs_the_record_and_not_the_training(tmp_path: Path) -> None:
    sound, _ = mortal(tmp_path / "sound")
    full, said = mortal(tmp_path / "full", limit=64_000)
    assert (full["weights"], full["penalties"]) == (sound["weights"], sound["penalties"])
    assert said.count("no checkpoint could be written at step") == 1
    assert not [*(tmp_path / "full").rglob("*.part")]


def test_a_real_file_system_that_is_full_costs_the_record_and_not_the_training(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "none", str(small)], capture_output=True, check=False
    )
    if mounted.returncode or os.name != "posix":
        pytest.skip("a small file system can be mounted by root alone")
    try:
        sound, _ = mortal(tmp_path / "sound")
        full, said = mortal(small / "runs")
        assert (full["weights"], full["penalties"]) == (sound["weights"], sound["penalties"])
        assert "the training goes on" in said
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_run_that_is_to_be_resumed_is_recorded_where_the_command_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUREFOOT_RUNS", str(tmp_path / "usual"))
    with pytest.raises(RunFailed) as caught:
        fitted(a_task(bad=100), None, resume=True)
    assert caught.value.run.folder is not None
    assert caught.value.run.folder.parent == tmp_path / "usual"
    assert fitted(a_task(), None, resume=True).folder == caught.value.run.folder
    assert fitted(a_task(), None).folder is None
