"""The parts that pages have in common: the head, the formula, tables, links to kin."""

import html
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import surefoot
from surefoot.catalogue import KINDS, Entry, Fact, Kind, entries

FORMULAS = Path(surefoot.__file__).parent / "formulas.json"


@cache
def formulas() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the committed TeX and MathML."""
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(FORMULAS.read_text())
    return found


@cache
def kinds() -> dict[str, Kind]:
    """Return the kind of each name."""
    return {entry.name: entry.kind for entry in entries()}


def head(entry: Entry, *more: str) -> list[str]:
    """Return a page's title, what the entry is in a sentence, and its tags: its kind, more of them, torch's class."""
    torch = [f'<span class="tag torch">{entry.torch}</span>'] if entry.torch else []
    tags = "".join([*(f'<span class="tag {each}">{each}</span>' for each in (entry.kind, *more)), *torch])
    return [
        f"---\ntitle: {entry.name}\ndescription: {json.dumps(entry.says + '.')}\n---",
        f"# {entry.name}",
        f'<p class="tags">{tags}</p>',
        f'<p class="says">{worded(entry.says)}.</p>',
    ]


def formula(typeset: Sequence[str], plain: Iterable[str]) -> str:
    """Return a formula twice: typeset, and as it is typed."""
    lines = html.escape("\n".join(plain), quote=False)
    sides = [f'<div class="set">{"".join(typeset)}</div>'] if typeset else []
    return f'<div class="formula">{"".join(sides)}<pre>{lines}</pre></div>'


def figure(path: str, caption: str) -> str:
    """Return a figure with its caption."""
    plain = html.escape(re.sub(r"<[^>]+>", "", caption))
    return f'<figure><img src="{path}" alt="{plain}"><figcaption>{caption}</figcaption></figure>'


def python(code: str) -> str:
    """Return a block of Python."""
    return f"```python\n{code.strip()}\n```"


def code(text: str) -> str:
    """Return a block of Python that is no example: it does not run by itself."""
    return f"``` {{ .python .excerpt }}\n{text.strip()}\n```"


def printed(text: str) -> str:
    """Return what a program or a command prints as a block, its long lines folded."""
    return f'<pre class="printed">{html.escape(text, quote=False)}</pre>'


def terms(entry: Entry) -> str:
    """Return the table of names: what each is, its unit, default and bounds."""
    rows = [
        (
            f"<code>{term.name}</code>",
            worded(term.says)
            + (f' <span class="unit">[{term.unit}]</span>' if term.unit not in ("", term.name) else ""),
            html.escape(term.default),
            html.escape(term.bounds),
        )
        for term in entry.terms
    ]
    return table(("name", "what it is", "default", "allowed"), rows)


def facts(given: Iterable[Fact]) -> str:
    """Return the table of facts that are one sentence each."""
    rows = [(fact.title, worded(text)) for fact in given for _, text in fact.told]
    return table((), rows, "facts")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], name: str = "") -> str:
    """Return a table; columns without anything in them are left out."""
    rows = list(rows)
    used = [at for at in range(len(rows[0])) if any(row[at] for row in rows)]
    top = "".join(f"<th>{titles[at]}</th>" for at in used) if titles else ""
    body = "".join(f"<tr>{''.join(f'<td>{row[at]}</td>' for at in used)}</tr>\n" for row in rows)
    return f'<table class="{name}">{f"<thead><tr>{top}</tr></thead>" if top else ""}<tbody>\n{body}</tbody></table>'


def kin(entry: Entry) -> list[str]:
    """Return the section of links to kin, if there are any."""
    return ["## Kin", ", ".join(link(name) for name in entry.kin)] if entry.kin else []


def link(name: str) -> str:
    """Return a link from one entry's page to another's."""
    return f'<a href="../{KINDS[kinds()[name]]}/{name}.html">{name}</a>'


def worded(text: str) -> str:
    """Return a sentence as HTML: what stands in backquotes is code and, if it is an entry, a link."""

    def code(found: re.Match[str]) -> str:
        return link(found[1]) if found[1] in kinds() else f"<code>{found[1]}</code>"

    return re.sub(r"`([^`]+)`", code, html.escape(text, quote=False))
