"""Checkpoints of a loop: its state saved now and then, beside it, and brought back after whatever ended it."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self, final

from torch import Tensor, nn

from surefoot.errors import InvalidValue, refuse
from surefoot.training.checkpoint.disk import Disk
from surefoot.training.checkpoint.file import Written, read, whole, write
from surefoot.training.checkpoint.parts import Generators, Part, Weights
from surefoot.training.checkpoint.tree import Json, apart

EVERY = 20.0
"""Seconds between two checkpoints: what a death costs at most, and seldom enough to cost nothing."""

SHARE = 0.01
"""Part of the time that copying the state may take; where it would take more, checkpoints are rarer."""

Copy = tuple[Json, dict[str, Tensor]]


@final
@dataclass(frozen=True)
class Cost:
    """What saving has cost so far.

    Args:
        number: checkpoints written.
        bytes: size of the latest.
        held: seconds for which the loop was held up, to copy its state.
        beside: seconds of writing and verifying, beside the loop.
    """

    number: int = 0
    bytes: int = 0
    held: float = 0.0
    beside: float = 0.0

    def __str__(self) -> str:
        each = "checkpoint" if self.number == 1 else "checkpoints"
        return f"{self.number} {each} of {self.bytes / 1e6:.3g} MB; they held the run up for {self.held:.2g} s"


@final
class Checkpoints:
    """Saves the state of a loop every so many seconds, beside it, and brings it back.

        checkpoints = sf.Checkpoints("runs/mine", {"model": model, "optimizer": optimizer})
        start = checkpoints.resume()                 # 0 if there is none yet
        for step in range(start, 10_000):
            ...
            checkpoints.save(step + 1)               # if one is due; returns at once
        checkpoints.close()

    The state is copied between two steps and written by a thread: to a file beside, synced, renamed, read again and
    verified; then older ones are removed. No pickle: a file holds tensors and JSON, and can run no code.

    Args:
        folder: where; it is made if need be.
        parts: what is saved, by name: modules, and whatever has `state_dict` and `load_state_dict`. The states of the
            global generators are saved too.
        every: seconds between two [>= 0]; 0 saves whenever the last one is written.
        last: how many are kept [>= 1].
        before: called before a checkpoint is put in its place, by the thread: what has to be on the disk by then.
        disk: acts on the files.

    Errors: InvalidValue naming every fault of the call. Later none: a disk that fails is told by `fault`, and the next
    checkpoint tries again.

    Laws: a loop that resumes goes on bit for bit as if it had not been interrupted, if all its state is in the parts.

    >>> import tempfile
    >>> model = nn.Linear(1, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Checkpoints(folder, {"model": model}, every=0) as one: _ = one.save(7)
    ...     Checkpoints(folder, {"model": model}).resume()
    7
    """

    def __init__(
        self,
        folder: str | Path,
        parts: Mapping[str, nn.Module | Part],
        *,
        every: float = EVERY,
        last: int = 2,
        before: Callable[[], object] = lambda: None,
        disk: Disk | None = None,
    ) -> None:
        refuse("Checkpoints", _faults(parts, every, last))
        self.folder, self._every, self._last, self._before = Path(folder), every, last, before
        own = {} if "generators" in parts else {"generators": Generators()}
        self._parts = {**{n: Weights(p) if isinstance(p, nn.Module) else p for n, p in parts.items()}, **own}
        self._disk, self._worker = disk or Disk(), ThreadPoolExecutor(1, "surefoot-checkpoint")
        self._writing: Future[None] | None = None
        self.cost, self.fault = Cost(), ""
        self.passed_over: list[str] = []
        self._next = perf_counter() + every

    def due(self) -> bool:
        """Tell whether it is time for one, and the last is written."""
        return perf_counter() >= self._next and (self._writing is None or self._writing.done())

    def save(self, step: int) -> bool:
        """Save the state after so many steps if it is time to; return whether it is being saved. Call between steps."""
        if not self.due():
            return False
        self._begin(step)
        return True

    def save_now(self, step: int) -> bool:
        """Save the state and wait until it is on the disk; return whether it is."""
        self._settled()
        self._begin(step)
        self._settled()
        return not self.fault

    def resume(self) -> int:
        """Bring the newest state that is whole back into the parts; return its step, or 0 where there is none.

        Files that are torn or changed are passed over, for the one before; `passed_over` then says why.

        Errors: InvalidValue if a state is of other parts, or of a model that differs.
        """
        self.passed_over = []
        for file in self.folder.glob("step-*.part"):  # a death in the middle of writing one leaves it
            self._disk.remove(file)
        for file in reversed(files(self.folder)):
            try:
                step, state = read(file)
            except InvalidValue as error:
                self.passed_over.append(str(error))
                continue
            self._take(file, state)
            return step
        return 0

    def _take(self, file: Path, state: Mapping[str, Any]) -> None:
        faults = [f"it has no {name!r}" for name in self._parts if name not in state]
        faults += [f"it has {name!r}, which this loop has not" for name in state if name not in self._parts]
        refuse(f"checkpoint {file.name}", faults)
        for name, part in self._parts.items():  # generators last: loading may draw
            part.load_state_dict(state[name])

    def _begin(self, step: int) -> None:
        begun = perf_counter()
        try:
            copy = _copied(apart({name: part.state_dict() for name, part in self._parts.items()}))
        except InvalidValue as error:  # of the user's own parts: said once, and no later state will do better
            self.fault, self._next = str(error), float("inf")
            return
        held = perf_counter() - begun
        self.cost = Cost(self.cost.number, self.cost.bytes, self.cost.held + held, self.cost.beside)
        self._next = perf_counter() + max(self._every, held / SHARE if self._every else 0.0)
        self._writing = self._worker.submit(self._write, step, copy)

    def _write(self, step: int, copy: Copy) -> None:
        begun, file = perf_counter(), self.folder / f"step-{step:09d}.safetensors"
        try:
            self._before()
            self.folder.mkdir(parents=True, exist_ok=True)
            written = write(file, step, copy, self._disk)
            self._verified(written)
            self.fault = ""
        except (OSError, InvalidValue) as error:
            self.fault = f"no checkpoint could be written at step {step} ({error})"
            return
        seconds = self.cost.beside + perf_counter() - begun
        self.cost = Cost(self.cost.number + 1, written.bytes, self.cost.held, seconds)

    def _verified(self, written: Written) -> None:
        """Remove older ones once this one is known to be whole."""
        if what := whole(written.file):
            self._disk.remove(written.file)
            raise OSError(f"{written.file.name} does not read as it was written: {what}")
        there = [file for file in files(self.folder) if file != written.file]
        older = [file for file in there if file < written.file]
        for file in [*older[: max(0, len(older) - self._last + 1)], *(each for each in there if each > written.file)]:
            self._disk.remove(file)

    def _settled(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def close(self) -> None:
        """Wait for what is being written."""
        self._worker.shutdown(wait=True)

    def remove(self) -> None:
        """Wait, and remove all: the run has come to its end."""
        self.close()
        for file in files(self.folder):
            self._disk.remove(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def files(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, by step."""
    return sorted(folder.glob("step-*.safetensors"))


def _copied(state: Copy) -> Copy:
    """Return a state with tensors of its own, on the CPU."""
    found, tensors = state
    return found, {name: _copy(each) for name, each in tensors.items()}


def _copy(tensor: Tensor) -> Tensor:
    return tensor.clone() if tensor.device.type == "cpu" else tensor.to("cpu", copy=True)


def _faults(parts: Mapping[str, nn.Module | Part], every: float, last: int) -> list[str]:
    faults = [
        f"parts has {name!r}, a {type(part).__name__}; give modules, and what has state_dict and load_state_dict"
        for name, part in parts.items() if not isinstance(part, (nn.Module, Part))
    ]  # fmt: skip
    faults += [] if parts else ["parts is empty; give what is to be saved, such as {'model': model}"]
    faults += [] if every >= 0.0 else [f"every is {every}; it is a number of seconds, at least 0"]
    return faults + ([] if last >= 1 else [f"last is {last}; at least 1 is kept"])
