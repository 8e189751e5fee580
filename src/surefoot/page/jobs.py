"""Programs that compute for the page in processes of their own: one at a time, and what each has told so far."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from threading import Lock, Thread
from typing import Any, final

from surefoot.errors import InvalidValue

MOST = 20_000
"""Lines of a job that are kept."""


@final
class Job:
    """One program that runs, or has run.

    Args:
        module: of surefoot.workers.
        arguments: checked already; no shell sees them.
    """

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self.told: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"surefoot.workers.{module}", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self._reader.is_alive()

    @property
    def fault(self) -> str:
        """What went wrong; "" while nothing has."""
        return next((str(line["fault"]) for line in reversed(self.told) if "fault" in line), "")

    def stop(self) -> None:
        """End the program, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if len(self.told) < MOST:
                    self.told.append(json.loads(line))
        if self._process.wait() and not self.fault:
            self.told.append({"fault": f"the program ended with code {self._process.returncode}"})


@final
class Jobs:
    """All jobs of a page, by what they compute."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, ...], Job] = {}
        self._lock = Lock()

    def find(self, key: tuple[str, ...]) -> Job | None:
        """Return the job that computes something, or None if none has been begun."""
        return self._jobs.get(key)

    def begin(self, key: tuple[str, ...], module: str, arguments: Sequence[str]) -> Job:
        """Begin a job, or return the one that already computes this.

        Errors: InvalidValue if another is running.
        """
        with self._lock:
            there = self._jobs.get(key)
            if there is not None and there.running:
                return there
            if any(job.running for job in self._jobs.values()):
                raise InvalidValue("something else is being computed; wait until it is done.")
            self._jobs[key] = Job(module, arguments)
            return self._jobs[key]

    def stop(self) -> None:
        """End all jobs."""
        for job in self._jobs.values():
            job.stop()
