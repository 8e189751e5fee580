"""Where runs are kept, and on what kind of disk that is."""

import os
import re
from pathlib import Path
from typing import Literal, TypeAlias, cast

from surefoot.errors import InvalidValue

Form: TypeAlias = Literal["sqlite", "jsonl"]
"""How a run's log is kept: a database, or lines that are only ever appended."""

VARIABLE = "SUREFOOT_RUNS"
"""The environment variable that names the folder for runs."""

FORM = "SUREFOOT_RECORD_AS"
"""The environment variable that says how logs are kept, whatever the disk: sqlite or jsonl."""

NETWORK = re.compile(
    r"(nfs|smb|cifs|ceph|glusterfs|lustre|gpfs|beegfs|fhgfs|orangefs|pvfs2|afs|9p|davfs|ncpfs|ocfs2|gfs2"
    r"|fuse\.(sshfs|rclone|s3fs|gcsfuse|glusterfs|ceph|cephfs|juicefs|goofys|davfs|beegfs|nfs|smb))"
)
"""Kinds of file system, by how they begin, that other machines write too: SQLite's WAL shares memory within one
machine (https://sqlite.org/wal.html, section 1), so on these a log is kept as lines."""


def runs_folder(given: str | Path | None = None) -> Path:
    """Return the folder that holds all runs: the one given, or `SUREFOOT_RUNS`, or the platform's for a user's data.

    Args:
        given: a folder, or None.

    >>> runs_folder("runs").name
    'runs'
    """
    named = given if given is not None else os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("surefoot", appauthor=False) / "runs"


def form_for(folder: Path, given: Form | None = None) -> Form:
    """Return how a log in a folder is to be kept: as given, as `SUREFOOT_RECORD_AS` says, or as its disk allows.

    Errors: InvalidValue if it is neither sqlite nor jsonl.
    """
    named = given or os.environ.get(FORM)
    if named not in (None, "", "sqlite", "jsonl"):
        raise InvalidValue(f"{FORM} is {named!r}; it is sqlite, jsonl or not set.")
    return cast("Form", named) if named else "jsonl" if NETWORK.match(kind_of_disk(folder)) else "sqlite"


def kind_of_disk(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the kind of file system that a folder is on, such as ext4; "" where nobody can say.

    Args:
        folder: it need not exist yet.
        mounts: the kernel's list of what is mounted where.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
        whole = folder.resolve()
    except OSError:
        return ""
    found = [(_plain(words[1]), words[2]) for line in lines if len(words := line.split()) > 2]
    around = [(len(Path(where).parts), kind) for where, kind in found if whole.is_relative_to(where)]
    deepest = max((depth for depth, _ in around), default=0)
    return next((kind for depth, kind in reversed(around) if depth == deepest), "")  # what was mounted last is on top


def _plain(text: str) -> str:
    """Return a mount point as it is called; the kernel writes a space as a number in base eight."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
