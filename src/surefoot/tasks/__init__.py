"""Tasks with real data that come along, by name; listing them imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, final

from surefoot.errors import InvalidValue

if TYPE_CHECKING:
    from surefoot.training.task import Task


@final
@dataclass(frozen=True)
class Known:
    """A task that comes along.

    Args:
        module: where its `task()` is.
        steps: a length of run that suits it.
        says: what it is, in a few words.
    """

    module: str
    steps: int
    says: str


TASKS: Mapping[str, Known] = {
    "digits": Known("surefoot.tasks.digits", 1000, "1797 handwritten digits of 8 by 8 pixels, a small conv net"),
    "text": Known("surefoot.tasks.text", 1500, "4 MB of Python's own source, byte by byte, a small transformer"),
}


def load(name: str) -> "Task":
    """Return a task by its name, or one of the user's by FILE.py:NAME.

    Errors: InvalidValue if there is none of that name; MissingPackage if its data is not installed.
    """
    if ".py" in name:
        from surefoot.tasks.file import load_file

        return load_file(name)
    if name not in TASKS:
        raise InvalidValue(f"there is no task {name!r}; there are {', '.join(TASKS)}, or give FILE.py:NAME")
    task: Task = import_module(TASKS[name].module).task()
    return task
