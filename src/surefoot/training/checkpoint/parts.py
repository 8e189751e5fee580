"""What a checkpoint is made of: anything that gives its state and takes it back."""

from collections.abc import Mapping
from typing import Any, Protocol, final, runtime_checkable

import torch
from torch import Tensor, nn

from surefoot.errors import refuse
from surefoot.training.generators import Draws, draws, put_back


@runtime_checkable
class Part(Protocol):
    """A part of a run's state: optimizers, averages, loaders with a place, schedulers; a module by `Weights`."""

    def state_dict(self) -> Any:
        """Return the state; tensors may go on changing."""

    def load_state_dict(self, state_dict: Any) -> Any:
        """Go on from a state."""


@final
class Weights:
    """All of a model's tensors, also buffers that its own `state_dict` leaves out, and its modules' extra state.

    Args:
        model: whose.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model

    def state_dict(self) -> dict[str, Any]:
        """Return the tensors by name, tied ones once, and the extra state by module."""
        return {"tensors": self._tensors(), "extra": {n: m.get_extra_state() for n, m in self._with_extra().items()}}

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put the values into the model's own tensors.

        Errors: InvalidValue naming all that does not fit; nothing is changed then.
        """
        there, found = self._tensors(), state_dict["tensors"]
        faults = [f"the model has no {name!r}" for name in found if name not in there]
        faults += [f"the checkpoint has no {name!r}" for name in there if name not in found]
        faults += [
            f"{name!r} is {_like(found[name])} and the model's is {_like(there[name])}"
            for name in there.keys() & found.keys() if _like(found[name]) != _like(there[name])
        ]  # fmt: skip
        refuse("checkpoint", sorted(faults))
        for name, tensor in there.items():
            tensor.copy_(found[name])
        for name, module in self._with_extra().items():
            module.set_extra_state(state_dict["extra"][name])

    def _tensors(self) -> dict[str, Tensor]:
        return {**dict(self._model.named_parameters()), **dict(self._model.named_buffers())}

    def _with_extra(self) -> dict[str, nn.Module]:
        plain = nn.Module.get_extra_state
        return {name: each for name, each in self._model.named_modules() if type(each).get_extra_state is not plain}


def _like(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


@final
class Generators:
    """The global generators of torch (all devices), numpy and random."""

    def state_dict(self) -> dict[str, Any]:
        """Return their states."""
        return vars(draws())

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put them back."""
        put_back(Draws(**state_dict))
