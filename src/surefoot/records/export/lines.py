"""A run as lines of JSON, for programs that read a stream."""

import json
from collections.abc import Iterator
from math import isinf, isnan
from pathlib import Path
from typing import Any

from surefoot.records.meta import read_meta
from surefoot.records.reading import Layers, read_layers, read_pieces
from surefoot.trace import Trace


def write_lines(run: Path, out: Path) -> list[Path]:
    """Write run.jsonl: a line with what ran, then a line for every value, event and block of layers, in their order.

    Each line's first key says what it is: run, series, event or layers. JSON has no NaN: null stands for it, and "inf"
    and "-inf" for the infinities.
    """
    file = out / "run.jsonl"
    layers = read_layers(run)
    with file.open("w", encoding="utf-8") as opened:
        opened.write(_line({"run": read_meta(run)}))
        for time, piece in read_pieces(run):
            opened.writelines(map(_line, _of_piece(time, piece)))
        if layers is not None:
            opened.writelines(map(_line, _of_layers(layers)))
    return [file]


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, allow_nan=False) + "\n"


def _of_piece(time: float, piece: Trace) -> Iterator[dict[str, Any]]:
    for name, series in piece.series.items():
        for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            yield {"series": name, "step": step, "value": _plain(value), "time": time}
    for event in piece.events:
        yield {"event": event.kind, "step": event.step, "text": event.text, "time": time}


def _of_layers(layers: Layers) -> Iterator[dict[str, Any]]:
    for level in layers.timeline:
        for at in range(len(level)):
            for i, tensor in enumerate(layers.names):
                yield {
                    "layers": tensor, "first_step": int(level.first[at]), "last_step": int(level.last[at]),
                    "steps": int(level.counts[at]),
                    **{
                        figure: {
                            "least": _plain(level.least[at, i, j].item()), "mean": _plain(level.mean[at, i, j].item()),
                            "greatest": _plain(level.greatest[at, i, j].item()), "not_finite": int(level.bad[at, i, j]),
                        }
                        for j, figure in enumerate(layers.columns)
                    },
                }  # fmt: skip


def _plain(value: float) -> float | str | None:
    return None if isnan(value) else str(value) if isinf(value) else value
