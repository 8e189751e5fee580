"""The assignment as text: a line for each group, then what is tied, frozen or without a rule."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from surefoot.pytorch.groups.assignment import ORDER, Row, Settings
from surefoot.pytorch.groups.names import folded

WIDTH = 100
_GAP = "  "
_LEAST = 20  # a column of names narrower than this says nothing
_LONGEST = 28  # of a pattern or a schedule
_LINES = 6  # of a note
_OWN = "own"


def table(title: str, rows: Sequence[Row], frozen: Sequence[str], *, ruled: bool) -> str:
    """Return the table, at most 100 columns wide unless the groups have many keys.

    Args:
        title: what the groups are of.
        rows: the assignment.
        frozen: names of what is left out.
        ruled: whether rules were given, so that it says which parameters none of them matched.
    """
    columns = _columns(rows)
    left = WIDTH - sum(len(_GAP) + len(column[0]) for column in columns) - len(_GAP)
    names = ["parameters", *(_fitting(_names(group), max(_LEAST, left)) for group in _members(rows))]
    body = [_GAP + _GAP.join(cells).rstrip() for cells in zip(*columns, names, strict=True)]
    return "\n".join([_headline(title, rows), "", *body, *_notes(rows, frozen, ruled=ruled)])


def _members(rows: Sequence[Row]) -> list[list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return list(found.values())


def _headline(title: str, rows: Sequence[Row]) -> str:
    counts = [("group", len(_members(rows))), ("tensor", len(rows)), ("element", sum(row.elements for row in rows))]
    return f"{title}: " + ", ".join(f"{count:,} {word}{'' if count == 1 else 's'}" for word, count in counts)


def _keys(rows: Sequence[Row]) -> list[str]:
    there = dict.fromkeys(key for row in rows for key in row.settings)
    return sorted(there, key=lambda key: ORDER.get(key, len(ORDER)))


def _columns(rows: Sequence[Row]) -> list[list[str]]:
    """Return the columns before the names, each with its head, all cells of one width."""
    groups = _members(rows)
    layers = [_layer(group) for group in groups]
    return [
        _column("#", [str(number) for number in range(len(groups))]),
        _column("tensors", [f"{len(group):,}" for group in groups], right=True),
        _column("elements", [f"{sum(row.elements for row in group):,}" for group in groups], right=True),
        *([_column("layer", layers)] if any(layers) else []),
        *(_settings_column(key, [group[0].settings for group in groups]) for key in _keys(rows)),
        _column("given by", [_sources(group) for group in groups]),
    ]


def _settings_column(key: str, settings: Sequence[Settings]) -> list[str]:
    numbers = all(isinstance(each.get(key, 0), int | float) for each in settings)
    return _column(key, [_value(each, key) for each in settings], right=numbers)


def _column(head: str, cells: Iterable[str], *, right: bool = False) -> list[str]:
    whole = [head, *(cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 1]}…" for cell in cells)]
    width = max(map(len, whole))
    return [cell.rjust(width) if right else cell.ljust(width) for cell in whole]


def _value(settings: Settings, key: str) -> str:
    value = settings.get(key, _OWN)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sources(group: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(source for row in group for source in (row.by or (row.kind,))))


def _layer(group: Sequence[Row]) -> str:
    return ", ".join(folded(dict.fromkeys(row.layer for row in group)))


def _names(group: Sequence[Row]) -> list[str]:
    """Return the names of a group's parameters, a dot for the layer that stands in the same line."""
    names, start = folded(row.name for row in group), f"{_layer(group)}."
    return [name.removeprefix(start[:-1]) for name in names] if all(name.startswith(start) for name in names) else names


def _fitting(names: Sequence[str], room: int) -> str:
    """Return as many names as there is room for, the first one cut if need be, and how many are left."""
    for count in range(len(names), 0, -1):
        text = ", ".join(names[:count]) + (f", +{len(names) - count}" if count < len(names) else "")
        if len(text) <= room:
            return text
    rest = f", +{len(names) - 1}" if len(names) > 1 else ""
    return f"{names[0][: room - len(rest) - 1]}…{rest}"


def _notes(rows: Sequence[Row], frozen: Sequence[str], *, ruled: bool) -> list[str]:
    own = any(key not in row.settings for key in _keys(rows) for row in rows)
    notes = [
        _note("own", ["as the optimizer has it"] if own else [], ""),
        _note("tied", [text for row in rows for text in _ties(row)], "; "),
        _note("frozen", folded(frozen), ", "),
        _note("no rule", folded(row.name for row in rows if ruled and not row.ruled), ", "),
    ]
    lines = [line for note in notes for line in note]
    return ["", *lines] if lines else []


def _ties(row: Row) -> list[str]:
    same = [name for name in row.others if name not in row.differing]
    texts = [f"{name} is {row.name}" for name in folded(same)]
    return texts + [f"{name} is {row.name}, whose name decides: {_contrast(row, name)}" for name in row.differing]


def _contrast(row: Row, name: str) -> str:
    here, there = row.settings, row.differing[name]
    texts = {key: (_value(here, key), _value(there, key)) for key in {**here, **there}}
    return ", ".join(f"{key} {kept} and not {other}" for key, (kept, other) in texts.items() if kept != other)


def _note(word: str, texts: Sequence[str], joint: str) -> list[str]:
    """Return a note of a few lines at most: as many of its texts as fit, and how many are left."""
    start, indent = f"{_GAP}{word:<9}", " " * (len(_GAP) + 9)
    for count in range(len(texts), 0, -1):
        left = [f"+{len(texts) - count}"] if count < len(texts) else []
        text = joint.join([*texts[:count], *left])
        lines = wrap(text, WIDTH - len(indent), break_on_hyphens=False)
        if len(lines) <= _LINES or count == 1:
            return [f"{indent if at else start}{line}" for at, line in enumerate(lines)]
    return []
