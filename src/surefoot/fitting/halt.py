"""A signal that asks a run to end, as schedulers of clusters send before they kill."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self, final


@final
class Halt:
    """Takes SIGTERM as a wish that is granted after the present step; a second one ends the process at once.

    Only the main thread can be sent signals; in others, and where `active` is false, it does nothing.

    Args:
        active: whether there is a record from which the run can go on later.

    >>> with Halt(active=True) as halt: halt.reason()
    ''
    """

    def __init__(self, *, active: bool) -> None:
        self._active = active and threading.current_thread() is threading.main_thread()
        self._asked, self._before = False, None

    _before: Any

    def reason(self) -> str:
        """Return why the run is to end, in words, or nothing."""
        return "ended by SIGTERM" if self._asked else ""

    def between(self, tell: Callable[[object], None]) -> Callable[[object], None]:
        """Return what tells, and then ends a search if it is to end: by a KeyboardInterrupt, as a person would."""

        def told(outcome: object) -> None:
            tell(outcome)
            if self._asked:
                raise KeyboardInterrupt

        return told

    def _ask(self, number: int, _: FrameType | None) -> None:
        self._asked = True
        signal.signal(number, self._before)

    def __enter__(self) -> Self:
        if self._active:
            self._before = signal.getsignal(signal.SIGTERM)
            signal.signal(signal.SIGTERM, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._active and not self._asked:
            signal.signal(signal.SIGTERM, self._before)
