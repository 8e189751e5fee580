"""Which threads run a worker: torch's own OpenMP team, Python's threads where there is none, or the caller alone.

A worker takes blocks from a shared counter, so any number of threads may call it at once. Running it on torch's team
and not on a second pool matters: two pools would spin against each other, and the forward pass after the step would
find its threads asleep.
"""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import torch

SERIAL_BELOW = 160_000
"""Elements below which a second thread gains under a tenth (benchmarks/threads.py), and may have to be waited for."""

Worker = Callable[[int], None]
_forked = False


def _after_fork() -> None:
    """Step alone from now on: a forked child has the parent's team on paper only, and calling it hangs or kills."""
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_after_fork)


@cache
def _openmp() -> Callable[[int, int, int, int], None] | None:
    """Return GOMP_parallel of the OpenMP library that torch itself runs on, or None."""
    for pattern in ("libgomp*", "libiomp5*", "libomp*"):
        for path in sorted((Path(torch.__file__).parent / "lib").glob(pattern)):
            try:
                parallel = ctypes.CDLL(str(path)).GOMP_parallel
            except (OSError, AttributeError):
                continue
            parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
            parallel.restype = None
            return parallel
    return None


@cache
def _python_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="surefoot")


def run(worker: Worker, address: int, arguments: int, elements: int, blocks: int) -> None:
    """Run a worker to its end on as many threads as torch uses.

    Args:
        worker: the compiled worker as a C function.
        address: where it is in memory.
        arguments: the address of its arguments.
        elements: how many elements it will visit; few are visited by the caller alone.
        blocks: how many blocks it will take; more threads than blocks are not woken.
    """
    threads = 1 if elements < SERIAL_BELOW or _forked else min(torch.get_num_threads(), blocks)
    if threads == 1:
        worker(arguments)
        return
    openmp = _openmp()
    if openmp is not None:
        openmp(address, arguments, threads, 0)
        return
    others = [_python_threads().submit(worker, arguments) for _ in range(threads - 1)]
    worker(arguments)
    for other in others:
        other.result()
