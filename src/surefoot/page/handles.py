"""What of a drawn schedule can be taken hold of: where its phases meet and the values they state; and its text then."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from typing import Literal, final

from surefoot.errors import InvalidValue, refuse, short
from surefoot.page.borders import Border, border_of
from surefoot.page.pieces import Piece, pieces_of
from surefoot.page.rungs import value_at, value_moves
from surefoot.page.spelling import Number, respelled
from surefoot.schedules import parse

_SAYS = {"start": ("start", "sets out from"), "value": ("value", "stays at"), "to": ("end value", "ends at")}
"""What a value is, and what a phase does with it."""


@final
@dataclass(frozen=True)
class Handle:
    """What can be moved of a schedule.

    Args:
        name: by which it is asked for; it stays the same while it is moved.
        way: across, the steps until a phase ends; or up, a value.
        step: how many steps of the run are over where it is.
        at: where it is along its way [steps; fraction of the peak].
        least, most: its limits.
        moves: where a small move leads, back and forth, and where a large one does.
        label: what it is.
        says: where it is, in words.
    """

    name: str
    way: Literal["across", "up"]
    step: float
    at: float
    least: float
    most: float
    moves: tuple[float, float, float, float]
    label: str
    says: str


def handles(text: str, steps: int, *, log: bool = False) -> tuple[Handle, ...]:
    """Return what can be moved of a schedule over a run: nothing of a text that is none, of products and of restarts.

    Args:
        text: of the schedule.
        steps: of the run.
        log: whether values are moved over decades.

    >>> [each.says for each in handles("warmup(5%) >> cosine()", 1000)][0]
    'warm-up ends at step 50 of 1,000'
    """
    return tuple(handle for handle, _ in _held(text.strip(), steps, log=log))


def moved(text: str, name: str, to: float, steps: int, *, log: bool = False) -> str:
    """Return the text of a schedule with one of its handles moved, in the units in which it was written.

    Args:
        text: of the schedule.
        name: of the handle.
        to: where it is moved to [steps; fraction of the peak]; beyond its limits, as far as these.
        steps: of the run.
        log: whether values are moved over decades.

    Errors: InvalidValue if there is no such handle, or the place is not finite.

    Laws: moved to where it is, a handle changes nothing; the text can always be read; of two phases that meet, the
        steps of both together stay as they are.

    >>> moved("warmup(5%) >> cosine()", "end 1", 103, 1000), moved("wsd()", "to 3", 0.12, 1000)
    ('warmup(10.5%) >> cosine()', 'wsd(to=0.12)')
    """
    held = {handle.name: (handle, source) for handle, source in _held(text.strip(), steps, log=log)}
    faults = [] if name in held else [f"there is no handle {short(name, 40)!r}; there are {', '.join(held) or 'none'}"]
    faults += [] if isfinite(to) else [f"it is moved to {to}; give a place"]
    refuse(short(text, 80), faults)
    handle, source = held[name]
    if abs(to - handle.at) < 1e-9:
        return text
    place = min(max(to, handle.least), handle.most)
    if isinstance(source, Border):
        changes = source.changes(place)
    else:
        least, most = Decimal(repr(handle.least)), Decimal(repr(handle.most))
        changes = [(source, min(max(value_at(place, log=log), least), most))]
    fresh = respelled(text.strip(), changes)
    return fresh if _sound(fresh, text, steps, source) else text


def _sound(fresh: str, text: str, steps: int, source: Border | Number) -> bool:
    """Tell whether a text can be read and all that follows is where it was; else it is better not to move."""
    try:
        now, before = parse(fresh).over(steps=steps), parse(text).over(steps=steps)
    except InvalidValue:
        return False
    return (isinstance(source, Border) and source.last) or now.steps == before.steps


def _held(text: str, steps: int, *, log: bool) -> Iterator[tuple[Handle, Border | Number]]:
    """Go through the handles, and what each is made from."""
    pieces = pieces_of(text, steps)
    ending = pieces[-1:] if all(each.own for each in pieces) else []  # else it ends where the run does
    for left, right in [*pairwise(pieces), *((each, None) for each in ending)]:
        border = border_of(left, right, steps, alone=len(pieces) <= 2)
        if border is not None:
            yield _end(left, border), border
    for piece in pieces:
        yield from ((_value(piece, knob, log=log), number) for knob, number in piece.values.items())


def _end(piece: Piece, border: Border) -> Handle:
    label, says = f"end of phase {piece.number}, {piece.name}", f"ends at step {border.place:,} of {border.steps:,}"
    where = (border.place, border.place, border.least, border.most, border.moves)
    return Handle(f"end {piece.number}", "across", *where, label, f"{piece.name} {says}")


def _value(piece: Piece, knob: str, *, log: bool) -> Handle:
    at = float(piece.values[knob].amount)
    least = min(1e-4, at) if piece.shape == "exponential" else 0.0  # which must be above 0
    most = max(2.0 if knob == "value" else 1.0, at)  # a constant may lie above the peak, and is to come back there
    near = [min(max(each, least), most) for each in value_moves(at, log=log)]
    moves = (near[0], near[1], near[2], near[3])
    step = {"start": max(piece.first, 1), "value": (piece.first + piece.end + 1) / 2, "to": piece.end}[knob]
    kind, does = _SAYS[knob]
    label, says = f"{kind} of phase {piece.number}, {piece.name}", f"{piece.name} {does} {at:g} of the peak"
    return Handle(f"{knob} {piece.number}", "up", step, at, least, most, moves, label, says)
