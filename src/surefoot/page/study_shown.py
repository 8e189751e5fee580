"""How studying is told on a page: the same words and figures as in the terminal."""

from math import isfinite

from markupsafe import Markup

from surefoot.study.markup import as_html
from surefoot.study.question import Picture

HELP = (
    ("space, Enter", "go on; in Spaced they turn the card"),
    ("1 to 4", "choose an answer; in Spaced they grade the card, and beside each stands when the card comes again"),
    ("0", "I do not know; where something is typed, Enter alone says so"),
    ("r", "after a wrong answer that was typed: my answer was right"),
    ("u", "take the last answer back: in Spaced, and in Test before it is handed in"),
    ("w", "tell curves in words"),
    ("d", "show the demonstration"),
    ("arrows", "in Matching: go from tile to tile; Enter chooses one"),
    ("Esc", "leave; where nothing is typed, q does too"),
)
"""The keys, told."""

WIDE, HIGH = 240.0, 110.0
"""Of a small curve."""


def marked(text: str) -> Markup:
    """Return a text of notes as HTML: what stands between backticks is code.

    >>> str(marked("`a < b` & c"))
    '<code>a &lt; b</code> &amp; c'
    """
    return Markup(as_html(text))


def curve(picture: Picture) -> str:
    """Return the path of a small curve, scaled to its own height; what is not finite stands at the top.

    >>> curve(Picture((0.0, 1.0), "rises"))
    'M0 110.0L240 0.0'
    """
    finite = [value for value in picture.y if isfinite(value)]
    bottom, top = min([0.0, *finite]), max([0.0, *finite])
    reach, last = (top - bottom) or 1.0, max(len(picture.y) - 1, 1)
    places = [
        f"{WIDE * at / last:.4g} {HIGH * (1 - (value - bottom) / reach) if isfinite(value) else 0.0:.1f}"
        for at, value in enumerate(picture.y)
    ]
    return "M" + "L".join(places)
