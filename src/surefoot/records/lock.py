"""Who may write to a run's folder: one process, for as long as it lives.

The lock is the operating system's on an open file. It goes with the process however that ends; a child that was forked
gives its copy of the file back at once (filelock sees to that), so it neither keeps the lock nor lets go of it.
"""

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from filelock import FileLock, Timeout

NAME = "lock"
"""The file in a run's folder that is locked; it is taken away at the end."""

PATIENCE = 0.5
"""Seconds to wait for a lock: somebody who only asks whether it is held has it for a moment."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@final
class RunLock:
    """The lock on a run's folder, taken when it is made.

    Args:
        folder: an existing folder.

    Errors: `filelock.Timeout` if somebody holds it; OSError if its file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._lock = FileLock(str(self._file), thread_local=False, fallback_to_soft=False)
        try:
            self._lock.acquire(timeout=PATIENCE, poll_interval=0.02)
        except RuntimeError as error:  # this very thread holds it: filelock would wait for itself
            raise Timeout(str(self._file)) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:  # a disk without locks: go on without
                raise

    def release(self) -> None:
        """Let go of the lock; the file goes first, while nobody else can hold it."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._file.unlink()
            with suppress(OSError, RuntimeError):
                self._lock.release()


def held(folder: Path) -> bool:
    """Tell whether a process holds a run's folder; writes nothing, and may be asked by many at once."""
    try:
        file = os.open(folder / NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _shared(file)
    finally:
        os.close(file)


def _shared(file: int) -> bool:
    """Try to share the lock, which nobody may while a process holds it; closing the file gives it back."""
    try:
        import fcntl
    except ImportError:  # Windows: it keeps others from reading what is locked
        import msvcrt

        tools: Any = msvcrt
        with suppress(OSError):
            tools.locking(file, tools.LK_NBLCK, 1)
            tools.locking(file, tools.LK_UNLCK, 1)
            return True
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _NO_LOCKS
    return True


def myself() -> dict[str, Any]:
    """Return what a record says of the process that writes it."""
    return {"pid": os.getpid(), "host": socket.gethostname()}
