"""A run as files: one page that opens from a disk, a table of one column or of all, a chart."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from surefoot.page import layer_map
from surefoot.page.assets import bundled, text_of
from surefoot.page.buckets import Buckets
from surefoot.page.drawing import Line, axis_over, chart
from surefoot.page.library import Known, Library
from surefoot.page.run_data import whole
from surefoot.page.words import name as said

MODULES = ["data.js", "address.js", "theme.js", "chart.js", "heat.js", "live.js", "rename.js", "view.js", "run.js"]
"""The script of a run's page, each module after those that it imports."""

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
    data["maps"] = {which: layer_map.picture(found, which) for which in layer_map.MAPS}
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
    lines = [_line(name, each, ink) for ink, (name, each) in enumerate(found.items())]
    values = [
        value
        for line in lines
        for value in (*line.y, *(line.band[0] if line.band else ()), *(line.band[1] if line.band else ()))
    ]
    across = axis_over("step", [value for line in lines for value in line.x])
    return chart(
        lines,
        across,
        axis_over(said(column), values, log=log),
        title=f"{known.title}: {said(column)}",
        width=900,
        height=420,
        file=True,
    )


def _line(name: str, found: Buckets, ink: int) -> Line:
    band = (found.least.tolist(), found.greatest.tolist()) if found.level or name not in _CHECKED else None
    return Line(said(name), found.steps.tolist(), found.mean.tolist(), band=band, ink=ink)
