"""What a checkpoint asks of a disk: each act on its own, so that a test can let any of them fail or be the last."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import final


@final
class Disk:
    """The disk of this machine.

    Laws: after `put` has returned, a reader finds the whole file, also if the power goes; before, what was there. A
    process that dies in it leaves at most a file whose name ends in `.part`.
    """

    def put(self, file: Path, content: Iterable[bytes | memoryview]) -> None:
        """Write a file beside its place, whole and synced, and then put it there.

        Errors: OSError; what was written is removed, where that can be done.
        """
        part = file.with_name(f"{file.name}.part")
        try:
            self.write(part, content)
            self.rename(part, file)
        except OSError:
            self.remove(part)
            raise
        self.sync_folder(file.parent)

    def write(self, file: Path, content: Iterable[bytes | memoryview]) -> None:
        """Write a file and wait until it is on the disk."""
        with file.open("wb") as stream:
            for piece in content:
                stream.write(piece)
            stream.flush()
            self.sync(stream.fileno())

    def sync(self, number: int) -> None:
        """Wait until what was written to an open file is on the disk."""
        os.fsync(number)

    def rename(self, part: Path, file: Path) -> None:
        """Put a file in another's place."""
        os.replace(part, file)

    def sync_folder(self, folder: Path) -> None:
        """Wait until a folder's names are on the disk; where folders cannot be opened there is nothing to wait for."""
        if os.name == "nt":
            return
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

    def remove(self, file: Path) -> None:
        """Remove a file if it is there."""
        file.unlink(missing_ok=True)
