"""The pages of the doctor's checks: each with a program and what the doctor says of it."""

import html
from collections.abc import Iterable, Iterator

from surefoot.catalogue import Entry, Fact
from surefoot.diagnose import CHECKS
from surefoot.diagnose.finding import dismissal
from writer import parts
from writer.programs import printed

_PRINTS = {
    "run": "It prints the doctor's card:",
    "fit": "It prints the card of the run:",
    "start": "It prints what `surefoot check` prints, which puts its own name in front:",
}


def page(entry: Entry) -> str:
    """Return the Markdown of a check's page.

    Errors: ValueError if its program does not show it, which stops the building of the site.
    """
    check = CHECKS[entry.name]
    return "\n\n".join(
        [
            *parts.head(entry, check.evidence, check.severity),
            f"<p>{parts.worded(check.why)}</p>",
            "## An example",
            parts.python(entry.example),
            _PRINTS[check.at],
            parts.printed(card(entry)),
            "## More",
            parts.table((), _rows(entry), "facts"),
            *_kin(entry),
        ]
    )


def card(entry: Entry) -> str:
    """Return what a check's program prints, in which it must be found."""
    found = printed(entry.example)
    if f" {entry.name} (" not in found and f"- {entry.name}: " not in found:
        raise ValueError(f"the example of {entry.name} does not show it:\n{found}")
    return found


def _rows(entry: Entry) -> Iterator[tuple[str, str]]:
    """Go through the facts that the page has not told yet."""
    for fact in entry.facts:
        if fact.title == "dismiss":
            yield fact.title, "<br>".join(f"<code>{html.escape(way)}</code>" for way in _ways(entry.name))
        elif fact.title in ("explains", "explained by"):
            yield fact.title, _linked(fact)
        elif fact.title != "why":
            yield fact.title, "<br>".join(_told(fact.told))


def _ways(code: str) -> Iterator[str]:
    """Go through the ways to dismiss a check."""
    at = CHECKS[code].at
    yield dismissal(code, at)
    if at == "start":
        yield f"sf.examine(task, dismiss=[{code!r}])"


def _linked(fact: Fact) -> str:
    return "<br>".join(f"{parts.link(code)}: {parts.worded(title)}" for code, title in fact.told)


def _told(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key, text in rows:
        yield f"{key}: {parts.worded(text)}" if key else parts.worded(text)


def _kin(entry: Entry) -> list[str]:
    section = parts.kin(entry)
    return [*section, "They answer one question, so only one of them is said of one place."] if section else []
