"""Numbers and times as the page writes them."""

from datetime import datetime
from math import isfinite


def number(value: float | None) -> str:
    """Return a number in four digits, or a dash where there is none.

    >>> number(0.012807444), number(1234567.0), number(None), number(12)
    ('0.01281', '1.235e+06', '–', '12')
    """
    if value is None or not isinstance(value, int | float) or (isinstance(value, float) and not isfinite(value)):
        return "–" if value is None or value != value else str(value)
    return f"{value}" if isinstance(value, int) else f"{value:.4g}"


def whole(value: int) -> str:
    """Return a whole number with narrow spaces between thousands.

    >>> whole(1234567)
    '1\u202f234\u202f567'
    """
    return f"{value:,}".replace(",", "\u202f")


def duration(seconds: float | None) -> str:
    """Return a time as people say it.

    >>> duration(13.58), duration(754.0), duration(7384.0), duration(None)
    ('13.6 s', '12 min 34 s', '2 h 3 min', '–')
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{hours} h {minutes_left} min"


def moment(when: datetime) -> str:
    """Return a time of this machine's clock."""
    return f"{when.astimezone():%Y-%m-%d %H:%M}"


def plain(value: object) -> str:
    """Return a setting as text.

    >>> plain(None), plain(True), plain(0.1), plain("muon")
    ('–', 'yes', '0.1', 'muon')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if value is None or isinstance(value, float) else str(value)


def name(column: str) -> str:
    """Return a column's name as people say it.

    >>> name("validation_penalty")
    'validation penalty'
    """
    return column.replace("_", " ")
