"""How runs are shown: as a list, one by one, side by side."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from io import TextIOWrapper
from math import isfinite
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefoot.records.differences import differences

if TYPE_CHECKING:
    from surefoot.records.shelf import RunFacts
    from surefoot.trace import Event

UNCUT = 1000
"""Columns where nobody watches: nothing is cut, so that all of it can be searched."""

LATEST = 12
"""Events that are shown of a run; `--json` has all."""

_OUTCOMES = ("steps", "best_step", "seconds")
"""What an outcome says beside what validation found."""


def listed(found: "Sequence[RunFacts]", folder: Path) -> str:
    """Return a table of runs."""
    head = ("name", "begun", "state", "steps", "best validation", "folder", "title")
    rows = [
        (each.name, _time(each), each.state, f"{each.steps}", _number(each.best), str(each.path.relative_to(folder)),
         each.title)
        for each in found
    ]  # fmt: skip
    shown = len(head) if any(each.title for each in found) else len(head) - 1
    return _table(head[:shown], [row[:shown] for row in rows], right=(3, 4))


def shown(facts: "RunFacts", meta: Mapping[str, Any], events: "Sequence[Event]") -> str:
    """Return what is known of one run."""
    ended = meta.get("ended") or {}
    found = {name.replace("_", " "): _number(value) for name, value in (ended.get("best") or {}).items()}
    if not found and isfinite(facts.best):
        found = {"validation penalty": _number(facts.best)}
    rows = [("title", facts.title)] if facts.title else []
    rows += [("name", facts.name), ("state", facts.state), ("begun", _time(facts)), ("steps", str(facts.steps))]
    rows += [("reason", str(ended["reason"]))] if "reason" in ended else []
    rows += [("took", f"{ended['seconds']:.1f} s")] if "seconds" in ended else []
    rows += [(f"best {name}", value) for name, value in found.items()]
    rows += [("folder", str(facts.path))]
    parts = [_table(None, rows)]
    parts += [_titled(title, meta[title]) for title in ("settings", "versions") if meta.get(title)]
    events = [event for event in events if event.kind != "detail"]
    if events:
        told = [(f"  {event.step}", event.kind, " ".join(event.text.split())) for event in events[-LATEST:]]
        left = f" (the last {LATEST} of {len(events)})" if len(events) > LATEST else ""
        parts.append(f"events{left}\n" + _table(None, told, right=(0,)))
    return "\n\n".join(parts)


def _titled(title: str, values: Mapping[str, Any]) -> str:
    return f"{title}\n{_table(None, [(f'  {name}', _plain(value)) for name, value in values.items()])}"


def compared(found: "Sequence[RunFacts]", metas: Sequence[Mapping[str, Any]]) -> str:
    """Return a table with a column for each run: the settings in which they differ, and what came of them."""
    head = ("", *(each.title or each.path.name for each in found))
    rows = [(f"  {name}", *map(_plain, values)) for name, values in differences(metas).items()]
    came = [(f"  {name}", *map(_plain, values)) for name, values in outcomes(found, metas).items()]
    none = [("  none differs", *[""] * len(found))]
    blank = ("", *[""] * len(found))
    return _table(head, [("settings", *blank[1:]), *(rows or none), blank, ("outcome", *blank[1:]), *came])


def outcomes(found: "Sequence[RunFacts]", metas: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return what came of runs, with each run's value; None where it has none."""
    each: list[dict[str, Any]] = []
    for facts, meta in zip(found, metas, strict=True):
        ended = meta.get("ended") or {}
        best = {"validation_penalty": facts.to_json()["best"], **(ended.get("best") or {})}
        told = {"state": facts.state, **best, **{name: ended.get(name) for name in _OUTCOMES}, "steps": facts.steps}
        each.append({name.replace("_", " "): value for name, value in told.items()})
    names = dict.fromkeys(name for outcome in each for name in outcome)
    return {name: [outcome.get(name) for outcome in each] for name in names}


def _time(facts: "RunFacts") -> str:
    return f"{facts.begun.astimezone():%Y-%m-%d %H:%M}"


def _number(value: float | None) -> str:
    return "-" if value is None or not isfinite(value) else f"{value:.4g}"


def _plain(value: object) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str] | None, rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows in columns, as wide as a terminal is, or whole where there is none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal of ASCII has no é and no ellipsis
    watched = sys.stdout.isatty() or "COLUMNS" in environ
    console = Console(highlight=False, markup=False, emoji=False, width=None if watched else UNCUT)
    table = Table.grid(padding=(0, 2))
    lines = [tuple(row) for row in rows]
    for column in range(len(head or lines[0])):
        table.add_column(justify="right" if column in right else "left", overflow="fold")
    if head is not None:
        table.add_row(*(Text(title, "bold") for title in head))
    for line in lines:
        table.add_row(*map(Text, line))
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").splitlines())
