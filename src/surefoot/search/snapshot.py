"""A snapshot: everything of a run that a search touches, put back bit for bit whatever happens in between.

A search trains, so it changes weights, buffers, modes, the state of an optimizer, random generators and the place in
the data. In a loop of one's own:

    with Snapshot(model, optimizer, sources=[loader]):
        ...                                            # train, fail, be interrupted
    # here everything is as it was

What it cannot see are plain Python attributes of the user's modules, such as a counter in `forward`.
"""

from collections.abc import Sequence
from copy import deepcopy
from types import TracebackType
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from surefoot.errors import refuse
from surefoot.training.batches import Source
from surefoot.training.copies import Copies
from surefoot.training.generators import draws, held_by, put_back, set_state, state_of
from surefoot.training.sources import Stateful, parts


@final
class Snapshot:
    """A copy of all that training changes, as it was when the copy was made.

    Args:
        model: its parameters and buffers (the objects and their values, wherever they are), gradients, modes,
            `requires_grad` and extra state; none if None.
        optimizer: its state and groups, by its own `state_dict`; none if None.
        sources: loaders whose own generators and `state_dict` are part of it.

    Errors: InvalidValue if the model has parameters that a lazy module has not made yet.

    Laws: after `restore` every bit is as it was; it may be called again. As a context manager it restores on every way
    out, an error and Ctrl-C too.

    >>> model = nn.Linear(1, 1); before = model.weight.item()
    >>> with Snapshot(model): _ = nn.init.zeros_(model.weight)
    >>> model.weight.item() == before
    True
    """

    def __init__(
        self, model: nn.Module | None, optimizer: torch.optim.Optimizer | None = None, sources: Sequence[Source] = ()
    ) -> None:
        model = nn.Module() if model is None else model
        lazy = [name for name, parameter in model.named_parameters() if is_lazy(parameter)]
        missing = f"{', '.join(lazy)} of a lazy module is not made yet; call the model on one batch first"
        refuse("Snapshot", [missing] if lazy else [])
        tensors = _Tensors()
        self._modules = [_Module(module, tensors) for module in model.modules()]
        tensors.keep()
        self._optimizer = optimizer
        self._steps = None if optimizer is None else deepcopy(optimizer.state_dict())
        things = [part for source in sources for part in parts(source)]
        self._own = [(own, state_of(own)) for own in held_by(things)]
        self._loaders = [(thing, deepcopy(thing.state_dict())) for thing in things if isinstance(thing, Stateful)]
        self._draws = draws()

    def restore(self) -> None:
        """Put everything back."""
        for module in self._modules:
            module.restore()
        if self._optimizer is not None and self._steps is not None:
            self._optimizer.load_state_dict(deepcopy(self._steps))  # it may keep what it is given
        for loader, state in self._loaders:
            loader.load_state_dict(deepcopy(state))
        for own, state in self._own:
            set_state(own, state)
        put_back(self._draws)  # last: loaders may draw

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()


@final
class _Module:
    """One module's own part: the tensors it names, its mode, its extra state."""

    def __init__(self, module: nn.Module, tensors: "_Tensors") -> None:
        self._module, self._training = module, module.training
        self._parameters = {name: tensors.of(parameter) for name, parameter in module._parameters.items()}
        self._buffers = {name: tensors.of(buffer) for name, buffer in module._buffers.items()}
        extra = type(module).get_extra_state is not nn.Module.get_extra_state
        self._extra: list[Any] = [deepcopy(module.get_extra_state())] if extra else []

    def restore(self) -> None:
        module = self._module
        module.training = self._training
        for names, copies in ((module._parameters, self._parameters), (module._buffers, self._buffers)):
            names.clear()
            names.update({name: None if copy is None else copy.restored() for name, copy in copies.items()})
        for state in self._extra:
            module.set_extra_state(deepcopy(state))


@final
class _Tensors:
    """All tensors of a model, each once although it may have several names, and the copies of their values."""

    def __init__(self) -> None:
        self._known: dict[int, _Tensor] = {}

    def of(self, tensor: Tensor | None) -> "_Tensor | None":
        """Return what is kept of a tensor."""
        if tensor is None:
            return None
        if id(tensor) not in self._known:
            grad = tensor.grad if tensor.is_leaf else None
            self._known[id(tensor)] = _Tensor(tensor, self.of(grad))  # which holds it, so that no other has its id
        return self._known[id(tensor)]

    def keep(self) -> None:
        """Copy the values: all at once, since together they may be too large to be kept in memory."""
        known = [*self._known.values()]
        for each, values in zip(known, Copies([each.memory for each in known]).values, strict=True):
            each.values = values


@final
class _Tensor:
    """One tensor: the object, the memory it stood in, and a copy of the values that were there."""

    def __init__(self, tensor: Tensor, grad: "_Tensor | None") -> None:
        self._tensor, self.memory, self._grad = tensor, tensor.detach(), grad
        self._trained = tensor.requires_grad
        self.values = self.memory

    @torch.no_grad()
    def restored(self) -> Any:
        tensor = self._tensor
        if not tensor.is_set_to(self.memory):  # moved to another device, or given other data
            tensor.data = self.memory
        tensor.copy_(self.values)
        if tensor.is_leaf:
            tensor.requires_grad_(self._trained)
            tensor.grad = None if self._grad is None else self._grad.restored()
        return tensor
