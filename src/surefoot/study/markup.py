"""Texts as HTML and back: `code` between backticks is all that is marked up in a note."""

import html
import re
from collections.abc import Iterator

_CODE = re.compile(r"`([^`\n]+)`")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")  # one run of signs that ends where the next tag begins: linear
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_LONG = re.compile(r"&#[0-9]{100,};?")  # a number that Python does not read, and no character has
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3"})


def as_html(text: str) -> str:
    """Return a text as HTML.

    >>> as_html("`a < b` & c")
    '<code>a &lt; b</code> &amp; c'
    """
    return _CODE.sub(r"<code>\1</code>", html.escape(text, quote=False)).replace("\n", "<br>")


def as_text(marked: str) -> str:
    r"""Return HTML as a text: code between backticks, a line for each line, all other marks left out.

    >>> as_text("<b>If</b> <code>a &lt; b</code>,<br>then&nbsp;c")
    'If `a < b`,\nthen c'
    """
    text = "".join(_TAG.sub(_meant, part) for part in _around_comments(marked.replace("\r", "")))
    return html.unescape(_LONG.sub("\ufffd", text)).replace("\xa0", " ").strip()


def _around_comments(marked: str) -> Iterator[str]:
    """Go through what is before, between and after comments; one that has no end is text."""
    at = 0
    while (begun := marked.find("<!--", at)) >= 0 and (end := marked.find("-->", begun + 4)) >= 0:
        yield marked[at:begun]
        at = end + 3
    yield marked[at:]


def _meant(found: re.Match[str]) -> str:
    told = _NAME.match(found[0])
    name = told[1].lower() if told else ""
    if name == "code":
        return "`"
    return "\n" if name in _BREAKS else ""


def media_in(marked: str) -> bool:
    """Return whether there are pictures or sounds in a field of Anki's; decks here have words alone."""
    return "<img" in marked.lower() or "[sound:" in marked.lower()
