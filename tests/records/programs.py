"""Programs of their own that write records, so that they can be killed."""

import os
import subprocess
import sys
from pathlib import Path

import surefoot

BEGIN = """
import os, random, signal, sys, time
import numpy as np
from pathlib import Path
from surefoot.records.folder import RunFolder
from surefoot.trace import Event, Series, Trace
runs, form = Path(sys.argv[1]), sys.argv[2]
def piece(step):
    return Trace({"penalty": Series(range(step, step + 10), [0.5] * 10)})
"""


def started(code, runs, form="sqlite"):
    """Start a program on a folder for runs."""
    env = os.environ | {"PYTHONPATH": str(Path(surefoot.__file__).parents[1])}
    command = [sys.executable, "-c", BEGIN + code, str(runs), form]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def ran(code, runs, form="sqlite"):
    """Run a program to its end; return its exit code, what it printed and what it complained of."""
    program = started(code, runs, form)
    out, err = program.communicate(timeout=120)
    return program.returncode, out, err
