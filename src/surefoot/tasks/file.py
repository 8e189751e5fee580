"""Tasks in files of the user's: FILE.py:NAME, where NAME is a Task or a function of no arguments that returns one."""

import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isfunction, signature
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from surefoot.errors import InvalidValue, SurefootError, TaskError, short
from surefoot.training.task import Task

T = TypeVar("T")


def load_file(target: str) -> Task:
    """Return the task that FILE.py:NAME names; the file is run, with its folder first on the path.

    Errors: InvalidValue if there is no such file or name in it; TaskError if the file or the function raises.
    """
    path, _, name = target.rpartition(":") if ".py:" in target else (target, "", "")
    file = Path(path)
    if not _is_file(file):
        raise InvalidValue(f"there is no file {short(path, 200)}")
    module = _ran(file)
    if name not in vars(module):
        has = ", ".join(_candidates(module)) or "no task and no function of no arguments"
        lacks = f"{path} has no {name!r}" if name else f"{path} is no task by itself; give {path}:NAME"
        raise InvalidValue(f"{lacks}; it has {has}")
    return replace(_task(file, name, vars(module)[name]), source=f"{file.resolve()}:{name}")


def _task(file: Path, name: str, found: object) -> Task:
    if isinstance(found, Task):
        return found
    made = _blamed(file, found) if callable(found) and _takes_nothing(found) else found
    if isinstance(made, Task):
        return made
    what = f"is a {type(found).__name__}" if made is found else f"gives a {type(made).__name__}"
    raise InvalidValue(f"{file}:{name} {what}; it must be a Task, or a function of no arguments that returns one")


def _ran(file: Path) -> ModuleType:
    spec = spec_from_file_location(f"surefoot_task_{file.stem}", file)
    if not isinstance(spec, ModuleSpec) or spec.loader is None:
        raise InvalidValue(f"{file} is no Python file")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and workers of a DataLoader look their module up
    sys.path.insert(0, str(file.resolve().parent))
    loader = spec.loader
    _blamed(file, lambda: loader.exec_module(module))
    return module


def _blamed(file: Path, run: Callable[[], T]) -> T:
    """Run the user's code; an error comes back as one sentence with the line where it was raised."""
    try:
        return run()
    except SurefootError as error:
        raise TaskError(f"{line_of(error, file)}: {error}") from error
    except SystemExit as error:
        advice = "put it under if __name__ == '__main__'"
        raise TaskError(f"{line_of(error, file)}: sys.exit was called; {advice}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # of the user's code: any kind
        raise TaskError(f"{line_of(error, file)}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    """Return an error's kind and words, as far as it has any."""
    try:
        words = str(error)
    except Exception:  # an error of the user's, whose words are computed
        words = ""
    return f"{type(error).__name__}: {short(words)}" if words else type(error).__name__


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is too long for any file
        return False


def line_of(error: BaseException, file: Path) -> str:
    """Return FILE:LINE, the last line of the file that an error passed through, or FILE alone."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() == file.resolve():
        return f"{file}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    return f"{file}:{lines[-1]}" if lines else str(file)


def _candidates(module: ModuleType) -> list[str]:
    """Return the names of a module's tasks, or else of the functions written in it that could make one."""
    tasks = [name for name, value in vars(module).items() if isinstance(value, Task)]
    own = [name for name, value in vars(module).items() if isfunction(value) and value.__module__ == module.__name__]
    return tasks or [name for name in own if _takes_nothing(vars(module)[name])]


def _takes_nothing(function: Callable[..., object]) -> bool:
    try:
        signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True
