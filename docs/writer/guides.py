"""What the guides show of the library as it is: filled in where a guide has {name}."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from torch import nn

import surefoot as sf
from surefoot.catalogue import entries
from writer import parts
from writer.programs import printed
from writer.stumble import measured

HERE = Path(__file__).parents[1] / "guides"


def table_of_groups() -> str:
    """Return the table that the guide to groups prints."""
    model = nn.Sequential(nn.Embedding(100, 16), nn.Linear(16, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 5))
    return str(sf.groups(model, decay=0.1))


def classes() -> str:
    """Return the table of torch's classes and the rules by which each steps."""
    rules: dict[str, list[str]] = {}
    for entry in entries("rule"):
        if entry.torch:
            name, _, given = entry.torch.removeprefix("torch.optim.").partition("(")
            words = f" with <code>{given.rstrip(')')}</code>" if given != ")" else ""
            rules.setdefault(name, []).append(f"{parts.link(entry.name)}{words}")
    rows = [(f"<code>sf.{name}</code>", "<br>".join(links)) for name, links in rules.items()]
    return parts.table(("class", "steps by"), rows)


def program(guide: str, number: int) -> str:
    """Return a program of a guide, by its number from 0."""
    found: list[str] = re.findall(r"```python\n(.*?)```", (HERE / guide).read_text(), flags=re.DOTALL)
    return found[number]


def prints(guide: str, number: int) -> str:
    """Return the block of what a program of a guide prints, by its number from 0."""
    return parts.printed(printed(program(guide, number)))


RACE = (
    "A race on the digits: validation penalty of short runs over their step size, at two lengths, and what was found."
)
PLANE = (
    "The last six checkpoints in the plane that holds most of their spread, with the penalty there, and the penalty "
    "along the lines between them."
)


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "guides/groups.md": {"table": table_of_groups},
    "guides/drop_in.md": {"classes": classes},
    "guides/doctor.md": {
        "card": partial(prints, "doctor.md", 0),
        "autopsy": partial(prints, "doctor.md", 3),
        "start": partial(prints, "doctor.md", 4),
        "measured": measured,
    },
    "guides/study.md": {"deck": partial(prints, "study.md", 0)},
    "guides/search.md": {
        "found": partial(prints, "search.md", 0),
        "race": partial(parts.figure, "../figures/guides/race.svg", RACE),
        "end": partial(prints, "search.md", 1),
        "plane": partial(parts.figure, "../figures/guides/plane.svg", PLANE),
    },
}
"""What to fill in, by page."""
