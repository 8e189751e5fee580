"""What is shown while studying: screens of a terminal, page by page, or plain text where there is none."""

import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from os import environ
from typing import final

from rich.console import Console, RenderableType
from rich.text import Text

from surefoot.errors import printable

WIDEST = 100
"""Columns of text: longer lines are hard to read."""

PLAIN = 80
"""Columns where nobody watches."""


UNCUT = 1000
"""Columns of a table where nobody watches, so that all of it can be searched."""


@final
class Screen:
    """Where screens are shown; without a terminal they follow each other as text."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal of ASCII has no é and no ellipsis
        self.watched = sys.stdout.isatty()
        self.console = Console(highlight=False, markup=False, emoji=False)
        if not self.watched and "COLUMNS" not in environ:
            self.console.width = PLAIN
        self.console.width = min(self.console.width, WIDEST)

    def show(self, parts: Sequence[RenderableType], keys: str, more: Callable[[], object]) -> None:
        """Show a screen, in pages if it is longer than the terminal.

        Args:
            parts: from top to bottom.
            keys: the last line: which keys there are.
            more: waits until the next page is wanted.
        """
        lines = self._lines(parts)
        room = max(self.console.height - 3, 5) if self.watched else max(len(lines), 1)
        pages = [lines[start : start + room] for start in range(0, len(lines), room)] or [[]]
        for place, page in enumerate(pages):
            self._clear()
            sys.stdout.write("".join(f"{line}\n" for line in page))
            last = place == len(pages) - 1
            self.console.print(Text(keys if last else f"[space] more ({place + 1} of {len(pages)})  [q] leave", "dim"))
            sys.stdout.flush()
            if not last:
                more()

    def tell(self, text: str) -> None:
        """Add a line to the screen, unbroken, so that an address can be copied."""
        self.console.print(Text(text), soft_wrap=True)
        sys.stdout.flush()

    def marked(self, text: str, style: str = "") -> Text:
        """Return a text of notes as it is shown here."""
        return marked(text, style, self.console)

    @property
    def has_blocks(self) -> bool:
        """Whether it can show block characters."""
        try:
            "▁█│└─".encode(self.console.encoding)
        except (LookupError, UnicodeEncodeError):
            return False
        return True

    def _clear(self) -> None:
        if self.watched and not self.console.is_dumb_terminal:
            sys.stdout.write("\x1b[H\x1b[2J")
        else:
            sys.stdout.write("\n")

    def _lines(self, parts: Sequence[RenderableType]) -> list[str]:
        with self.console.capture() as captured:
            for part in parts:
                self.console.print(part)
        return [line.rstrip() for line in captured.get().splitlines()]


def printed(what: RenderableType) -> None:
    """Print a table: as wide as the terminal, or whole where there is none."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    watched = sys.stdout.isatty() or "COLUMNS" in environ
    console = Console(highlight=False, markup=False, emoji=False, width=None if watched else UNCUT)
    with console.capture() as captured:
        console.print(what)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def marked(text: str, style: str, console: Console) -> Text:
    """Return a text of notes: what stands between backticks is set off, or keeps them where nothing can be."""
    text = "\n".join(printable(line) for line in text.splitlines())
    parts = text.split("`")
    if console.color_system is None or len(parts) % 2 == 0:
        return Text(text, style)
    made = Text(style=style)
    for place, part in enumerate(parts):
        made.append(part, "bold cyan" if place % 2 else "")
    return made
