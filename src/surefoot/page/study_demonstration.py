"""The demonstration of a note: drawn within the page by the library's own formulas, with the address of its view."""

import re
from dataclasses import dataclass
from typing import final
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from surefoot.errors import InvalidValue
from surefoot.page import courses
from surefoot.study.note import Note

VIEWS = {"/landscapes": "the landscapes", "/schedules": "the schedules", "/curves": "the learning curves"}
"""The views that demonstrate anything, with what they are called; a note of one's own may name no other address."""


@final
@dataclass(frozen=True)
class Demonstration:
    """What a note shows.

    Args:
        address: of the view.
        view: what it is called.
        drawn: the picture, as SVG; "" if it is only to be seen there.
        keys: what each line of the picture is, by its colour.
        told: what is to be seen of each.
    """

    address: str
    view: str
    drawn: str = ""
    keys: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def demonstration(note: Note) -> Demonstration | None:
    """Return the demonstration of a note; None if it has none that can be shown."""
    parts = urlsplit(note.demo)
    if parts.netloc or parts.scheme or parts.path not in VIEWS:
        return None
    found = Demonstration(note.demo, VIEWS[parts.path])
    try:
        if parts.path == "/landscapes":
            return _landscape(found, QueryParams(parts.query))
        return _schedules(found, QueryParams(parts.query)) if parts.path == "/schedules" else found
    except (InvalidValue, HTTPException):  # of one's own deck, which may name what is not there
        return None


def _landscape(found: Demonstration, query: QueryParams) -> Demonstration:
    from surefoot.page.land import Asked
    from surefoot.page.land_picture import picture

    asked = Asked.of(query)
    drawn = picture(asked)
    keys = tuple(f"{row.choice.rule}, step size {row.choice.size:.4g}" for row in drawn.rows)
    return Demonstration(found.address, found.view, _still(drawn.map), keys, tuple(row.says for row in drawn.rows))


def _still(drawn: str) -> str:
    """Return a map whose start cannot be taken hold of: here nothing follows it."""
    held = re.sub(r'<g class="handle"[^>]*>', '<g aria-hidden="true">', drawn)
    return held.replace('role="group"', 'role="img"', 1)


def _schedules(found: Demonstration, query: QueryParams) -> Demonstration | None:
    asked = courses.Asked.of(query)
    shown, drawn = courses.courses(asked)
    if drawn is None:
        return None
    sound = [course for course in shown if not course.fault]
    told = tuple(f"{', '.join(f'{name} {value}' for name, value in course.facts)}" for course in sound)
    return Demonstration(found.address, found.view, drawn.svg, tuple(course.text for course in sound), told)
