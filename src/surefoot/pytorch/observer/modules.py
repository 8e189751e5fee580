"""The modules of a model that behave differently in training, and those that a forward pass runs through."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from surefoot.diagnose.checks.modes import Census

_PREFIX = "_orig_mod."
"""What torch.compile puts before every name."""


def named(model: nn.Module) -> dict[int, str]:
    """Return the names of a model's parameters by their identity; a tied one has its first name.

    >>> sorted(named(nn.Linear(2, 1)).values())
    ['bias', 'weight']
    """
    return {id(p): name.replace(_PREFIX, "") for name, p in model.named_parameters()}


def titled(name: str, module: nn.Module) -> str:
    """Return a module's name, and its kind where the name is but a number.

    >>> titled("body.0", nn.Linear(2, 1)), titled("head", nn.Linear(2, 1))
    ('body.0 (Linear)', 'head')
    """
    name = name.replace(_PREFIX, "")
    return f"{name} ({type(module).__name__})" if name.rpartition(".")[2].isdigit() else name


def drops(module: nn.Module) -> bool:
    """Return whether a module drops units in training."""
    if isinstance(module, _DropoutNd):
        return module.p > 0.0
    if isinstance(module, (nn.MultiheadAttention, nn.RNNBase)):
        return module.dropout > 0.0
    return isinstance(module, nn.RReLU)


def norms(model: nn.Module) -> dict[str, _NormBase]:
    """Return the norms that keep running statistics, by title; not an instance norm that keeps none."""
    found = {name: module for name, module in model.named_modules() if isinstance(module, _NormBase)}
    return {titled(name, module): module for name, module in found.items() if module.track_running_stats}


def census(model: nn.Module) -> Census:
    """Return which modules behave differently in training, and which of them are in eval mode."""
    stateful = norms(model)
    dropping = {titled(name, each): each for name, each in model.named_modules() if drops(each)}
    every = {**stateful, **dropping}
    return Census(
        model.training, tuple(stateful), tuple(dropping),
        tuple(name for name, module in every.items() if not module.training),
        any(module.momentum in (None, 1.0) for module in stateful.values()),
    )  # fmt: skip


@final
@dataclass(frozen=True)
class Run:
    """One module that a forward pass ran through.

    Args:
        name: of the module.
        graph: whether its output required a gradient.
        rows: size of its input's first dimension; 0 if that was no tensor.
    """

    name: str
    graph: bool
    rows: int


def traceable(model: nn.Module) -> dict[str, nn.Module]:
    """Return torch's own layers with parameters, by name: modules of which it is known that they use them all."""
    return {
        name.replace(_PREFIX, ""): module
        for name, module in model.named_modules()
        if type(module).__module__.startswith("torch.nn.modules")
        and not any(module.children())
        and any(True for _ in module.parameters(recurse=False))
    }


@contextmanager
def traced(modules: dict[str, nn.Module], found: list[Run]) -> Iterator[None]:
    """Append what each forward pass runs through, in order, until the end of the block."""
    handles = [module.register_forward_hook(_Note(name, found)) for name, module in modules.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@final
class _Note:
    """A hook that notes a run of one module; a copy or a pickle of the module takes along one that notes elsewhere."""

    def __init__(self, name: str, found: list[Run]) -> None:
        self._name, self._found = name, found

    def __call__(self, _: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        rows = inputs[0].shape[0] if inputs and isinstance(inputs[0], Tensor) and inputs[0].ndim else 0
        self._found.append(Run(self._name, any(each.requires_grad for each in tensors(output)), rows))

    def __reduce__(self) -> tuple[type["_Note"], tuple[str, list[Run]]]:
        return _Note, (self._name, [])


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors of an output or of arguments: in tuples, lists and mappings too."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from tensors(each)


def hidden(model: nn.Module) -> dict[int, str]:
    """Return parameters of modules that a model keeps in plain lists or dicts, where torch does not see them."""
    found: dict[int, str] = {}
    for prefix, module in model.named_modules():
        for word, value in vars(module).items():
            held = [*_modules_in(value)] if not word.startswith("_") else []
            for place, each in held:
                path = f"{prefix}.{word}".lstrip(".").replace(_PREFIX, "")
                found |= {id(p): f"{path}[{place!r}].{name}" for name, p in each.named_parameters()}
    return found


def _modules_in(value: Any) -> Iterable[tuple[object, nn.Module]]:
    places = enumerate(value) if isinstance(value, (list, tuple)) else value.items() if type(value) is dict else ()
    return [(place, each) for place, each in places if isinstance(each, nn.Module)]
