"""The thread that writes a run's log, so that the loop never waits for a disk."""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, final

from surefoot.records.log import Item, Log
from surefoot.records.store import Store

if TYPE_CHECKING:
    from surefoot.records.pyramid import Layout

FLUSH_EVERY = 1.0
"""Seconds between two batches: what a killed process loses at most."""

MOST_WAITING = 200_000
"""Items that may wait for a disk that does not take them; then the record ends."""

LONGEST_BATCH = 256
"""Items that are written together: what they are made into holds up other threads, for a fraction of a millisecond."""


@final
@dataclass(frozen=True, eq=False)
class Order:
    """Something to be done by the thread when all before it is written.

    Args:
        do: what; None for nothing more than to write what waits.
        last: whether the thread ends with it.
        done: set when it is done.
    """

    do: Callable[[Log], None] | None = None
    last: bool = False
    done: threading.Event = field(default_factory=threading.Event)


Waiting: TypeAlias = "Item | Order"


@final
class Writer:
    """Takes at once what is to be written, and writes it in batches in a thread of its own.

    A disk that fails ends it: `fault` says why, and what comes later is dropped. In a forked child it is silent. The
    store is made in the thread and known to that alone, so nothing that a child does closes its copy of it.

    Args:
        opened: makes the store.

    Errors: what `opened` raises.
    """

    def __init__(self, opened: Callable[[], Store]) -> None:
        self.fault: str | None = None
        self.silent = False
        self.told = 0
        self.layout: Layout | None = None
        self.waiting: deque[Waiting] = deque()
        self.put: Callable[[Waiting], None] = self.waiting.append
        self.busy = threading.Lock()
        self._error: Exception | None = None
        self._wake, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, args=(opened,), name="surefoot-records", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        _LIVE.add(self)
        atexit.register(self.close)

    def ask(self, do: Callable[[Log], None] | None = None, *, last: bool = False) -> None:
        """Have something done after all that was put so far; return when it is, or when nothing more will be done."""
        if self.silent:
            return
        order = Order(do, last)
        self.put(order)
        self._wake.set()
        while not (order.done.wait(0.1) or self.fault or not self._thread.is_alive()):
            pass

    def close(self) -> None:
        """Write what waits and let go of the store; closing twice does nothing more."""
        self.ask(last=True)
        if not self.silent:
            self._thread.join(timeout=60.0)
        _LIVE.discard(self)
        atexit.unregister(self.close)
        self.stop(None)

    def stop(self, fault: str | None) -> None:
        """Take nothing more."""
        self.put = _dropped
        self.waiting.clear()
        self.fault = self.fault or fault

    def silence(self) -> None:
        """Take nothing and do nothing more, for in a forked child there is no thread."""
        self.silent = True
        self.waiting = deque()
        self.stop(None)

    def _work(self, opened: Callable[[], Store]) -> None:
        try:
            log = Log(opened())
            self.told, self.layout = log.store.told, log.store.layout
        except Exception as error:  # told by who waits for it
            self._error = error
            return
        finally:
            self._ready.set()
        try:
            while self._drained(log):
                self._wake.wait(FLUSH_EVERY)
                self._wake.clear()
            log.store.close()
        except Exception as error:  # a full disk, a file taken away: any kind
            self.stop(" ".join(str(error).split()) or type(error).__name__)
            with suppress(Exception):
                log.store.close()

    def _drained(self, log: Log) -> bool:
        """Write what waits; return whether more is to come."""
        going = True
        while self.waiting and going:
            with self.busy:
                going = self._batch(log)
        return going

    def _batch(self, log: Log) -> bool:
        items: list[Item] = []
        order = None
        while order is None and self.waiting and len(items) < LONGEST_BATCH:
            item = self.waiting.popleft()
            if isinstance(item, Order):
                order = item
            else:
                items.append(item)
        log.write(items)
        if order is None:
            return True
        if order.do is not None:
            order.do(log)
        order.done.set()
        return not order.last


def _dropped(item: Waiting) -> None:
    """Take what nobody writes any more."""


_LIVE: set[Writer] = set()
"""The writers with a thread, of whom a fork is told."""


def _before_fork() -> None:
    for writer in _LIVE:  # a batch in the making holds locks of SQLite's, which the child would never see released
        writer.busy.acquire(timeout=1.0)


def _after_fork_in_parent() -> None:
    for writer in _LIVE:
        with suppress(RuntimeError):  # the disk took longer, and the thread has it
            writer.busy.release()


def _after_fork_in_child() -> None:
    for writer in _LIVE:
        writer.silence()
    _LIVE.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
