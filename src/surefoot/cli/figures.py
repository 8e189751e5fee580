"""`--figure` and its like: what would fail after the work is refused before it."""

import os
from importlib.util import find_spec
from pathlib import Path

from surefoot.errors import InvalidValue, MissingPackage, short


def check_place(file: Path, option: str) -> None:
    """Say what is wrong with a place that something is to be written to.

    Errors: InvalidValue if its folder is missing or cannot be written to, or it is a folder itself.
    """
    try:
        folder, taken = file.parent.is_dir(), file.is_dir()
    except OSError as error:
        raise InvalidValue(f"{option} is {short(str(file), 200)}: {error.strerror}; give a shorter name") from error
    if not folder:
        raise InvalidValue(f"{option} is {file} and there is no folder {file.parent}; make it first")
    if taken:
        raise InvalidValue(f"{option} is {file}, which is a folder; name a file")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise InvalidValue(f"{option} is {file}, which must not be written; give another place")


def check_figure(figure: Path | None, option: str = "--figure") -> None:
    """Say what is wrong with a file that a figure is to be drawn to.

    Args:
        figure: the file; None if none was asked for.
        option: what it was given by.

    Errors: InvalidValue if its ending or its folder is wrong; MissingPackage if matplotlib is not installed.
    """
    if figure is None:
        return
    if figure.suffix not in {".png", ".svg", ".pdf"}:
        raise InvalidValue(f"{option} is {figure}; it must end in .png, .svg or .pdf")
    check_place(figure, option)
    if find_spec("matplotlib") is None:
        raise MissingPackage(f"{option} needs matplotlib; install it with: pip install 'surefoot[figures]'")
