"""The parameters of a model by name: each once, without the names that wrappers put in front."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

_WRAPPED = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Where torch.compile, FSDP and activation checkpointing keep the module they wrap."""
_PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)
"""These keep it in `module`, which may be anybody's name: only theirs is left out."""


@final
@dataclass(frozen=True, eq=False)
class Place:
    """Where a parameter lives: a dotted name, and the module that it directly belongs to."""

    name: str
    module: nn.Module


@final
@dataclass(frozen=True, eq=False)
class Named:
    """A parameter with every place it lives in, the first one first: a tied one has several."""

    parameter: nn.Parameter
    places: tuple[Place, ...]

    @property
    def name(self) -> str:
        """Its first name."""
        return self.places[0].name


def modules(model: nn.Module) -> dict[str, nn.Module]:
    """Return every module by its dotted name, the model's own being empty, in the order of registration.

    A module that is registered twice is there under both names; of a wrapper and what it wraps, the latter.

    >>> list(modules(nn.Sequential(nn.ReLU(), nn.DataParallel(nn.Tanh()))))
    ['', '0', '1']
    """
    return {path: module for path, module, _ in _walk(model, "", ())}


def _walk(module: nn.Module, path: str, above: tuple[nn.Module, ...]) -> Iterator[tuple[str, nn.Module, nn.Module]]:
    """Go through the modules: each with its path, and with the module whose parameters those in it are."""
    yield path, module, above[-2] if isinstance(module, ParametrizationList) else module
    for key, child in module._modules.items():  # named_children leaves out what is registered twice
        if child is not None and not any(child is one for one in (*above, module)):
            hidden = key in _WRAPPED or isinstance(module, _PARALLEL)
            yield from _walk(child, path if hidden else f"{path}.{key}".lstrip("."), (*above, module))


def named(model: nn.Module) -> list[Named]:
    """Return a model's parameters, frozen ones too, in the order in which `parameters()` gives them.

    What a parametrisation (weight_norm and its like) holds belongs to the module whose weight it makes.

    >>> tied = nn.Linear(2, 2, bias=False)
    >>> [place.name for place in named(nn.Sequential(tied, nn.Tanh(), tied))[0].places]
    ['0.weight', '2.weight']
    """
    found: dict[int, tuple[nn.Parameter, list[Place]]] = {}
    for path, module, owner in _walk(model, "", ()):
        for key, parameter in module._parameters.items():
            if parameter is not None:
                places = found.setdefault(id(parameter), (parameter, []))[1]
                places.append(Place(f"{path}.{key}".lstrip("."), owner))
    return [Named(parameter, tuple(places)) for parameter, places in found.values()]


_SHOWN = 5  # alternatives in braces

Folded = tuple[tuple[str, ...], ...]
"""Names as one: the parts that each of its components may be."""


def folded(names: Iterable[str]) -> list[str]:
    """Return fewer names that stand for all the given ones and no other; of many alternatives it counts the last.

    >>> folded(f"blocks.{i}.{norm}.{leaf}" for i in range(9) for norm in ("in", "out") for leaf in ("weight", "bias"))
    ['blocks.0-8.{in,out}.{weight,bias}']
    """
    rows: list[Folded] = [tuple((part,) for part in name.split(".")) for name in names]
    longest = max(map(len, rows), default=0)
    numbers = [(at, True) for at in range(longest)]
    for at, numeric in [*numbers, *((at, False) for at in range(longest - 1, -1, -1))]:
        rows = _merged(rows, at, numeric=numeric)
    return [".".join(map(_alternatives, row)) for row in rows]


def _merged(rows: list[Folded], at: int, *, numeric: bool) -> list[Folded]:
    """Merge the rows that are equal but in one component."""
    merged: dict[object, Folded] = {}
    for row in rows:
        here = at < len(row) and all(part.isdecimal() for part in row[at]) == numeric
        key = (row[:at], row[at + 1 :]) if here else (row,)
        before = merged.get(key)
        merged[key] = row if before is None else (*row[:at], before[at] + row[at], *row[at + 1 :])
    return list(merged.values())


def _alternatives(parts: tuple[str, ...]) -> str:
    """Return one part, parts that count on as a range, or the parts in braces."""
    stem = parts[0].rstrip("0123456789")
    ends = [part.removeprefix(stem) for part in parts]
    counting = all(end.isdecimal() and stem + end == part for end, part in zip(ends, parts, strict=True))
    return stem + _braced(_ranges(sorted(map(int, ends)))) if counting and len(parts) > 1 else _braced(parts)


def _ranges(numbers: Sequence[int]) -> list[str]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [text for run in runs for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))]


def _braced(texts: Sequence[str]) -> str:
    cut = [*texts[:_SHOWN], f"+{len(texts) - _SHOWN}"] if len(texts) > _SHOWN + 1 else texts
    return texts[0] if len(texts) == 1 else f"{{{','.join(cut)}}}"
