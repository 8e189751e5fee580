"""A run's log as lines of JSON that are only ever appended, for disks that other machines write too.

`journal.jsonl` holds a line for each batch: its pieces, or a block of figures of the coarsest level; and now and then a
line that sums up the pieces before it (`cover.py`), for who needs no more than a glance at them. The finer levels
stand in files of their own, `layers-LEVEL-NUMBER.jsonl`, which are removed one by one when they are old. A line that a
kill has torn is passed over. JSON has no NaN: null stands for it, and "inf" and "-inf" for the infinities.
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from math import inf, isinf, isnan, nan
from pathlib import Path
from typing import Any, final

import numpy as np

from surefoot.records.cover import Gathered
from surefoot.records.pyramid import BLOCKS, KEPT, Chunk, Layout
from surefoot.records.store import Batch, Store
from surefoot.trace import Event, Series, Trace

NAME = "journal.jsonl"
COARSEST = len(BLOCKS) - 1
PIECES, COVER, FIGURES = b'{"t":', b'{"covers":', b'{"level":'
"""How the lines begin that hold pieces, which are nearly all of a long run's bytes, those that sum them up, and those
with figures of layers."""


@final
class Journal(Store):
    """A run's log in `journal.jsonl` and the files beside it.

    Args:
        folder: the run's; the file is made if it is not there.

    Errors: OSError if it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with (folder / NAME).open("ab") as file:
            if file.tell():
                file.write(b"\n")  # what comes is not to stand in the line that a kill has torn
        pieces, self.layout = pieces_in(folder)
        self.told = len(pieces)
        self._gathered = Gathered(self.told)
        self._files = {level: _files(folder, level) for level in range(COARSEST)}
        self._held = dict.fromkeys(self._files, KEPT[0] or 0)  # what is there is not added to

    def chunks(self) -> list[Chunk]:
        """Return all figures of layers that it holds, level by level, each level's in order."""
        return [] if self.layout is None else chunks_in(self._folder, self.layout)

    def write(self, batch: Batch) -> None:
        """Add a batch."""
        lines = [_line({"t": batch.time, "pieces": [_piece(piece) for piece in batch.pieces]})] if batch.pieces else []
        lines += [_line(_chunk(chunk)) for chunk in batch.chunks if chunk.level == COARSEST]
        _append(self._folder / NAME, [*lines, *self._covered(batch)])
        for level in self._files:
            self._add(level, [chunk for chunk in batch.chunks if chunk.level == level])
        for level, step in batch.expired.items():
            self._forget(level, step)
        self.told += len(batch.pieces)

    def _covered(self, batch: Batch) -> list[str]:
        """Return the line that sums up the pieces since the last such line, with a batch's, where it is due."""
        if not batch.pieces:
            return []
        self._gathered.take(batch.pieces, (self._folder / NAME).stat().st_size)
        if not self._gathered.enough:
            return []
        found, self._gathered = self._gathered.cover(batch.time), Gathered(self.told + len(batch.pieces))
        return [_line(found.to_json())]

    def _add(self, level: int, chunks: list[Chunk]) -> None:
        if not chunks:
            return
        files = self._files[level]
        if not files or self._held[level] * 4 >= (KEPT[level] or inf):
            number = int(files[-1].stem.rpartition("-")[2]) + 1 if files else 0
            files.append(self._folder / f"layers-{level}-{number:06}.jsonl")
            self._held[level] = 0
        _append(files[-1], [_line(_chunk(chunk)) for chunk in chunks])
        self._held[level] += sum(chunk.count for chunk in chunks)

    def _forget(self, level: int, step: int) -> None:
        """Remove the files of which everything is older; the one that is written stays."""
        files = self._files[level]
        while len(files) > 1 and max(map(_last, _lines(files[0])), default=step) <= step:
            files.pop(0).unlink(missing_ok=True)

    def lay_out(self, layout: Layout) -> None:
        """Say what figures of layers are of."""
        self.layout = layout
        _append(self._folder / NAME, [_line({"names": layout.names, "columns": layout.columns})])

    def rewind(self, told: int, step: int) -> None:
        """Forget the pieces after the first so many, and figures of layers from a step on."""
        line = _line({"rewind": told, "step": step})
        for file in [self._folder / NAME, *(files[-1] for files in self._files.values() if files)]:
            _append(file, [line])
        self.told = min(told, self.told)
        self._gathered = Gathered(self.told)

    def close(self) -> None:
        """Nothing is open."""


