"""A run as tables of comma-separated values, for spreadsheets and data frames."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from surefoot.records.reading import Layers, read, read_layers
from surefoot.trace import Trace


def write_tables(run: Path, out: Path) -> list[Path]:
    """Write series.csv, events.csv and, where figures of layers were recorded, layers.csv.

    series.csv has a row for each step and a column for each series, empty where nothing was recorded; a series with two
    values at one step has two rows there. layers.csv has a row for each block of steps, tensor and figure: the latest
    steps one by one, older ones in blocks. NaN and infinities are written nan, inf and -inf.
    """
    trace, layers = read(run), read_layers(run)
    files = [_table(out / "series.csv", ("step", *trace.series), _series(trace))]
    events = ((event.step, event.kind, event.text) for event in trace.events)
    files.append(_table(out / "events.csv", ("step", "kind", "text"), events))
    if layers is not None:
        head = ("first_step", "last_step", "steps", "tensor", "figure", "least", "mean", "greatest", "not_finite")
        files.append(_table(out / "layers.csv", head, _layers(layers)))
    return files


def _table(file: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return file


def _series(trace: Trace) -> Iterator[list[object]]:
    """Return a row for each step; a second value at a step goes to a second row."""
    rows: dict[tuple[int, int], dict[str, float]] = {}
    for name, series in trace.series.items():
        before, place = None, 0
        for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
            place = place + 1 if step == before else 0
            before = step
            rows.setdefault((step, place), {})[name] = value
    for step, place in sorted(rows):
        row = rows[step, place]
        yield [step, *(row.get(name, "") for name in trace.series)]


def _layers(layers: Layers) -> Iterator[list[object]]:
    for level in layers.timeline:
        for at in range(len(level)):
            block = [int(level.first[at]), int(level.last[at]), int(level.counts[at])]
            columns = (level.least[at], level.mean[at], level.greatest[at], level.bad[at])
            for i, tensor in enumerate(layers.names):
                for j, figure in enumerate(layers.columns):
                    yield [*block, tensor, figure, *(column[i, j].item() for column in columns)]
