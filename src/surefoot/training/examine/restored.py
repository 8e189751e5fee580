"""A run left bit for bit as it was: what a replay may change is kept, and put back on every way out."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from surefoot.training.examine.things import memory
from surefoot.training.generators import Draws, draws, held_by, put_back, set_state, state_of

_COLLECTIONS = (list, dict, OrderedDict, set, deque)


@final
class Restored:
    """What is put back after a replay: memory that was written, the model's attributes, gradients, random states.

    Memory is copied just before it is first written, so that nothing is copied that stays as it is; only buffers are
    copied at once, since batch norm's kernels write them unannounced. The tensors' version counters are put back too:
    a graph that waits for its backward stays good.

    Args:
        model: the model.
    """

    def __init__(self, model: nn.Module) -> None:
        self._memory: dict[int | None, tuple[Any, Any]] = {}
        self._versions: dict[int, tuple[Tensor, int]] = {}
        self._modules = [(module, dict(module.__dict__), _contents(module)) for module in model.modules()]
        self._tensors = [_Place(tensor) for tensor in model.parameters() if not is_lazy(tensor)]
        self._own = [(own, state_of(own)) for own in held_by(model.modules())]
        self._draws = draws()
        for buffer in model.buffers():
            self.keep(buffer)

    def keep(self, tensor: Tensor) -> None:
        """Keep a tensor's version, and a copy of its whole memory, unless there is one."""
        self._versions.setdefault(id(tensor), (tensor, tensor._version))
        key = memory(tensor)
        if key is None or key in self._memory or tensor.layout is not torch.strided or tensor.is_meta:
            return
        storage = tensor.untyped_storage()
        self._memory[key] = (storage, storage.clone())  # type: ignore[no-untyped-call]

    def restore(self) -> None:
        """Put everything back."""
        for module, attributes, contents in self._modules:
            module.__dict__.clear()
            module.__dict__.update(attributes)
            for name, content in contents.items():
                _refilled(attributes[name], content)
        for place in self._tensors:
            place.restore()
        for storage, copy in self._memory.values():
            storage.copy_(copy)
        for tensor, version in self._versions.values():
            if tensor._version != version:
                torch._C._autograd._unsafe_set_version_counter((tensor,), (version,))
        for own, state in self._own:
            set_state(own, state)
        put_back(self._draws)


@final
class _Place:
    """One parameter: the memory it stands in, whether it is trained, and which tensor its gradient is."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor, self._memory, self._trained = tensor, tensor.detach(), tensor.requires_grad
        self._grad = tensor.grad

    @torch.no_grad()
    def restore(self) -> None:
        tensor = self._tensor
        if not tensor.is_set_to(self._memory):
            tensor.data = self._memory
        if tensor.requires_grad != self._trained:
            tensor.requires_grad_(self._trained)
        if tensor.grad is not self._grad:
            tensor.grad = self._grad


@contextmanager
def restored(model: nn.Module) -> Iterator[Restored]:
    """Leave a run as it was when this context ends, whatever happens in it.

    Args:
        model: the model.
    """
    kept = Restored(model)
    try:
        yield kept
    finally:
        kept.restore()


def start_from(found: Draws | Tensor | Sequence[Tensor] | None) -> None:
    """Put the random generators into the state before the forward, as far as it was kept.

    Args:
        found: a Draws, whose fields may be None where nothing was kept; torch's CPU state alone; or None.
    """
    if isinstance(found, Tensor):
        torch.set_rng_state(found)
    elif isinstance(found, Draws):
        now = draws()
        numpy = now.numpy if found.numpy is None else found.numpy
        python = now.python if found.python is None else found.python
        cuda = now.cuda if found.cuda is None else found.cuda
        put_back(Draws(found.cpu, cuda, found.mps, found.seed, numpy, python))


def _contents(module: nn.Module) -> dict[str, Any]:
    """Return copies of the plain collections among a module's attributes; their parts are not copied."""
    return {name: value.copy() for name, value in module.__dict__.items() if type(value) in _COLLECTIONS}


def _refilled(collection: Any, content: Any) -> None:
    if _same(collection, content):
        return
    collection.clear()
    collection.update(content) if isinstance(collection, dict | set) else collection.extend(content)


def _same(one: Any, other: Any) -> bool:
    """Return whether two collections hold the same objects in the same order; tensors cannot be compared by value."""
    if isinstance(one, dict):
        return [*one] == [*other] and all(one[name] is other[name] for name in one)
    if isinstance(one, set):
        return bool(one == other)
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
