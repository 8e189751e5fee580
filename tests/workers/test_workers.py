"""The programs that compute for the page: what they print, and how they say what is wrong."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from surefoot.workers.curves import FACTORS, runs


def lines(*arguments):
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


@pytest.mark.slow
def test_curves_are_told_of_as_they_come():
    told, code = lines("surefoot.workers.curves", "sizes", "adamw", "usual", "25")
    assert code == 0
    assert told[0] == {"runs": ["0.0001", "0.001", "0.01", "0.1", "1"], "steps": 25, "step_size": 0.01}
    for number in range(len(FACTORS)):
        pieces = [line["penalties"] for line in told if line.get("run") == number]
        assert len(pieces) >= 2, "they come in pieces"
        assert sum(map(len, pieces)) == 25
    first = [next(line["penalties"][0] for line in told if line.get("run") == number) for number in range(5)]
    assert len({*first}) == 1, "all start from the same weights and the same batch"
    assert [line["done"] for line in told if "done" in line] == list(range(5))


def test_schedules_are_each_of_the_catalogues():
    from surefoot.catalogue.schedules import SETTINGS

    assert len([*runs("schedules", 0.1)]) == len(SETTINGS)


@pytest.mark.slow
def test_what_is_wrong_is_told_in_the_last_line(tmp_path):
    told, code = lines("surefoot.workers.curves", "sizes", "adamq", "usual", "25")
    assert code == 1
    assert "adamq" in told[-1]["fault"]
    told, code = lines("surefoot.workers.around", str(tmp_path))
    assert code == 1
    assert "holds no run" in told[-1]["fault"]


@pytest.mark.slow
def test_the_map_around_a_runs_weights_lands_in_its_folder(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch, surefoot as sf\n"
        "torch.manual_seed(0)\n"
        "data = [(torch.randn(8, 2), torch.randn(8, 1))]\n"
        "task = sf.Task(model=lambda: torch.nn.Linear(2, 1), penalty=torch.nn.MSELoss(), train=data, validation=data, name='mine')\n"
    )
    import surefoot as sf
    from surefoot.tasks import load

    task = replace(load(f"{file}:task"), source="")  # as one that a script makes
    sf.fit(task, steps=3, search=0.0, step_size=0.1, rule="sgd", runs=tmp_path / "runs", progress=False)
    (run,) = (tmp_path / "runs").iterdir()
    told, code = lines("surefoot.workers.around", str(run))
    assert code == 1
    assert "not from which file" in told[-1]["fault"]
    told, code = lines("surefoot.workers.around", str(run), f"{file}:task")
    assert (code, told[-1]) == (0, {"found": True})
    assert [line["done"] for line in told[:-1]] == list(range(1, 26))
    assert np.array(json.loads((run / "around.json").read_text())["penalties"]).shape == (25, 25)
