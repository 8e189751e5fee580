"""Whoever runs a worker, and however many run it, the result is the same to the last bit."""

import os
import signal
import threading

import numpy as np
import pytest
import torch
from torch import nn

import surefoot as sf
from surefoot.backends import team


def walked(seed=0, steps=3):
    """Parameters and statistics after some steps of an optimizer large enough for a team."""
    generator = torch.Generator().manual_seed(seed)
    parameters = [nn.Parameter(torch.randn(n, generator=generator)) for n in (300_000, 17, 70_001)]
    optimizer = sf.AdamW(parameters, lr=0.1, clip=1.0)
    for _ in range(steps):
        for p in parameters:
            p.grad = torch.randn(p.shape, generator=generator)
        optimizer.step()
    found = optimizer.statistics
    return torch.cat([p.detach() for p in parameters]), np.concatenate(
        [found.gradient_norms, found.parameter_norms, found.step_norms, [found.clip]]
    )


def assert_equal(first, second):
    assert torch.equal(first[0], second[0])
    assert first[1].tolist() == second[1].tolist()


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_results_do_not_depend_on_the_thread_count(threads):
    threads(1)
    alone = walked()
    for count in (2, 3, 8):
        threads(count)
        assert_equal(walked(), alone)


def test_pythons_threads_stand_in_where_there_is_no_openmp(threads, monkeypatch):
    threads(3)
    usual = walked()
    monkeypatch.setattr(team, "_openmp", lambda: None)
    started = []
    pool = team._python_threads()
    monkeypatch.setattr(team, "_python_threads", lambda: started.append(1) or pool)
    assert_equal(walked(), usual)
    assert started


def test_torchs_own_openmp_is_found_on_linux():
    assert team._openmp() is not None


def test_few_elements_are_stepped_by_the_caller_alone(monkeypatch):
    monkeypatch.setattr(team, "_openmp", lambda: pytest.fail("a team was woken"))
    p = nn.Parameter(torch.ones(team.SERIAL_BELOW - 1))
    p.grad = torch.ones_like(p)
    sf.SGD([p]).step()


def test_two_optimizers_may_step_in_two_threads_at_once():
    alone = [walked(seed, steps=20) for seed in (1, 2)]
    together = {}
    workers = [
        threading.Thread(target=lambda seed=seed: together.update({seed: walked(seed, steps=20)})) for seed in (1, 2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_equal(together[1], alone[0])
    assert_equal(together[2], alone[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_steps_alone_and_alike(threads):
    threads(2)
    usual = walked()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(30)  # a child that hangs is killed, and the test fails
            torch.set_num_threads(1)  # torch's own operators hang in a forked child that has more
            p = nn.Parameter(torch.ones(300_000))
            p.grad = torch.ones(300_000)
            optimizer = sf.AdamW([p], lr=0.25, decay=0.0, clip=1e9)
            optimizer.step()
            torch.set_num_threads(2)
            optimizer.step()
            os.write(write, b"1" if abs(p[-1].item() - 0.5) < 1e-6 else b"0")
        finally:
            os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b"1"
    os.waitpid(child, 0)
    assert_equal(walked(), usual)
