"""Where an operation was called: the module, the user's file and line, and torch's function around it."""

import linecache
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, final

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

import surefoot
from surefoot.training.examine.things import plain_name

_TORCH = os.path.dirname(torch.__file__) + os.sep
_OWN = os.path.dirname(surefoot.__file__) + os.sep
_REPLAY = os.path.join(os.path.dirname(__file__), "replay.py")
_FUNCTIONS = (os.path.join(_TORCH, "nn", "functional.py"), os.path.join(_TORCH, "functional.py"))


@final
@dataclass(frozen=True)
class Spot:
    """Where an operation was called; whatever is not known is empty.

    Args:
        module: the innermost module's name, as the model has it; "" for the model itself or none of its modules.
        kind: that module's class.
        file: the innermost file that is neither torch's nor ours.
        line: the line there.
        function: the outermost function of torch.nn.functional within the module, such as "cross_entropy".
        stage: forward or penalty; gradient for what belongs to neither.
    """

    module: str = ""
    kind: str = ""
    file: str = ""
    line: int = 0
    function: str = ""
    stage: str = ""

    def __str__(self) -> str:
        return f"{_near(self.file)}:{self.line}" if self.file else ""

    @property
    def text(self) -> str:
        """The line as it is written, if the file can be read."""
        return linecache.getline(self.file, self.line).strip() if self.file else ""


def called_from(frame: FrameType | None) -> tuple[str, int, str]:
    """Return file and line of the user's innermost frame, and torch's outermost function on the way to the module.

    The walk ends where the replay begins: what called the doctor says nothing about the operation.
    """
    function, inside = "", True
    while frame is not None and frame.f_code.co_filename != _REPLAY:
        name = frame.f_code.co_filename
        if name.startswith(_TORCH):
            inside = inside and frame.f_code.co_name != "_call_impl"
            if inside and name in _FUNCTIONS:
                function = frame.f_code.co_name
        elif not name.startswith((_OWN, "<frozen")):
            return name, frame.f_lineno, function
        frame = frame.f_back
    return "", 0, function


@final
class Modules:
    """Which of a model's modules is running; hooks on all modules at once, so that none of them is touched."""

    def __init__(self, model: nn.Module) -> None:
        self._names: Mapping[int, str] = {id(each): plain_name(name) for name, each in model.named_modules()}
        self._running: list[tuple[str, str]] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Follow the calls of modules within this context."""
        before = register_module_forward_pre_hook(self._enters)
        after = register_module_forward_hook(self._leaves, always_call=True)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    @property
    def inside(self) -> bool:
        """Whether a module is running."""
        return bool(self._running)

    def spot(self, stage: str) -> Spot:
        """Return where the code now running was called; a module that runs again for a gradient is in its forward."""
        module, kind = self._running[-1] if self._running else ("", "")
        stage = "forward" if stage == "gradient" and self._running else stage
        return Spot(module, kind, *called_from(sys._getframe(1)), stage)

    def _enters(self, module: nn.Module, _: Any) -> None:
        self._running.append((self._names.get(id(module), ""), type(module).__name__))

    def _leaves(self, *_: Any) -> None:
        if self._running:
            self._running.pop()


def _near(path: str) -> str:
    """Return a path from the working folder if it lies in there."""
    here = os.getcwd() + os.sep
    return path.removeprefix(here)
