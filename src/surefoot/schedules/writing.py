"""Writing a schedule down: as the text that a person would write, and as plain data for JSON. Units are explicit.

warmup(5%) >> linear(to=0.0)
[{"shape": "warmup", "length": {"share": 0.05}, "start": 0.0}, {"shape": "linear", "length": None, "to": 0.0}]
"""

from decimal import Decimal
from typing import Any

from surefoot.schedules.phase import PRODUCT, Phase, Phases
from surefoot.schedules.shapes import SHAPES, Duration


def text_of(phases: Phases) -> str:
    """Return the text that `parse` reads back exactly.

    >>> text_of((("warmup", None, 0.05, (0.0,)), ("linear", 100, None, (0.0,))))
    'warmup(5%) >> linear(100, to=0.0)'
    """
    return " >> ".join(_product_text(phase) if phase[0] == PRODUCT else _text(phase) for phase in phases)


def data_of(phases: Phases) -> list[dict[str, Any]]:
    """Return the plain data that `from_json` reads back exactly: one dict for each phase."""
    return [_data(phase) for phase in phases]


def _product_text(phase: Phase) -> str:
    factors = [(text_of(factor), len(factor) > 1) for factor in phase[3]]
    return " * ".join(f"({text})" if joined else text for text, joined in factors)


def _text(phase: Phase) -> str:
    shape, steps, share, knobs = phase
    words = {"length": _duration((steps, share))} if steps is not None or share is not None else {}
    for knob, value in zip(SHAPES[shape].knobs, knobs, strict=True):
        if value is not None and value != knob.unsaid:
            words[knob.name] = _duration(value) if knob.kind == "duration" else repr(value)
    first = SHAPES[shape].first
    unnamed = [words.pop(first)] if first in words else []
    if first != "length" and "length" in words:
        words["length"] = words.pop("length")  # it is their last argument
    return f"{shape}({', '.join([*unnamed, *(f'{name}={word}' for name, word in words.items())])})"


def _duration(given: Duration) -> str:
    steps, share = given
    if share is None:
        return str(steps)
    return f"{(Decimal(repr(share)) * 100).normalize():f}%"  # the shortest decimal times 100: read back exactly


def _data(phase: Phase) -> dict[str, Any]:
    shape, steps, share, knobs = phase
    if shape == PRODUCT:
        return {"shape": PRODUCT, "factors": [data_of(factor) for factor in knobs]}
    named = zip(SHAPES[shape].knobs, knobs, strict=True)
    values = {knob.name: _unit(value) if knob.kind == "duration" else value for knob, value in named}
    return {"shape": shape, "length": _unit((steps, share)), **values}


def _unit(given: Duration | None) -> dict[str, float] | None:
    steps, share = given or (None, None)
    if steps is not None:
        return {"steps": steps}
    return None if share is None else {"share": share}
