"""The index page of each kind: every entry with its sentence and its formula, or how sure and how bad it is."""

import html
from collections.abc import Iterator

from surefoot.catalogue import KINDS, Entry, Kind, entries
from surefoot.diagnose import CHECKS
from surefoot.diagnose.finding import MEANING
from writer import parts

_SAYS: dict[Kind, str] = {
    "rule": "An optimizer's formula with its constants. It is written once, in a few lines, and runs in numpy as the "
    "judge, eagerly on any device, and as a compiled kernel on the CPU.",
    "schedule": "A factor of the peak step size for each step of a run: a value that is computed from the step alone, "
    "joined by `>>` and multiplied by `*`.",
    "penalty": "What training makes small (others say loss). Torch computes it; surefoot knows its facts and refuses "
    "what torch would misread.",
    "check": "One thing that the doctor looks for: while a run goes on, or before it begins.",
}
_AT = {"run": "in a run", "start": "before it", "fit": "in a fit"}


def page(kind: Kind) -> str:
    """Return the Markdown of a kind's index."""
    several = KINDS[kind]
    return "\n\n".join(
        [
            f"---\ntitle: {several.capitalize()}\n---",
            f"# {several.capitalize()}",
            f'<p class="says">{parts.worded(_SAYS[kind])}</p>',
            f"In a terminal: `surefoot list --kind {several}`, and `surefoot show NAME` for one.",
            _checks() if kind == "check" else _table(kind),
        ]
    )


def _table(kind: Kind) -> str:
    rows = [
        (
            _link(entry),
            f'{parts.worded(entry.says)}<code class="line">{html.escape(entry.line, quote=False)}</code>',
            entry.torch.partition("(")[0].rpartition(".")[2],
        )
        for entry in entries(kind)
    ]
    return parts.table(("name", "what it is", "torch"), rows, "index")


def _checks() -> str:
    guide = 'How findings are read is told in <a href="../guides/doctor.html">the guide to the doctor</a>.'
    table = parts.table(("code", "what it finds", "evidence", "severity", "when"), _rows_of_checks(), "index")
    used = {word for check in CHECKS.values() for word in (check.evidence, check.severity)}
    words = [(word, says) for word, says in MEANING.items() if word in used]
    return "\n\n".join([f"<p>{guide}</p>", table, "## The words", parts.table((), words, "facts")])


def _rows_of_checks() -> Iterator[tuple[str, ...]]:
    for entry in entries("check"):
        check = CHECKS[entry.name]
        yield _link(entry), parts.worded(entry.says), check.evidence, check.severity, _AT[check.at]


def _link(entry: Entry) -> str:
    return f'<a href="{entry.name}.html"><code>{entry.name}</code></a>'
