"""Texts as HTML and back: `code` between backticks is all that is marked up in a note."""

import html
import re

_CODE = re.compile(r"`([^`\n]+)`")
_TAG = re.compile(r"<(?:!--.*?--|(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*)>", re.DOTALL)
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
    return html.unescape(_TAG.sub(_meant, marked.replace("\r", ""))).replace("\xa0", " ").strip()


def _meant(found: re.Match[str]) -> str:
    name = (found[2] or "").lower()
    if name == "code":
        return "`"
    return "\n" if name in _BREAKS else ""


def media_in(marked: str) -> bool:
    """Return whether there are pictures or sounds in a field of Anki's; decks here have words alone."""
    return "<img" in marked.lower() or "[sound:" in marked.lower()
