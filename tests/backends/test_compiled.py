"""Kernels exist whatever the machine allows: committed and cached, private cache, no cache, eight at once, no numba."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from surefoot.backends import compiled, emit
from surefoot.rules import RULES
from surefoot.rules.rule import Rule

USE = """
    import torch, surefoot as sf
    from surefoot.rules.rule import Rule

    def halved(p, g, b, step_size, decay):
        b = b + g
        p = p - 0.5 * step_size * b
        return p, b

    p = torch.nn.Parameter(torch.ones(5)); p.grad = torch.ones(5)
    for optimizer in (sf.AdamW([p], lr=0.25, decay=0.0), sf.RuleOptimizer([p], Rule("halved", halved, {"step_size": 1.0, "decay": 0.0}, "here"))):
        optimizer.step()
        print(type(optimizer._taken[0].lanes[0][0]).__name__, round(p[0].item(), 5))
"""
EXPECTED = ["CpuLane 0.75", "CpuLane 0.25"]


def used(tmp_path, before="", **environment):
    """Start the script in a new process."""
    script = tmp_path / "use.py"
    if not script.exists():
        script.write_text(before + textwrap.dedent(USE))
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "SUREFOOT_CACHE")
    }
    return subprocess.Popen(
        [sys.executable, script], env={**kept, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def printed(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.splitlines()


def test_the_committed_kernels_are_what_the_generator_writes():
    for path, text in emit.committed().items():
        assert path.read_text() == text, f"{path.name} is stale: run `python -m surefoot.backends.emit`"
    assert {path.name for path in emit.KERNELS.glob("*.py")} == {path.name for path in emit.committed()} | {
        "__init__.py"
    }


def test_a_users_rule_is_cached_privately_and_found_again(tmp_path):
    cache = tmp_path / "cache"
    assert printed(used(tmp_path, SUREFOOT_CACHE=str(cache))) == EXPECTED
    (text,) = cache.glob("*.py")
    assert [*cache.glob("__pycache__/*.nbc")], "numba has not remembered the machine code"
    assert cache.stat().st_mode & 0o077 == 0
    stamp = text.stat().st_mtime_ns
    assert printed(used(tmp_path, SUREFOOT_CACHE=str(cache))) == EXPECTED
    assert text.stat().st_mtime_ns == stamp


def test_no_place_to_write_means_kernels_in_memory(tmp_path):
    nowhere = "/proc/surefoot"
    assert (
        printed(used(tmp_path, HOME=nowhere, XDG_CACHE_HOME=nowhere, NUMBA_CACHE_DIR=nowhere, SUREFOOT_CACHE=nowhere))
        == EXPECTED
    )


def test_no_home_is_no_obstacle(tmp_path):
    assert printed(used(tmp_path)) == EXPECTED


def test_without_numba_everything_steps_eagerly(tmp_path):
    lines = printed(used(tmp_path, before="import sys; sys.modules['numba'] = None\n"))
    assert lines == [line.replace("CpuLane", "EagerLane") for line in EXPECTED]


def test_a_cache_that_others_may_write_is_not_used(tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("SUREFOOT_CACHE", str(shared))
    with pytest.raises(PermissionError, match="can be written by others"):
        compiled.cache_folder()
    assert compiled._written("name", "text") is None
    assert not [*shared.iterdir()]


@pytest.mark.slow
def test_eight_processes_may_start_together_on_an_empty_cache(tmp_path):
    cache = {"SUREFOOT_CACHE": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    processes = [used(tmp_path, **cache) for _ in range(8)]
    assert [printed(process) for process in processes] == [EXPECTED] * 8
    assert not [*Path(cache["SUREFOOT_CACHE"]).glob("*.tmp")]


def test_a_kernel_hoists_every_number_so_that_no_literal_widens_the_loop():
    for rule in RULES.values():
        loop = emit.kernel_text(rule).split("for i in range(size):")[1].split("g_bad = 0")[0]
        assert "1.0" not in loop
        assert "step_size" not in loop


def halving(p, g, step_size, decay):
    half = 0.5 * step_size
    p = p - half * decay * p
    p = p - half * xp.where(g > 0.0, g, 0.0)  # noqa: F821 - bound later
    return p


def test_a_formula_may_name_numbers_and_choose_between_values():
    text = emit.kernel_text(Rule("halving", halving, {"step_size": 1.0, "decay": 0.0}, "here"))
    assert "half = 0.5 * step_size" in text.split("for i")[0]
    namespace = {}
    exec(
        compile(text.replace("from surefoot.backends.intrinsics import array, select, take", ""), "text", "exec"),
        namespace,
    )
    assert "select(g > " in text
