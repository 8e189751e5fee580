# ruff: noqa: ARG001, ARG005 (a piece of a loop takes the parts, whether it needs them or not)
"""What faults and healthy variations are, and how each is entered in the catalogue."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import nn

from benchmarks.stumble.parts import Kind, Parts

Suits: TypeAlias = Callable[[str, Kind], bool]
"""Whether a task's name and kind suit a variation."""

Currency: TypeAlias = Literal["score", "report", "memory", "finite"]
"""What a fault costs: the finished model's score, the truth of the scores reported on the way, memory, or that numbers
are finite: it counts only where they no longer are."""

Moment: TypeAlias = Literal["run", "start"]
"""When a fault is to be seen: by a doctor in the run, or by an examination before it."""


@dataclass(frozen=True)
class Planted:
    """Where a fault was planted, for the autopsy to find: the module, and the rows of the batch."""

    layer: str | None = None
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    Args:
        name: in words.
        code: what the doctor should say.
        also: codes that say the same here.
        strengths: from mild to severe.
        suits: which tasks.
        plant: changes the parts, and says where it did if the autopsy is to say so.
        costs: what it costs.
        moment: when it is to be seen.
    """

    name: str
    code: str
    also: tuple[str, ...]
    strengths: tuple[str, ...]
    suits: Suits
    plant: Callable[[Parts, str], Planted | None]
    costs: Currency = "score"
    moment: Moment = "run"


@dataclass(frozen=True)
class Sound:
    """One way to train that looks strange and is fine.

    Args:
        name: in words.
        suits: which tasks.
        change: changes the parts.
        enough: share of the task's stated score that it must reach: some of these learn less in so short a time.
    """

    name: str
    suits: Suits
    change: Callable[[Parts], object]
    enough: float = 1.0


FAULTS: dict[str, Fault] = {}
SOUND: dict[str, Sound] = {}


def everywhere(task: str, kind: Kind) -> bool:
    """Suit every task."""
    return True


def only(*names: str) -> Suits:
    """Suit tasks of these names."""
    return lambda task, kind: task in names


def kinds(*of: Kind, but: Collection[str] = ()) -> Suits:
    """Suit tasks of these kinds."""
    return lambda task, kind: kind in of and task not in but


def fault(
    code: str,
    *strengths: str,
    suits: Suits = everywhere,
    also: tuple[str, ...] = (),
    costs: Currency = "score",
    moment: Moment = "run",
) -> Callable[[Callable[[Parts, str], Planted | None]], Callable[[Parts, str], Planted | None]]:
    """Enter a function in the catalogue of faults, under its own name."""

    def entered(plant: Callable[[Parts, str], Planted | None]) -> Callable[[Parts, str], Planted | None]:
        name = plant.__name__.replace("_", " ")
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, code, also, strengths or ("always",), suits, plant, costs, moment)
        return plant

    return entered


def sound(
    suits: Suits = everywhere, enough: float = 1.0
) -> Callable[[Callable[[Parts], object]], Callable[[Parts], object]]:
    """Enter a function in the catalogue of healthy variations, under its own name."""

    def entered(change: Callable[[Parts], object]) -> Callable[[Parts], object]:
        name = change.__name__.replace("_", " ")
        assert name not in SOUND, name
        SOUND[name] = Sound(name, suits, change, enough)
        return change

    return entered


def layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a model's linear and convolution layers with their names, in order."""
    return [(name, each) for name, each in model.named_modules() if isinstance(each, (nn.Linear, nn.Conv2d))]
