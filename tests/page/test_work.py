"""What takes seconds, as a page shows it: learning curves, the map around weights, and the jobs behind them."""

import json
import time

import numpy as np
import pytest
from page.shelves import client, finished

from surefoot.errors import InvalidValue
from surefoot.fitting import fit
from surefoot.page.jobs import Jobs
from surefoot.page.learning import Wanted, curves
from surefoot.page.weights_map import source, weights_map
from surefoot.tasks import load

SIZES = ["0.001", "0.01", "0.1"]


def told(*penalties, labels=SIZES, done=True, steps=50):
    """What a worker says of runs whose penalties are given."""
    lines = [{"runs": labels, "steps": steps, "step_size": 0.01}]
    for number, values in enumerate(penalties):
        lines += [{"run": number, "penalties": values[:20]}, {"run": number, "penalties": values[20:]}]
        lines += [{"done": number}] if done else []
    return lines


def falling(to, steps=50):
    return np.linspace(2.0, to, steps).tolist()


def test_step_sizes_are_called_what_their_ends_bear_out():
    found = curves(Wanted(), told(falling(1.5), falling(0.2), [2.0, None] + [None] * 48))
    assert [run.says for run in found.runs] == ["too low", "best", "too high, diverged"]
    assert found.runs[1].end == pytest.approx(np.mean(falling(0.2)[-10:]))
    assert found.drawn.count('class="line') == 3
    near = curves(Wanted(), told(falling(0.21), falling(0.2), falling(3.0)))
    assert [run.says for run in near.runs] == ["as good", "best", "too high"]


def test_while_runs_go_on_nothing_is_called_anything():
    found = curves(Wanted(), told(falling(1.5), falling(0.2), done=False))
    assert [run.says for run in found.runs] == ["", "", ""]
    assert [run.taken for run in found.runs] == [50, 50, 0]
    assert curves(Wanted(), []).runs == ()


def test_schedules_stand_side_by_side_with_their_shapes():
    found = curves(Wanted("schedules"), told(falling(0.4), falling(0.2), labels=["constant()", "linear()"]))
    assert [run.says for run in found.runs] == [f"{found.runs[0].end / found.runs[1].end:.2g} times the best", "best"]
    assert all('class="chart"' in run.drawn and 'class="spark"' in run.course for run in found.runs)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"what": "; rm"}, "cannot be compared"),
        ({"rule": "--help"}, "rule is '--help'"),
        ({"size": "nan"}, "step size is 'nan'"),
        ({"size": "1e9", "steps": "19"}, "step size is '1e9'; .*; steps is '19'"),
        ({"steps": "9" * 9}, "give 20 to 600"),
    ],
)
def test_a_worker_is_given_nothing_that_is_not_allowed(tmp_path, asked, said):
    with pytest.raises(InvalidValue, match=said):
        Wanted.of(asked)
    assert client(tmp_path).get("/curves", params=asked).status_code == 400


def test_the_views_are_there_before_anything_is_computed(tmp_path):
    found = client(tmp_path)
    assert "Nothing is trained yet" in found.get("/curves").text
    assert "No run has kept its weights yet" in found.get("/around").text
    assert "event: over" in found.get("/curves/events").text


def test_without_the_token_nothing_is_begun(tmp_path):
    path = finished(tmp_path, "digits")
    for where in ("/curves", f"/run/{path.name}/around"):
        assert client(tmp_path, token="").post(where, content="steps=20").status_code == 403


def test_the_map_around_weights_is_drawn_from_the_runs_folder(tmp_path):
    path = finished(tmp_path, "mine")
    (path / "model.safetensors").write_bytes(b"")
    assert "does not say in which file" in client(tmp_path).get(f"/run/{path.name}/around").text
    across = np.linspace(-1.0, 1.0, 5)
    heights = (1.0 + across**2 + across[:, None] ** 2).tolist()
    heights[0][0] = None
    found = {
        "across": across.tolist(),
        "penalties": heights,
        "items": 8,
        "validation": True,
        "seconds": 1.0,
        "says": "Low.",
        "caveat": "Only two.",
    }
    (path / "around.json").write_text(json.dumps(found))
    text = client(tmp_path).get(f"/run/{path.name}/around").text
    assert 'class="map"' in text
    assert "Only two." in text
    assert client(tmp_path).post(f"/run/{path.name}/around").status_code == 400, "nobody knows the task"
    assert f"/run/{path.name}/around" in client(tmp_path).get("/around").text


TASK = """
import torch
import surefoot as sf

def task():
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    batches = [(x, x[:, :1])]
    return sf.Task(name="line", model=lambda: torch.nn.Linear(4, 1), penalty=torch.nn.MSELoss(), train=batches)
"""


def test_the_penalty_around_a_run_of_a_file_is_measured_by_running_that_file(tmp_path):
    file, shelf = tmp_path / "my task.py", tmp_path / "runs"
    file.write_text(TASK)
    run = fit(load(f"{file}:task"), steps=20, runs=shelf, step_size=0.01, rule="adamw", search=0.0, progress=False)
    found, where = client(shelf), f"/run/{run.folder.name}/around"
    assert f"it runs <code>{file}:task</code>" in found.get(where).text
    with found:
        assert found.post(where).json() == {"begun": True}
        text, since = "", time.monotonic()
        while 'class="map"' not in text and time.monotonic() - since < 120:
            text = found.get(f"{where}/events").text
            assert "fault" not in text
    assert "Contours of the penalty around the weights" in text
    file.unlink()
    assert found.post(where).status_code == 400


@pytest.mark.parametrize("named", ["../x.py:task", "runs/evil.py:task", "/etc/passwd:root", "{here}/x.py:a b", 5, ""])
def test_a_record_has_no_file_run_that_is_none_or_lies_among_the_runs(tmp_path, named, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shelf = tmp_path / "runs"
    shelf.mkdir()
    for file in (tmp_path / "x.py", shelf / "evil.py"):
        file.write_text(TASK)
    given = named.format(here=tmp_path) if isinstance(named, str) else named
    assert source({"source": f"{tmp_path}/x.py:task"}, shelf)
    assert source({"source": f"{shelf}/evil.py:task"}, shelf) == source({"source": given}, shelf) == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"across": [1, 2], "penalties": [[1]]}', '{"across": "x"}'])
def test_a_broken_map_is_no_map(tmp_path, text):
    (tmp_path / "around.json").write_text(text)
    assert weights_map(tmp_path) is None


def test_one_job_runs_at_a_time_and_its_failure_is_told():
    jobs = Jobs()
    try:
        job = jobs.begin(("a",), "curves", ["sizes", "adamw", "usual", "600"])
        assert jobs.begin(("a",), "curves", []) is job
        with pytest.raises(InvalidValue, match="wait until it is done"):
            jobs.begin(("b",), "curves", [])
        job.stop()
        assert not job.running
        assert "ended with code" in job.fault
    finally:
        jobs.stop()


@pytest.mark.slow
def test_curves_are_trained_by_a_program_of_their_own_and_streamed(tmp_path):
    found = client(tmp_path)
    with found:
        assert found.post("/curves", content="what=sizes&rule=adamw&size=usual&steps=20").json() == {"begun": True}
        text, since = "", time.monotonic()
        while "event: over" not in text and time.monotonic() - since < 120:
            text = found.get("/curves/events", params={"steps": "20"}).text
        assert text.count("event: drawn") >= 1
        shown = found.get("/curves", params={"steps": "20"}).text
    assert "5 runs of 20 steps with adamw" in shown
    assert "best" in shown
