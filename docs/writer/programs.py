"""What programs print: each is run while the site is built, so that a page shows what a reader will see."""

import io
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from typing import Any

import torch

import surefoot as sf


def printed(code: str) -> str:
    """Return what a program writes to its standard output; it runs here, with one thread, and what it raises is raised.

    The doctor speaks to the standard error stream when it finds something, and torch warns there; both are left out.
    """
    return _ran(code)[0]


def left_by(code: str) -> dict[str, Any]:
    """Return a program's names and what they stand for at its end; it runs once, whatever is asked of it."""
    return _ran(code)[1]


@cache
def _ran(code: str) -> tuple[str, dict[str, Any]]:
    told = io.StringIO()
    given: dict[str, Any] = {"__name__": "example"}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # nets this small are slower with two
    try:
        with redirect_stdout(told), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, "example.py", "exec"), given)  # a class of its own must be a global of it
    finally:
        torch.set_num_threads(threads)
        for doctor in given.values():
            if isinstance(doctor, sf.Doctor):
                doctor.close()
    return told.getvalue().rstrip(), given
