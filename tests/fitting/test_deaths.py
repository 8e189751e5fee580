"""Runs that are killed at random moments end with the weights of the run that was not.

Ten deaths in CI; `make kills` has a hundred, with SUREFOOT_DEATHS, and writes what it saw to benchmarks/results_kills.json.
"""

import json
import os
import platform
import random
import re
import shutil
import signal
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from deaths import Death, ended, killed, lived_through, started
from mortal import KINDS as HOW
from mortal import a_task

import surefoot as sf
from surefoot.errors import InvalidValue

DEATHS = int(os.environ.get("SUREFOOT_DEATHS", "10"))
KINDS = ("searched", "open", "loader")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Return how each run ends that nobody kills."""
    return {kind: ended(started(kind, tmp_path_factory.mktemp(kind), resume=False)) for kind in KINDS}


def test_killed_at_random_moments_a_run_ends_with_the_very_same_weights(
    tmp_path: Path, unbroken: dict[str, dict[str, object]]
) -> None:
    draw, deaths, lives = random.Random(os.environ.get("SUREFOOT_SEED", "11")), list[Death](), 0
    while len(deaths) < DEATHS:
        kind = KINDS[lives % len(KINDS)]
        lives += 1
        seconds = float(str(unbroken[kind]["seconds"]))
        died, end = lived_through(kind, tmp_path / str(lives), min(4, DEATHS - len(deaths)), 0.8 * seconds, draw)
        deaths += died
        assert all(death.integrity in ("ok", "no log yet") for death in died), died
        for what in ("weights", "ended", "step", "best", "penalties", "left"):
            assert end[what] == unbroken[kind][what], (what, died)
        shutil.rmtree(tmp_path / str(lives))
    if "SUREFOOT_DEATHS" in os.environ:
        written(deaths, lives)


def written(deaths: list[Death], lives: int) -> None:
    """Write what was seen."""
    found = {
        "deaths": len(deaths), "lives": lives, "weights equal": lives,
        "by phase": Counter(death.phase for death in deaths), "by kind": Counter(death.kind for death in deaths),
        "integrity": Counter(death.integrity for death in deaths), "torch": str(torch.__version__),
        "python": platform.python_version(), "each": [asdict(death) for death in deaths],
    }  # fmt: skip
    out = Path(__file__).parents[2] / "benchmarks" / "results_kills.json"
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_end_says_how_it_goes_on(
    tmp_path: Path, unbroken: dict[str, dict[str, object]], by: signal.Signals
) -> None:
    seconds = float(str(unbroken["loader"]["seconds"]))
    death = killed("loader", tmp_path, 0.4 * seconds, resume=False, by=by)
    assert death is not None
    folder = next(tmp_path.iterdir())
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["ended"]["ended"] == "interrupted"
    if by is signal.SIGTERM:
        assert re.fullmatch(r"ended by SIGTERM at step \d+, and can be resumed from there", meta["ended"]["reason"])
    assert "model.safetensors" in {each.name for each in folder.iterdir()}
    end = ended(started("loader", tmp_path, resume=True))
    assert end["resumed"] == meta["ended"]["step"] or by is signal.SIGINT
    assert end["weights"] == unbroken["loader"]["weights"]


def test_a_second_process_on_one_run_is_refused_in_words(tmp_path: Path) -> None:
    process = started("loader", tmp_path, resume=False)
    try:
        while not any(tmp_path.glob("*/run.sqlite")):
            time.sleep(0.01)
        with pytest.raises(InvalidValue, match=rf"is being written by process {process.pid} on .*; stop that"):
            sf.fit(a_task("loader"), seed=1, runs=tmp_path, resume=True, progress=False, **HOW["loader"])  # type: ignore[arg-type]
    finally:
        process.kill()
        process.communicate()
