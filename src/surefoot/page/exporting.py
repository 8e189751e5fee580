"""A run as files: one page that opens from a disk, a table of one column or of all, a chart."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from surefoot.page import layer_files, layer_map
from surefoot.page.assets import bundled, text_of
from surefoot.page.buckets import Buckets
from surefoot.page.comparing import MOST
from surefoot.page.drawing import Line, axis_over, chart
from surefoot.page.layer_map import Figures
from surefoot.page.library import Known, Library
from surefoot.page.run_data import whole
from surefoot.page.standing import standing
from surefoot.page.words import name as said

MODULES = ["data.js", "address.js", "theme.js", "chart.js", "heat.js", "live.js", "rename.js", "view.js", "run.js"]
"""The script of a run's page, each module after those that it imports."""

LETTERS = "ABCDEFGHIJ"
"""What runs that are compared are called, as on the page."""

_CHECKED = {"validation_penalty"}


def script_safe(content: object) -> str:
    r"""Return a value as JSON that can stand within a page.

    >>> script_safe("</script>")
    '"\\u003c/script>"'
    """
    return json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def page_parts(library: Library, known: Known) -> dict[str, Any]:
    """Return what the template of a run's page needs to stand for itself."""
    data = whole(library, known)
    found = layer_map.figures(known.facts.path)
    data["maps"] = {which: layer_map.picture(found, which) for which in layer_map.maps_of(found)}
    return {
        "data": script_safe(data),
        "style": f"{text_of('vendor/uPlot.min.css')}\n{text_of('page.css')}",
        "uplot": text_of("vendor/uPlot.iife.min.js").replace("</script", "<\\/script"),
        "script": bundled(MODULES),
    }


def table(library: Library, known: Known, column: str) -> Iterator[str]:
    """Return a column of a run as comma-separated values, line by line; a curve of the layers by its buckets."""
    steps, values = library.log(known.facts.path).points(column)
    head: list[str] = ["step", column]
    rows: Iterator[tuple[Any, ...]] = zip(steps.tolist(), values.tolist(), strict=True)
    if not len(steps) and (found := _curve(known, column)) is not None:
        head = ["step", f"{column}_least", f"{column}_mean", f"{column}_greatest"]
        rows = zip(
            found.steps.tolist(), found.least.tolist(), found.mean.tolist(), found.greatest.tolist(), strict=True
        )
    return _lines(head, rows)


def _lines(head: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    yield ",".join(head) + "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, row in enumerate(rows):
        writer.writerow(row)
        if number % 5000 == 4999:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _curve(known: Known, column: str) -> Buckets | None:
    found = layer_map.figures(known.facts.path)
    return None if found is None else layer_map.curves(found).get(column)


def picture(library: Library, known: Known, column: str, *, log: bool) -> str | None:
    """Return a chart of a run as SVG, with least and greatest behind the mean; None if it has no such column.

    The penalty's has the validation penalty too.
    """
    shot = library.log(known.facts.path).snapshot()
    names = ["penalty", "validation_penalty"] if column == "penalty" else [column]
    found = {name: each for name in names if (each := shot.series.get(name) or _curve(known, name)) is not None}
    if not any(len(each) for each in found.values()):
        return None
    lines = [
        _line(said(name), each, ink, banded=name not in _CHECKED) for ink, (name, each) in enumerate(found.items())
    ]
    return _file(lines, said(column), f"{known.title}: {said(column)}", log=log)


def layers_table(known: Known, which: str) -> Iterator[str] | None:
    """Return the picture of a run's layers as comma-separated values, line by line; None if it has no such picture."""
    found = _figures(known, which)
    return None if found is None else _lines(layer_files.HEAD, layer_files.rows(found, which))


def layers_picture(known: Known, which: str) -> str | None:
    """Return the picture of a run's layers as SVG; None if it has no such picture."""
    found = _figures(known, which)
    return None if found is None else layer_files.drawing(found, which, known.title)


def _figures(known: Known, which: str) -> Figures | None:
    """Return the figures of a run's layers; None if they have none of that name."""
    found = layer_map.figures(known.facts.path)
    return found if found is not None and which in layer_map.maps_of(found) else None


def chosen(library: Library, names: Sequence[str]) -> list[Known]:
    """Return the runs of some names that are there, each once, no more than can be compared."""
    return [known for name in dict.fromkeys(names) if (known := library.find(name)) is not None][:MOST]


def compared(library: Library, runs: Sequence[Known], column: str, *, log: bool) -> str:
    """Return a chart of one column of several runs as SVG; "" if none has it."""
    lines = []
    for ink, known in enumerate(runs):
        found = library.log(known.facts.path).snapshot().series.get(column) or _curve(known, column)
        if found is not None and len(found):
            lines.append(_line(f"{LETTERS[ink]} · {known.title}", found, ink, banded=column not in _CHECKED))
    return _file(lines, said(column), said(column).capitalize(), log=log) if lines else ""


def compared_table(library: Library, runs: Sequence[Known], column: str) -> Iterator[str]:
    """Return a column of several runs as comma-separated values, one run after the other."""
    for number, known in enumerate(runs):
        pieces = table(library, known, column)
        head = next(pieces)
        if not number:
            yield f"run,{head}"
        for piece in pieces:
            name = _quoted(known.id)
            yield "".join(f"{name},{row}\n" for row in piece.splitlines())


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(each in text for each in ',"\n\r') else text


def _file(lines: Sequence[Line], label: str, title: str, *, log: bool) -> str:
    values = [value for line in lines for each in (line.y, *(line.band or ())) for value in each]
    across = axis_over("step", [value for line in lines for value in line.x])
    drawn = chart(lines, across, axis_over(label, values, log=log), title=title, width=900, height=420)
    return standing(drawn, [(line.label, line.ink) for line in lines])


def _line(label: str, found: Buckets, ink: int, *, banded: bool) -> Line:
    band = (found.least.tolist(), found.greatest.tolist()) if found.level or banded else None
    return Line(label, found.steps.tolist(), found.mean.tolist(), band=band, ink=ink)
