"""The files that pages load: read from a list made at the start, so that a request can name no other."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import final

FOLDER = Path(__file__).parent / "static"

KINDS = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8", ".toml": "text/plain; charset=utf-8",
}  # fmt: skip


@final
@dataclass(frozen=True)
class Asset:
    """One file.

    Args:
        content: its bytes.
        kind: its media type.
        tag: of its content, for caches.
    """

    content: bytes
    kind: str
    tag: str


@cache
def assets() -> dict[str, Asset]:
    """Return all files by the path under which pages load them."""
    there = [path for path in sorted(FOLDER.rglob("*")) if path.is_file() and path.suffix in KINDS]
    return {path.relative_to(FOLDER).as_posix(): _asset(path) for path in there}


def text_of(name: str) -> str:
    """Return a file as text."""
    return assets()[name].content.decode()


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, KINDS[path.suffix], f'"{sha256(content).hexdigest()[:20]}"')


def bundled(names: list[str]) -> str:
    """Return modules as one script, for a file that opens from a disk, where a browser loads no module.

    Each stands after those that it imports; the lines that import go, and so does the word before what is exported. A
    test sees to it that no two modules have the same name at their top.
    """
    parts = []
    for name in names:
        lines = text_of(name).splitlines()
        kept = [line.removeprefix("export ") for line in lines if not line.startswith("import ")]
        parts.append("\n".join(kept))
    return "\n".join(parts).replace("</script", "<\\/script")
