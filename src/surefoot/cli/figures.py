"""`--figure` and its like: what would fail after the work is refused before it."""

from importlib.util import find_spec
from pathlib import Path

from surefoot.errors import InvalidValue, MissingPackage


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
    if not figure.parent.is_dir():
        raise InvalidValue(f"{option} is {figure} and there is no folder {figure.parent}; make it first")
    if find_spec("matplotlib") is None:
        raise MissingPackage(f"{option} needs matplotlib; install it with: pip install 'surefoot[figures]'")
