"""From a rule to machine code: the committed kernels, a private cache for users' rules, memory where neither can be.

Compiling takes about a second and is remembered by numba beside the kernel's text, or in its user-wide cache where that
folder cannot be written. Where nothing can be written, the kernel is compiled in memory, once per process.
"""

import ctypes
import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType

from numba import cfunc, types

from surefoot.backends.emit import kernel_text
from surefoot.backends.team import Worker
from surefoot.rules import RULES
from surefoot.rules.rule import Rule

FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
"""What lets sums become vector code. Never nnan or ninf: they delete the count of what is not finite."""

_PROTOTYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@dataclass(frozen=True)
class Kernel:
    """A compiled worker: a C function of the address of its arguments, and its own address."""

    worker: Worker
    address: int
    keep: object


@cache
def step_kernel(rule: Rule, kind: str) -> Kernel:
    """Return the kernel that steps a rule in float32 or float64; rules of one formula share it."""
    return _kernel_of(_module(rule), f"step_{kind}")


@cache
def measure_kernel(kind: str) -> Kernel:
    """Return the kernel that sums squared gradients."""
    return compiled(importlib.import_module("surefoot.backends.kernels.measure"), f"measure_{kind}")


@cache
def _kernel_of(module: ModuleType, name: str) -> Kernel:
    return compiled(module, name)


def compiled(module: ModuleType, name: str) -> Kernel:
    """Compile one function of a kernel module, from numba's cache where there is one."""
    function: FunctionType = getattr(module, name)
    signature = types.void(types.CPointer(types.int64))
    try:
        callback = cfunc(signature, cache=True, fastmath=FASTMATH, error_model="numpy")(function)
    except (RuntimeError, OSError):  # no place to write (RuntimeError), or none that stays writable (OSError)
        callback = cfunc(signature, fastmath=FASTMATH, error_model="numpy")(function)
    address = callback.address
    assert address is not None
    return Kernel(_PROTOTYPE(address), address, callback)


def _module(rule: Rule) -> ModuleType:
    if RULES.get(rule.name) is rule:
        return importlib.import_module(f"surefoot.backends.kernels.{rule.parsed.name}")
    return user_module(kernel_text(rule))


def user_module(text: str) -> ModuleType:
    """Return a kernel text as a module, from the private cache so that numba can remember its machine code."""
    name = f"surefoot_kernel_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    if name in sys.modules:
        return sys.modules[name]
    path = _written(name, text)
    module = ModuleType(name)
    if path is None:
        exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    else:
        specification = importlib.util.spec_from_file_location(name, path)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    sys.modules[name] = module
    return module


def _written(name: str, text: str) -> Path | None:
    """Write a kernel text into the private cache, whole or not at all; None where there is no such place."""
    try:
        folder = cache_folder()
        path = folder / f"{name}.py"
        if not (path.exists() and path.read_text() == text):
            handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
            with os.fdopen(handle, "w") as file:
                file.write(text)
            os.replace(temporary, path)
    except (OSError, RuntimeError):
        return None
    return path


def cache_folder() -> Path:
    """Return the private cache folder, made if need be.

    `SUREFOOT_CACHE` names it; else it is `surefoot/kernels` under `XDG_CACHE_HOME` or `~/.cache`.

    Errors: `OSError` or `RuntimeError` where it cannot be made or belongs to, or can be written by, somebody else:
    code is run from it.
    """
    given = os.environ.get("SUREFOOT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    folder = Path(given) if given else (Path(base) if base else Path.home() / ".cache") / "surefoot" / "kernels"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    if sys.platform != "win32" and (facts.st_uid != os.getuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        raise PermissionError(f"{folder} can be written by others")
    return folder
