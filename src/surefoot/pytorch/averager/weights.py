"""An average of a model's weights in anyone's loop: observed, put in and taken out again, saved."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from surefoot.errors import InvalidValue, refuse
from surefoot.pytorch.averager.stores import Store, plain


class WeightAverage:
    """The average of a model's weights over the snapshots observed; abstract: a final class says which average.

    Parameters that are trained are averaged, in float32 at least; tied ones once. A frozen one is not copied: its mean
    is itself; thawed later, it joins with the value it has then. Buffers are no weights: those that a state dict holds
    are copied as they are at the latest snapshot, whole numbers exactly, and nothing is averaged in them. A batch
    norm's statistics then belong to the latest weights and not to their mean: see `refresh_statistics`.

    Observing never waits for the device, unless the copies are kept on another. It takes in what the weights are:
    whoever sees a penalty that is not finite should not observe what came of it.

    Args:
        model: whose weights; the same object as long as the average lives.
        store: where the average is kept.
    """

    def __init__(self, model: nn.Module, store: Store) -> None:
        self._model, self._store = model, store
        self._kept_buffers = frozenset(model.state_dict(keep_vars=True))  # others are made anew with the model
        self._buffers: dict[str, Tensor] = {}
        self._swapped = False
        self.seen = 0

    def __str__(self) -> str:
        return str(self._store.average)

    @torch.no_grad()
    def observe(self) -> None:
        """Take in the weights as they are now: call it after a step, or every so many, or after an epoch.

        Errors: InvalidValue if the averaged weights are in the model.
        """
        if self._swapped:
            raise InvalidValue("observe: the averaged weights are in the model; observe outside of `swapped()`.")
        self._store.add(self._weights(self._model), self.seen + 1)
        buffers = self._buffers_of(self._model)
        if self._buffers.keys() != buffers.keys():
            self._buffers = {name: buffer.detach().clone() for name, buffer in buffers.items()}
        elif buffers:
            torch._foreach_copy_(list(self._buffers.values()), list(buffers.values()))
        self.seen += 1

    @contextmanager
    def swapped(self) -> Iterator[nn.Module]:
        """Have the averaged weights in the model for the length of a `with`, and its own again however it is left.

        Parameters and buffers come back bit for bit; meanwhile there is one more copy of both.

        Errors: InvalidValue if nothing was observed.
        """
        outer = self._swapped
        tensors = [*self._model.parameters(), *self._model.buffers()]
        held = [tensor.detach().clone() for tensor in tensors]
        try:
            self._swapped = True
            self.copy_to(self._model)
            yield self._model
        finally:
            with torch.no_grad():
                if tensors:
                    torch._foreach_copy_(tensors, held)  # one call: an interrupt cannot leave half of it
            self._swapped = outer

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Put the averaged weights, and the buffers of the latest snapshot, into a model; others of it stay.

        Args:
            model: the average's own, or another whose tensors have these names and shapes, on any device.

        Errors: InvalidValue naming all that does not fit, or if nothing was observed; nothing is changed then.
        """
        if not self.seen:
            raise InvalidValue("copy_to: no weights were observed yet; call observe() after a step.")
        there = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        wanted = {**self._store.state()[-1], **self._buffers}
        refuse("copy_to", misfits(wanted, there, "the model"))
        for name, mean in self._store.means():
            there[name].copy_(mean)
        for name, buffer in self._buffers.items():
            there[name].copy_(buffer)

    def state_dict(self) -> dict[str, Any]:
        """Return the average for a checkpoint, which any torch.load reads; its tensors go on changing, as torch's do.

        Laws: an average that loads it goes on bit for bit as this one does.
        """
        kept = plain(self._store.state())
        return {"average": repr(self._store.average), "seen": self.seen, "kept": kept, "buffers": dict(self._buffers)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over copies of what `state_dict` gave.

        Errors: InvalidValue naming all that does not fit; nothing is changed then.
        """
        missing = [key for key in ("average", "seen", "kept", "buffers") if key not in state_dict]
        refuse("load_state_dict", [f"the state has no {key!r}; give what state_dict() returned" for key in missing])
        mine = repr(self._store.average)
        faults = [f"the state is of {state_dict['average']} and this is {mine}; make one like it"]
        faults = faults if state_dict["average"] != mine else []
        there = {**dict(self._model.named_parameters()), **dict(self._model.named_buffers())}
        kept = {name: tensor for part in state_dict["kept"] for name, tensor in part.items()}
        refuse("load_state_dict", faults + misfits({**kept, **state_dict["buffers"]}, there, "the model"))
        self._store.load(state_dict["kept"], {name: tensor.device for name, tensor in there.items()})
        self._buffers = {n: b.detach().to(device=there[n].device, copy=True) for n, b in state_dict["buffers"].items()}
        self.seen = int(state_dict["seen"])

    def _weights(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the parameters to average; asked anew, as a module may put another in its place."""
        known = self._store.names
        return {n: parameter for n, parameter in model.named_parameters() if parameter.requires_grad or n in known}

    def _buffers_of(self, model: nn.Module) -> dict[str, Tensor]:
        return {name: buffer for name, buffer in model.named_buffers() if name in self._kept_buffers}


def misfits(given: Mapping[str, Tensor], there: Mapping[str, Tensor], where: str) -> list[str]:
    """Return what does not fit of tensors that are to go where others of their names are, in words."""
    faults = [f"{where} has no {name!r}" for name in given if name not in there]
    both = [(name, tensor.shape, there[name].shape) for name, tensor in given.items() if name in there]
    return faults + [f"{n!r} is {tuple(one)} and {where}'s is {tuple(other)}" for n, one, other in both if one != other]