def pieces_in(folder: Path) -> tuple[list[tuple[float, Trace]], Layout | None]:
    """Return the pieces that a journal holds with their times, and what its figures of layers are of."""
    pieces: list[tuple[float, Trace]] = []
    layout = None
    for line in _lines(folder / NAME):
        if "pieces" in line:
            pieces += [(line["t"], _read_piece(piece)) for piece in line["pieces"]]
        elif "rewind" in line:
            del pieces[line["rewind"] :]
        elif "names" in line:
            layout = Layout(tuple(line["names"]), tuple(line["columns"]))
    return pieces, layout


def layout_in(folder: Path) -> Layout | None:
    """Return what a journal's figures of layers are of, or None if there are none; its pieces are not read."""
    line = next((line for line in _lines(folder / NAME, PIECES, COVER) if "names" in line), None)
    return None if line is None else Layout(tuple(line["names"]), tuple(line["columns"]))


def chunks_in(folder: Path, layout: Layout) -> list[Chunk]:
    """Return all figures of layers beside a journal, level by level, each level's in order."""
    found: list[Chunk] = []
    for level in range(len(BLOCKS)):
        chunks: list[Chunk] = []
        files = [folder / NAME] if level == COARSEST else _files(folder, level)
        for line in (line for file in files for line in _lines(file, PIECES, COVER)):
            if "level" in line:
                chunks.append(_read_chunk(line, layout))
            elif "rewind" in line:
                chunks = [left for chunk in chunks for left in _before(chunk, line["step"])]
        found += chunks
    return found


def _before(chunk: Chunk, step: int) -> list[Chunk]:
    """Return what is left of a chunk when figures from a step on are forgotten."""
    if chunk.steps[-1] < step:
        return [chunk]
    left = int((chunk.steps < step).sum()) if chunk.level == 0 else 0
    return [Chunk(0, chunk.steps[:left], left, chunk.data[:left])] if left else []


def _append(file: Path, lines: list[str]) -> None:
    if lines:
        with file.open("a", encoding="utf-8") as opened:
            opened.write("".join(lines))
            opened.flush()
            os.fsync(opened.fileno())


def _lines(file: Path, *unread: bytes) -> Iterator[dict[str, Any]]:
    """Go through a file's lines but for those that begin in some way; what is torn is passed over."""
    if not file.exists():
        return
    with file.open("rb") as opened:
        for text in opened:
            if text.startswith(unread):
                continue
            try:
                line = json.loads(text.decode("utf-8", "replace"))
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _files(folder: Path, level: int) -> list[Path]:
    return sorted(folder.glob(f"layers-{level}-*.jsonl"))


def _last(line: Mapping[str, Any]) -> int:
    return int(line["steps"][-1]) if "level" in line else -1


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n"


def _piece(piece: Trace) -> dict[str, Any]:
    series = {name: [each.steps.tolist(), _told(each.values.tolist())] for name, each in piece.series.items()}
    return {"series": series, "events": [[event.step, event.kind, event.text] for event in piece.events]}


def _read_piece(line: Mapping[str, Any]) -> Trace:
    series = {
        name: Series(steps, [_heard(value) for value in values]) for name, (steps, values) in line["series"].items()
    }
    return Trace(series, tuple(Event(*event) for event in line["events"]))


def _told(values: Iterable[float]) -> list[float | str | None]:
    return [None if isnan(value) else str(value) if isinf(value) else value for value in values]


def _heard(value: float | str | None) -> float:
    return nan if value is None else float(value)


def _chunk(chunk: Chunk) -> dict[str, Any]:
    data = base64.b64encode(chunk.data.astype("<f4").tobytes()).decode()
    bad = None if chunk.bad is None else chunk.bad.tolist()
    return {"level": chunk.level, "steps": chunk.steps.tolist(), "count": chunk.count, "data": data, "bad": bad}


def _read_chunk(line: Mapping[str, Any], layout: Layout) -> Chunk:
    data = np.frombuffer(base64.b64decode(line["data"]), "<f4").reshape(-1, *layout.shape)
    bad = None if line["bad"] is None else np.array(line["bad"], np.uint32)
    return Chunk(line["level"], np.array(line["steps"], np.int64), line["count"], data, bad)
