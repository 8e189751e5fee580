"""Where penalties are computed and in which precision: a value that `fit`, `descend` and a loop of one's own share."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from surefoot.errors import refuse
from surefoot.training.nested import changed

PRECISIONS = ("float32", "bfloat16")
"""As the tensors are (float32, if nobody made them something else), or torch's autocast to bfloat16. Not float16: its
gradients vanish below 6e-8 unless the penalty is scaled, and everything that has it has bfloat16 by now."""


@final
@dataclass(frozen=True)
class Compute:
    """Where penalties are computed, and in which precision.

    In a loop of one's own:

        compute = Compute("cuda", "bfloat16")
        model = compute.placed(task.make())
        ...
        with compute.autocast(model):
            penalty = task.penalty_of(model, compute.moved(batch))
        penalty.backward()

    Args:
        device: "cpu", "cuda", "cuda:1", "mps" or a torch.device; None is where the model is.
        precision: float32, or bfloat16 for torch's autocast. Weights, gradients and what the optimizer keeps are
            float32 either way; autocast itself keeps softmax, norms and most penalties in float32.

    Errors: InvalidValue if the device is not there, naming those that are, or the precision is another.

    >>> Compute("cpu").moved({"x": torch.ones(2)})
    {'x': tensor([1., 1.])}
    """

    device: torch.device | None
    precision: str

    def __init__(self, device: str | torch.device | None = None, precision: str = "float32") -> None:
        refuse("Compute", compute_faults(device, precision))
        object.__setattr__(self, "device", None if device is None else torch.device(device))
        object.__setattr__(self, "precision", precision)

    def placed(self, model: nn.Module) -> nn.Module:
        """Return the model, moved in place; make its optimizer afterwards."""
        return model if self.device is None else model.to(self.device)

    def moved(self, batch: Any) -> Any:
        """Return a batch with the tensors in its tuples, lists and dicts on the device; untouched if that is None."""
        device = self.device
        if device is None:
            return batch
        early = device.type != "cpu"  # a copy to the CPU that is not waited for can be read before it is there
        return changed(batch, lambda tensor: tensor.to(device, non_blocking=early))

    def autocast(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Return the context in which forward and penalty belong; with float32 it does nothing."""
        if self.precision == "float32":
            return nullcontext()  # not a disabled autocast: that would undo one of the user's around the whole run
        return torch.autocast(home(model).type, dtype=torch.bfloat16)

    def widened(self, output: Any) -> Any:
        """Return a model's output for metrics: what autocast made bfloat16 as float32, since numpy has no bfloat16."""
        return output if self.precision == "float32" else changed(output, _float32)


def home(model: nn.Module) -> torch.device:
    """Return where a model is: the device of its first parameter, or the CPU if it has none."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def devices() -> list[torch.device]:
    """Return the devices that are there, the CPU first."""
    found = [torch.device("cpu")]
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is not None:
        found += [torch.device(accelerator.type, number) for number in range(torch.accelerator.device_count())]
    return found


def compute_faults(device: object, precision: object) -> list[str]:
    """Return what is wrong with a device or a precision, in words."""
    faults = []
    there = devices() if device is not None else []
    if device is not None and not _is_among(device, there):
        faults.append(f"device is {str(device)!r}; here there is {', '.join(map(str, there))}; give one of them")
    if precision not in PRECISIONS:
        faults.append(f"precision is {str(precision)!r}; it must be one of {', '.join(PRECISIONS)}")
    return faults


def misplaced(compute: Compute, model: nn.Module) -> list[str]:
    """Return what is wrong if a model is not where its penalties are to be computed, in words."""
    if compute.device is None or _is_among(compute.device, [home(model)]):
        return []
    advice = f"move it before its optimizer is made: model.to({str(compute.device)!r})"
    return [f"device is {compute.device} and the model is on {home(model)}; {advice}"]


def _is_among(device: object, there: Iterable[torch.device]) -> bool:
    if not isinstance(device, (str, torch.device)):
        return False
    try:
        wanted = torch.device(device)
    except RuntimeError:  # no kind of device that torch has heard of
        return False
    return any(wanted.type == one.type and wanted.index in (None, one.index or 0) for one in there)


def _float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype is torch.bfloat16 else tensor
