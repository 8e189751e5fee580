"""Where keys come from while studying: single ones of a terminal, or lines where nobody sits at one."""

import codecs
import os
import sys
from abc import ABC, abstractmethod
from io import TextIOWrapper
from types import TracebackType
from typing import Any, Self, final

LEAVES = ("q", "esc")
"""Keys by which a learner leaves, from everywhere."""

ALONE = 0.05
"""Seconds after which Esc was pressed alone, and is not the beginning of what an arrow sends."""

_NAMES = {"\r": "enter", "\n": "enter", "\x1b": "esc", "\x04": "end", "\x03": "stop"}
"""Of what a terminal sends for keys without a sign; Ctrl-D ends the input, Ctrl-C stops the program."""


class Left(Exception):
    """The learner has left: by q, by Esc, or because the input has ended."""


class Keys(ABC):
    """What a learner presses and types."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Begin to listen."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""

    @abstractmethod
    def key(self) -> str:
        """Return the next key: its lower-case letter or sign, " ", "enter" or "esc".

        Errors: Left if the input has ended.
        """

    @abstractmethod
    def line(self, prompt: str) -> str:
        """Return what is typed until Enter.

        Errors: Left if the learner leaves, by Esc or the end of the input.
        """


@final
class LineKeys(Keys):
    """Keys of an input that is no terminal: each line holds one or more; an empty one is Enter."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    def __enter__(self) -> Self:
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()

    def key(self) -> str:
        """Return the next sign of the present line, or of the next one."""
        if not self._waiting:
            self._waiting = list(self._next().strip().lower()) or ["enter"]
        return self._waiting.pop(0)

    def line(self, prompt: str) -> str:
        """Return the next line."""
        print(prompt, end="", flush=True)
        self._waiting.clear()
        return self._next().strip()

    def _next(self) -> str:
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise Left
        return line


class SingleKeys(Keys):
    """Keys of a terminal, one by one; a line is edited with Backspace and Ctrl-U, and shown as it is typed."""

    BEGIN: str
    """Signs with which begins what arrows and the like send."""

    @abstractmethod
    def _sign(self) -> str:
        """Return the next sign that the terminal sends."""

    @abstractmethod
    def _rest(self) -> str:
        """Return what the terminal has sent besides, without waiting: the rest of what an arrow sends."""

    def key(self) -> str:
        """Return the next key; arrows and the like are passed over."""
        while True:
            found = self._named()
            if found == "end":
                raise Left
            if found and found.isprintable():
                return found.lower()

    def line(self, prompt: str) -> str:
        """Return what is typed until Enter, with what was typed in sight."""
        typed = ""
        while True:
            self._show(prompt, typed)
            found = self._named()
            if found == "enter":
                print(flush=True)
                return typed.strip()
            if found in ("esc", "end"):
                raise Left
            typed = self._edited(typed, found)

    def _named(self) -> str:
        sign = self._sign()
        if sign in self.BEGIN and self._rest():
            return ""
        if _NAMES.get(sign) == "stop":
            raise KeyboardInterrupt
        return _NAMES.get(sign, sign)

    def _edited(self, typed: str, sign: str) -> str:
        if sign in ("\x7f", "\b"):
            return typed[:-1]
        if sign == "\x15":
            return ""
        return typed + sign if sign.isprintable() else typed

    def _show(self, prompt: str, typed: str) -> None:
        room = max(_columns() - len(prompt) - 2, 8)
        print(f"\r\x1b[K{prompt}{typed[-room:]}", end="", flush=True)


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80


@final
class PosixKeys(SingleKeys):
    """Keys of a terminal on Linux and macOS."""

    BEGIN = "\x1b"

    def __enter__(self) -> Self:
        import termios

        self._input = sys.stdin.fileno()
        self._before: list[Any] = termios.tcgetattr(self._input)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import termios

        termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    def _sign(self) -> str:
        import termios
        import tty

        tty.setcbreak(self._input, termios.TCSADRAIN)  # at each key: whoever was stopped and goes on has lost it
        while True:
            read = os.read(self._input, 1)
            if not read:
                raise Left
            if sign := self._decoder.decode(read):
                return sign

    def _rest(self) -> str:
        import select

        return os.read(self._input, 16).decode("ascii", "replace") if self._waits(select.select) else ""

    def _waits(self, select: Any) -> bool:
        return bool(select([self._input], [], [], ALONE)[0])


@final
class WindowsKeys(SingleKeys):
    """Keys of a terminal on Windows."""

    BEGIN = "\x00\xe0"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was changed."""

    def _sign(self) -> str:
        import msvcrt

        return str(msvcrt.getwch())  # type: ignore[attr-defined, unused-ignore]

    def _rest(self) -> str:
        import msvcrt

        return str(msvcrt.getwch()) if msvcrt.kbhit() else ""  # type: ignore[attr-defined, unused-ignore]


def keys() -> Keys:
    """Return the keys of this process's input."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return LineKeys()
    return WindowsKeys() if os.name == "nt" else PosixKeys()
