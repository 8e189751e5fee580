"""The index page of each kind: every entry with its sentence and its formula."""

import html

from surefoot.catalogue import KINDS, Kind, entries
from writer import parts

_SAYS: dict[Kind, str] = {
    "rule": "An optimizer's formula with its constants. It is written once, in a few lines, and runs in numpy as the "
    "judge, eagerly on any device, and as a compiled kernel on the CPU.",
    "schedule": "A factor of the peak step size for each step of a run: a value that is computed from the step alone, "
    "joined by `>>` and multiplied by `*`.",
    "penalty": "What training makes small (others say loss). Torch computes it; surefoot knows its facts and refuses "
    "what torch would misread.",
}


def page(kind: Kind) -> str:
    """Return the Markdown of a kind's index."""
    several = KINDS[kind]
    rows = [
        (
            f'<a href="{entry.name}.html"><code>{entry.name}</code></a>',
            f'{parts.worded(entry.says)}<code class="line">{html.escape(entry.line, quote=False)}</code>',
            entry.torch.partition("(")[0].rpartition(".")[2],
        )
        for entry in entries(kind)
    ]
    return "\n\n".join(
        [
            f"---\ntitle: {several.capitalize()}\n---",
            f"# {several.capitalize()}",
            f'<p class="says">{parts.worded(_SAYS[kind])}</p>',
            f"In a terminal: `surefoot list --kind {several}`, and `surefoot show NAME` for one.",
            parts.table(("name", "what it is", "torch"), rows, "index"),
        ]
    )
