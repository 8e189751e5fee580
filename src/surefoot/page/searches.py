"""How a step size was found, as pictures: the range tests and the race."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

from surefoot.page.drawing import Line, axis_over, chart
from surefoot.page.standing import standing


def race_lines(search: Mapping[str, Any]) -> list[Line]:
    """Return the race's lines: one for each rule, decay and length, the penalty over the step size."""
    groups: dict[tuple[int, str, float], list[Mapping[str, Any]]] = {}
    for each in search["tried"]:
        groups.setdefault((each["steps"], each["rule"], each["decay"]), []).append(each)
    lines = []
    for ink, ((steps, rule, decay), each) in enumerate(sorted(groups.items(), key=lambda group: group[0])):
        rows = sorted(each, key=lambda row: row["step_size"])
        y = [inf if row["penalty"] is None else row["penalty"] for row in rows]
        lines.append(Line(f"{rule}, decay {decay:g}, {steps} steps", [row["step_size"] for row in rows], y, ink=ink))
    return lines


def race_chart(search: Mapping[str, Any]) -> str:
    """Return the race as a picture; "" if nothing in it was finite."""
    lines = race_lines(search)
    sizes, penalties = [x for line in lines for x in line.x], [y for line in lines for y in line.y]
    if not any(map(isfinite, penalties)):
        return ""
    log = min(value for value in penalties if isfinite(value)) > 0
    title = f"race: {len(penalties)} short runs over {len(set(sizes))} step sizes"
    across, up = axis_over("step size", sizes, log=True), axis_over("validation penalty", penalties, log=log)
    dots = [Line(line.label, line.x, line.y, ink=line.ink, dots=True) for line in lines]
    return chart([*lines, *dots], across, up, title=title, width=620, height=280)


def range_chart(found: Mapping[str, Any]) -> str:
    """Return a range test as a picture: the penalty of each ramp over its rising step size; "" if none was finite."""
    lines = []
    for ink, ramp in enumerate(found["ramps"]):
        penalties = [inf if each is None else each for each in ramp["penalties"]]
        pairs = list(zip(ramp["step_sizes"], penalties, strict=False))
        lines.append(Line(f"seed {ramp['seed']}", [x for x, _ in pairs], [y for _, y in pairs], ink=ink))
    values = sorted(y for line in lines for y in line.y if isfinite(y))
    if not values:
        return ""
    highest = values[len(values) // 2] * 3 if values[0] > 0 else values[-1]  # what ran away would flatten the rest
    kept = [Line(each.label, each.x, [min(y, highest) for y in each.y], ink=each.ink) for each in lines]
    across = axis_over("step size", [x for line in lines for x in line.x], log=True)
    up = axis_over("penalty", [y for line in kept for y in line.y])
    return chart(kept, across, up, title=f"range test of {found['rule']}", width=620, height=240)


def race_file(search: Mapping[str, Any]) -> str:
    """Return the race as a file of its own; "" if nothing in it was finite."""
    drawn = race_chart(search) if search["tried"] else ""
    return standing(drawn, [(line.label, line.ink) for line in race_lines(search)]) if drawn else ""


def range_file(found: Mapping[str, Any]) -> str:
    """Return a range test as a file of its own; "" if there is none."""
    drawn = range_chart(found) if found.get("ramps") else ""
    labels = [(f"seed {ramp['seed']}", ink) for ink, ramp in enumerate(found.get("ramps", ()))]
    return standing(drawn, labels, f"Range test of {found['rule']}") if drawn else ""
