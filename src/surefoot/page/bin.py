"""Where deleted runs go: a folder beside the runs, from which they come back until the page is closed."""

import os
import shutil
import socket
from pathlib import Path
from typing import final

from filelock import Timeout

from surefoot.errors import InvalidValue
from surefoot.records.lock import RunLock

NAME = ".deleted"
"""How the folder's name begins; the host and the process that made it follow."""


@final
class Bin:
    """The bin of one session. What a session that was killed has left in its own is here too.

    Args:
        runs: the folder that holds all runs.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._folder = runs / f"{NAME}-{socket.gethostname()}-{os.getpid()}"

    def take(self, path: Path) -> None:
        """Put a run into the bin.

        Errors: InvalidValue if it is running, or cannot be moved.
        """
        try:
            lock = RunLock(path)
        except Timeout as error:
            raise InvalidValue(f"{path.name} is running; stop it first, then delete it.") from error
        except OSError as error:
            raise InvalidValue(f"{path.name} cannot be deleted: {error}.") from error
        try:
            self._folder.mkdir(exist_ok=True)
            os.rename(path, self._folder / path.name)
        except OSError as error:
            raise InvalidValue(f"{path.name} cannot be deleted: {error}.") from error
        finally:
            lock.release()

    def give_back(self, run: str) -> Path:
        """Put a run back to where it was; return its folder.

        Errors: InvalidValue if the bin has none of that name, or it cannot be moved.
        """
        place = next((path for path in self._held() if path.name == run), None)
        if place is None or (self._runs / place.name).exists():
            raise InvalidValue(f"there is no deleted run {run!r} that could come back.")
        try:
            os.rename(place, self._runs / place.name)
        except OSError as error:
            raise InvalidValue(f"{run} cannot come back: {error}.") from error
        return self._runs / place.name

    def _held(self) -> list[Path]:
        return [path for folder in [self._folder, *self._left()] if folder.is_dir() for path in folder.iterdir()]

    def _left(self) -> list[Path]:
        """Return the bins of sessions on this machine that are no more."""
        mine = f"{NAME}-{socket.gethostname()}-"
        there = [(path, path.name.removeprefix(mine)) for path in self._runs.glob(f"{mine}*")]
        return [path for path, pid in there if pid.isdigit() and int(pid) != os.getpid() and not _alive(int(pid))]

    def empty(self) -> None:
        """Delete for good what is in this session's bin."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
