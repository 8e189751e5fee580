"""The phases of a schedule's text over a run, each with the numbers that say where it ends and what it states."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

from surefoot.errors import InvalidValue
from surefoot.page.spelling import Call, Number, calls
from surefoot.schedules import Schedule, parse
from surefoot.schedules.lengths import takes_rest
from surefoot.schedules.shapes import fewest_steps

_NAMES = {"warmup": "warm-up", "cosine_warmup": "cosine warm-up", "one_minus_sqrt": "1 - sqrt"}
_VALUES = ("start", "value", "to")
"""The values that can be moved."""

_JOINED: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "wsd": ({"length": "warmup"}, {}, {"length": "cooldown", "to": "to"}),
    "one_cycle": ({"length": "rise", "start": "start"}, {"length": "fall", "to": "to"}),
}
"""For each phase of a join that has a name, which of the join's arguments says what."""


@final
@dataclass(frozen=True)
class Piece:
    """A phase, from which step to which.

    Args:
        number: 1 for the first.
        shape: what it does.
        first, end: its steps.
        fewest: steps it may have.
        own: whether it has a length of its own, and does not take what others leave.
        ends: what says where it ends, and the step from which that counts; None if that cannot be changed.
        shrinks: the numbers that all fall by as much if it begins so much later; None if that cannot be changed.
        values: what it states, by knob.
    """

    number: int
    shape: str
    first: int
    end: int
    fewest: int
    own: bool
    ends: tuple[Number, int] | None
    shrinks: tuple[Number, ...] | None
    values: Mapping[str, Number]

    @property
    def name(self) -> str:
        """What it is called."""
        return _NAMES.get(self.shape, self.shape.replace("_", " "))


def pieces_of(text: str, steps: int) -> list[Piece]:
    """Return the phases of a text over a run, [] if it is no schedule, or is written in ways that are not followed."""
    try:
        given = parse(text)
        lengths = [phase[1] for phase in given.over(steps=steps).phases]
    except InvalidValue:
        return []
    found: list[Piece] = []
    for call in calls(text):
        origin = found[-1].end if found else 0
        for place, (ends, shrinks, values) in enumerate(_slots(call)):
            number = len(found)
            length = lengths[number] if number < len(lengths) else None
            if length is None:
                return []
            first = found[-1].end if found else 0
            starts = origin if place and ends is not None and shrinks == () else first
            found.append(_piece(given, number, first, first + length, ends and (ends, starts), shrinks, values))
    return found if len(found) == len(lengths) else []


def _piece(
    given: Schedule, number: int, first: int, end: int, ends: tuple[Number, int] | None,
    shrinks: tuple[Number, ...] | None, values: Mapping[str, Number],
) -> Piece:  # fmt: skip
    phase = given.phases[number]
    shape, own = phase[0], not takes_rest(phase)
    fewest = 1 if shape == "product" else fewest_steps(shape, phase[3])
    if shape in ("product", "restarts"):  # what is repeated or lies over another has no place of its own on the curve
        ends, shrinks, values = None, None, {}
    return Piece(number + 1, shape, first, end, fewest, own, ends, shrinks, values)


_Slot: TypeAlias = tuple[Number | None, tuple[Number, ...] | None, Mapping[str, Number]]


def _slots(call: Call | None) -> list[_Slot]:
    """Return for each phase of a call what says where it ends, what makes it shorter from its start, and its values."""
    if call is None:
        return [(None, None, {})]
    if call.name == "piecewise":
        places, heights = call.numbers["at"], call.numbers["to"]
        stated = [{}, *({"value": each} for each in heights)] if heights else [{}] * (len(places) + 1)
        return [(place, () if i else places, stated[i]) for i, place in enumerate((*places, None))]
    names = _JOINED.get(call.name) or ({knob: knob for knob in ("length", *_VALUES)},)
    found: list[_Slot] = []
    for each in names:
        numbers = {knob: call.numbers.get(argument, ()) for knob, argument in each.items()}
        length = numbers.pop("length", ())
        values = {knob: number[0] for knob, number in numbers.items() if number}
        found.append((length[0] if length else None, length or None, values))
    return found
