"""New points on their way to a tab: one stream, whatever it shows, of which each piece says where to go on."""

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, final

import anyio
from anyio.to_thread import run_sync

from surefoot.errors import InvalidValue
from surefoot.page.library import Library, Signature, signature
from surefoot.page.run_data import Cursor, news

EVENTS = "text/event-stream"
"""The media type of a stream."""

LOOK = 0.02
"""Seconds between two looks at the files: asking five of them when they changed takes microseconds."""

APART = 0.2
"""Seconds between two pieces of one stream at least; the first after a rest goes at once."""

AGAIN = 0.35
"""Seconds after a change at which it is looked once more: two changes within a clock's tick look like one."""

ALIVE = 10.0
"""Seconds of silence after which a comment is sent, so that a tab that is gone is noticed."""


@final
class Watched:
    """One run as one tab sees it.

    Args:
        library: has the run.
        run: its name.
        cursor: what the tab has.
        which: the picture of the layers that it shows.
    """

    def __init__(self, library: Library, run: str, cursor: Cursor, which: str) -> None:
        self._library, self._run, self._which = library, run, which
        self.cursor = cursor
        self._glance: object = None

    def sign(self) -> Signature:
        """Return what changes when the run moves on."""
        return signature(self._library.folder / self._run)

    def news(self) -> dict[str, Any] | None:
        """Return what the tab does not have, or None if it has all."""
        known = self._library.find(self._run)
        if known is None:
            return {"id": self._run, "gone": True}
        try:
            found = news(self._library, known, self.cursor, self._which)
        except InvalidValue:
            return None
        if found is None:
            return None
        glance = {name: found[name] for name in ("title", "state", "taken", "ended", "best", "tried")}
        same = found["cursor"] == str(self.cursor) and glance == self._glance
        self.cursor, self._glance = Cursor.read(found["cursor"]) or self.cursor, glance
        return None if same else found


async def run_stream(watched: Sequence[Watched], closing: Callable[[], bool]) -> AsyncIterator[str]:
    """Send what is new in some runs, each piece under the cursors of all; it ends when the page does."""
    seen: list[Signature] = [() for _ in watched]
    again, sent = 0.0, 0.0
    yield "retry: 1000\n\n"
    while not closing():
        now = [each.sign() for each in watched]
        if now != seen or 0.0 < again < time.monotonic():
            again = time.monotonic() + AGAIN if now != seen else 0.0
            seen = now
            found = [each for each in [await run_sync(one.news) for one in watched] if each]
            if found:
                yield message("news", found, "|".join(str(each.cursor) for each in watched))
                sent = time.monotonic()
                await anyio.sleep(APART)
                continue
        if time.monotonic() - max(sent, again - AGAIN) > ALIVE:
            yield ": still here\n\n"
            sent = time.monotonic()
        await anyio.sleep(LOOK)


async def list_stream(
    rows: Callable[[], dict[str, str]], have: dict[str, str], closing: Callable[[], bool]
) -> AsyncIterator[str]:
    """Send rows of the list that have changed, and the word when there are others than there were.

    Args:
        rows: the rows as they are now, by run.
        have: those that the tab has.
        closing: whether the page ends.
    """
    yield "retry: 1000\n\n"
    rested = time.monotonic()
    while not closing():
        now = await run_sync(rows)
        changed = {run: row for run, row in now.items() if run in have and have[run] != row}
        if {*now} != {*have}:
            yield message("other", sorted({*now} ^ {*have}))
        if changed:
            yield message("rows", changed)
        if time.monotonic() - rested > ALIVE:
            yield ": still here\n\n"
            rested = time.monotonic()
        have = now
        for _ in range(10):
            await anyio.sleep(0.0 if closing() else 0.05)


def message(kind: str, content: object, number: str = "") -> str:
    r"""Return a piece of a stream.

    >>> message("rows", {"a": 1}, "3")
    'id: 3\nevent: rows\ndata: {"a":1}\n\n'
    """
    numbered = f"id: {number}\n" if number else ""
    return f"{numbered}event: {kind}\ndata: {json.dumps(content, separators=(',', ':'), allow_nan=False)}\n\n"
