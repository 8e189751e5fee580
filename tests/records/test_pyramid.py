"""Laws of the pyramid of layers' figures."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefoot.records.folder import RunFolder
from surefoot.records.pyramid import BLOCKS, KEPT, Pyramid
from surefoot.records.reading import read_layers

SHAPE = (3, 2)


def figures(steps, seed=0):
    """Random figures with something that is not finite here and there."""
    values = np.random.default_rng(seed).normal(size=(steps, *SHAPE)).astype(np.float32)
    values[np.random.default_rng(seed + 1).random(values.shape) < 0.01] = nan
    values[steps // 2, 0, 0] = inf
    return values


def kept(folder, values, form, cuts=()):
    """Record figures, flushed at some steps; read them."""
    with RunFolder.made(folder, "x", {}, form) as run:
        run.begin_layers([f"w{i}" for i in range(SHAPE[0])], ["a", "b"])
        for step, each in enumerate(values):
            if step in cuts:
                run.flush()
            run.layers(step, each)
        run.flush()
        assert run.fault is None
    return read_layers(run.path)


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_blocks_say_of_their_steps_what_numpy_says(tmp_path, form):
    values = figures(1000)
    found = kept(tmp_path, values, form)
    np.testing.assert_array_equal(found.levels[0].mean, values)
    for block, level in zip(BLOCKS[1:], found.levels[1:], strict=True):
        assert len(level) == 1000 // block
        for at in range(len(level)):
            part = values[at * block : (at + 1) * block]
            assert (level.first[at], level.last[at], level.counts[at]) == (at * block, (at + 1) * block - 1, block)
            np.testing.assert_array_equal(level.least[at], np.fmin.reduce(part))
            np.testing.assert_array_equal(level.greatest[at], np.fmax.reduce(part))
            np.testing.assert_array_equal(level.bad[at], (~np.isfinite(part)).sum(axis=0))
            finite = np.where(np.isfinite(part), part, nan).astype(np.float64)
            np.testing.assert_allclose(level.mean[at], np.nanmean(finite, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_how_steps_are_flushed_changes_nothing(tmp_path, form):
    values = figures(700)
    one, other = kept(tmp_path, values, form), kept(tmp_path, values, form, cuts=(1, 15, 16, 17, 250, 256, 600))
    for level, same in zip(one.levels, other.levels, strict=True):
        for name in ("first", "last", "counts", "least", "mean", "greatest", "bad"):
            np.testing.assert_array_equal(getattr(level, name), getattr(same, name))


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_a_run_that_goes_on_makes_the_blocks_of_an_unbroken_one(tmp_path, form):
    values = figures(700)
    unbroken = kept(tmp_path, values, form)
    with RunFolder.made(tmp_path, "broken", {}, form) as run:
        run.begin_layers(unbroken.names, unbroken.columns)
        for step in range(333):
            run.layers(step, values[step])
    with RunFolder.opened(run.path) as run:
        run.begin_layers(unbroken.names, unbroken.columns)
        for step in range(333, 700):
            run.layers(step, values[step])
    for level, same in zip(unbroken.levels, read_layers(run.path).levels, strict=True):
        np.testing.assert_array_equal(level.first, same.first)
        np.testing.assert_array_equal(level.mean, same.mean)


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_old_steps_are_forgotten_and_stay_in_the_blocks(tmp_path, form):
    steps = 30_000
    values = np.arange(steps, dtype=np.float32)[:, None, None] * np.ones(SHAPE, np.float32)
    whole, fine, coarse = kept(tmp_path, values, form).levels
    assert KEPT[0] <= len(whole) < 2 * KEPT[0]
    assert whole.last[-1] == steps - 1
    assert (np.diff(whole.first) == 1).all()
    assert (len(fine), len(coarse)) == (steps // 16, steps // 256)
    assert coarse.mean[0, 0, 0] == 127.5


def test_a_block_in_which_nothing_is_finite_says_so(tmp_path):
    level = kept(tmp_path, np.full((16, *SHAPE), nan), "sqlite").levels[1]
    assert (level.bad == 16).all()
    assert np.isnan([level.least, level.mean, level.greatest]).all()


def test_what_float32_cannot_hold_is_infinite_and_counted(tmp_path):
    levels = kept(tmp_path, np.full((16, *SHAPE), 1e300), "sqlite").levels
    assert np.isinf(levels[0].mean).all()
    assert (levels[1].bad == 16).all()
    assert (levels[1].greatest == inf).all()


@given(st.lists(st.integers(1, 400), max_size=12))
def test_a_pyramid_holds_about_as_much_as_it_is_to_keep(parts):
    pyramid, at, held = Pyramid(), 0, {0: [], 1: [], 2: []}
    for part in [*parts, 5000, 4000]:
        steps = np.arange(at, at + part)
        for chunk in pyramid.grown(steps, np.zeros((part, 1, 1), np.float32)):
            held[chunk.level].append(chunk)
        for level, last in pyramid.expired().items():
            held[level] = [chunk for chunk in held[level] if chunk.steps[-1] > last]
        at += part
    assert KEPT[0] <= sum(chunk.count for chunk in held[0]) < KEPT[0] + 64
    assert sum(chunk.count for chunk in held[2]) == at // 256 * 256
